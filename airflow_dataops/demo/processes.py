"""Servers as child processes that never outlive their owner, however that ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.demo.home import DemoHome

_GUARD = Path(__file__).with_name("guard.py")
_READY_SECONDS = 60.0


class GuardedProcess:
    """A server under the eyes of ``guard.py``."""

    def __init__(
        self, name: str, guard: subprocess.Popen[bytes], pid_file: Path, log: Path
    ) -> None:
        self.name = name
        self._guard = guard
        self._pid_file = pid_file
        self._log = log

    @classmethod
    def start(
        cls,
        home: DemoHome,
        name: str,
        command: Sequence[str],
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        uid: int | None = None,
        setup: Mapping[str, Any] | None = None,
    ) -> GuardedProcess:
        """Start a server; its output goes to a log file of the home.

        It runs as user ``uid``, by default as ourselves. A ``setup`` is given to it as JSON on
        standard input, where no other user of the machine can see it; such a server speaks
        once on standard output (see `answer`).
        """
        log = home.logs / f"{name}.log"
        grace_seconds = 10
        guarded = [
            sys.executable, "-I", "-S", str(_GUARD),
            str(os.getpid()), str(int(stop_signal)), str(grace_seconds),
            str(-1 if uid is None else uid), *command,
        ]  # fmt: skip
        with log.open("ab") as output:
            guard = subprocess.Popen(
                guarded,
                stdin=subprocess.DEVNULL if setup is None else subprocess.PIPE,
                stdout=output if setup is None else subprocess.PIPE,
                stderr=output,
                start_new_session=True,  # the terminal's Ctrl-C is for the owner alone
            )
        pid_file = home.run / f"{name}.pid"
        pid_file.write_text(f"{guard.pid}\n")
        if guard.stdin is not None:
            with guard.stdin as stdin:
                stdin.write(json.dumps(setup).encode())
        return cls(name, guard, pid_file, log)

    def answer(self) -> dict[str, Any]:
        """What the server says once it is ready.

        Raises:
            OutsideSystemError: it ended or kept silent instead.
        """
        stdout = self._guard.stdout
        if stdout is None:
            message = f"{self.name} was started without a setup, so it gives no answer"
            raise ValueError(message)
        with stdout:
            is_readable, _, _ = select.select([stdout], [], [], _READY_SECONDS)
            line = stdout.readline() if is_readable else b""
        if not line:
            self._fail("did not get ready")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def wait_until(self, is_ready: Callable[[], bool], *, seconds: float = _READY_SECONDS) -> None:
        """Ask again and again until the server is ready.

        Raises:
            OutsideSystemError: it ended, or was not ready in time.
        """
        deadline = time.monotonic() + seconds
        while not is_ready():
            if self._guard.poll() is not None:
                self._fail("ended while it started")
            if time.monotonic() > deadline:
                self._fail(f"was not ready after {seconds:g} seconds")
            time.sleep(0.03)

    def finish(self) -> None:
        """Wait for a command that ends by itself.

        Raises:
            OutsideSystemError: it failed.
        """
        failed = self._guard.wait() != 0
        self._pid_file.unlink(missing_ok=True)
        if failed:
            self._fail("failed")

    def ask_to_stop(self) -> None:
        """Begin a graceful stop and return at once."""
        if self._guard.poll() is None:
            self._guard.terminate()

    def stop(self) -> None:
        """Stop gracefully, by force where that takes too long, and return when it is gone."""
        self.ask_to_stop()
        self._guard.wait()
        if self._guard.stdout is not None:
            self._guard.stdout.close()
        self._pid_file.unlink(missing_ok=True)

    def _fail(self, what: str) -> NoReturn:
        lines = self._log.read_text(errors="replace").strip().splitlines()
        last = lines[-1] if lines else "nothing was logged"
        message = f"{self.name} {what}: {last} (log: {self._log})"
        raise OutsideSystemError(message)


def stop_leftovers(home: DemoHome) -> None:
    """Stop what an earlier owner of this home, killed a moment ago, may have left running."""
    for pid_file in home.run.glob("*.pid"):
        text = pid_file.read_text().strip()
        if text.isdecimal() and _is_guard_of(home, int(text)):
            _end(int(text))
        pid_file.unlink(missing_ok=True)


def wait_until_gone(are_running: Callable[[], bool], *, seconds: float) -> bool:
    """Whether processes that are no children of ours ended in time."""
    deadline = time.monotonic() + seconds
    while are_running():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.03)
    return True


def _is_guard_of(home: DemoHome, pid: int) -> bool:
    # The number alone proves nothing: it may belong to somebody else's process by now.
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        output = Path(f"/proc/{pid}/fd/2").resolve()
    except OSError:
        return False
    return str(_GUARD).encode() in command and output.parent == home.logs.resolve()


def _end(guard_pid: int) -> None:
    directory = Path(f"/proc/{guard_pid}")
    try:
        os.kill(guard_pid, signal.SIGTERM)
        if not wait_until_gone(directory.exists, seconds=15):
            os.kill(guard_pid, signal.SIGKILL)
    except ProcessLookupError:
        return
