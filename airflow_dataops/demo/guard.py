"""Runs one server of the demo, and goes with its owner.

Started as a script, as ``guard.py OWNER_PID STOP_SIGNAL GRACE_SECONDS UID COMMAND…``; it imports
the standard library alone, so that it costs 50 ms.

The owner may be killed at any moment and cannot clean up then. ``PR_SET_PDEATHSIG`` on the
server alone would not do: it fires when the *thread* that made the process ends, and a change of
user clears it. So this process watches its parent: once that is another one, the owner is gone
and the server is stopped. This process has one thread and makes the server itself; with that,
the death signal holds for what is left, that this process is killed too.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_PR_SET_PDEATHSIG = 1
_WATCHED = {signal.SIGCHLD, signal.SIGTERM, signal.SIGINT}
_LOOK_AFTER_OWNER_SECONDS = 0.5


def main(arguments: Sequence[str]) -> int:
    """Run the command until it ends, the owner ends, or SIGTERM comes; returns its exit code."""
    owner, stop_signal, grace_seconds, uid = (int(argument) for argument in arguments[:4])
    # Blocked signals wait for sigtimedwait below: none is lost and no handler interrupts.
    signal.pthread_sigmask(signal.SIG_BLOCK, _WATCHED)
    as_user = {} if uid < 0 else {"user": uid, "group": _group(uid), "extra_groups": []}
    server = subprocess.Popen(  # type: ignore[call-overload]
        arguments[4:],
        cwd="/",
        preexec_fn=_server_setup(stop_signal),  # noqa: PLW1509 - there is one thread
        **as_user,
    )
    while server.poll() is None:
        received = signal.sigtimedwait(_WATCHED, _LOOK_AFTER_OWNER_SECONDS)
        is_asked = received is not None and received.si_signo != signal.SIGCHLD
        if is_asked or os.getppid() != owner:
            _stop(server, stop_signal, grace_seconds)
    return abs(int(server.returncode))


def _server_setup(stop_signal: int) -> Callable[[], None]:
    libc = ctypes.CDLL(None)

    def set_up() -> None:
        libc.prctl(_PR_SET_PDEATHSIG, stop_signal)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())

    return set_up


def _stop(server: subprocess.Popen[bytes], stop_signal: int, grace_seconds: float) -> None:
    server.send_signal(stop_signal)
    try:
        server.wait(timeout=grace_seconds)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _group(uid: int) -> int:
    import pwd

    return pwd.getpwuid(uid).pw_gid


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
