"""Kitchens' files are parsed by processes that never knew a secret of the dag-processor.

Airflow parses a file in a fork of the dag-processor's manager: the metadata database's URL is in
its memory and its environment, and a file's code could take it from there. For a kitchen's file
the fork hands its ends over to ``parse_server``, a process that was started with nothing secret,
and waits for it; no code of a kitchen runs in the fork itself. The manager and its forks cannot be
read by other processes of the same user. To Airflow's manager nothing changes: a time limit kills
the fork, and that ends the parsing.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_dataops.bundles import parse_server
from airflow_dataops.errors import BundleError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Container, Iterable, Mapping

log = logging.getLogger(__name__)

_START_SECONDS = 120
_PASSED = frozenset(
    {
        "AIRFLOW_CONFIG", "AIRFLOW_HOME", "CURL_CA_BUNDLE", "HOME", "LANG", "LANGUAGE",
        "LD_LIBRARY_PATH", "PATH", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE", "TMPDIR",
        "TZ", "USER", "VIRTUAL_ENV",
    }
)  # fmt: skip
_PASSED_BEGINNINGS = ("AIRFLOW__", "LC_", "PYTHON")
_TAKEN_ELSEWHERE = ("_CMD", "_SECRET")
_IMPORTED = ("airflow", "airflow_dataops")
_NEEDED = ("airflow.dag_processing.processor", "airflow_dataops.dag_factory.build")


def install(bundles: Container[str]) -> ParseServer | None:
    """Have the files of these bundles parsed apart, from the next one on; on Linux."""
    if sys.platform != "linux":
        log.warning(
            "files of kitchens are parsed in forks of this process, which knows the database: "
            "only Linux can keep them apart"
        )
        return None
    from airflow.dag_processing.processor import DagFileProcessorProcess
    from airflow.sdk.execution_time import supervisor

    server = ParseServer()
    start = DagFileProcessorProcess.start.__func__  # type: ignore[attr-defined]
    DagFileProcessorProcess.start = classmethod(_starting(start, bundles, server))  # type: ignore[method-assign,assignment]
    supervisor._fork_main = _forking(supervisor._fork_main)  # noqa: SLF001 - where a fork begins
    return server


class ParseServer:
    """The manager's side of ``parse_server``, which runs from the first file on."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def ensure(self) -> None:
        """Have it run; one that died, a file's code can do that, is replaced.

        Raises:
            BundleError: it does not start.
        """
        if self._process is not None and self._process.poll() is None:
            return
        self.close()
        parse_server.keep_memory_to_oneself()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-P", "-m", parse_server.__name__, str(theirs.fileno())],
            env=environment_of_parsing(), stdin=subprocess.DEVNULL, pass_fds=[theirs.fileno()],
        )  # fmt: skip
        theirs.close()
        self._control.settimeout(_START_SECONDS)
        try:
            self._control.sendall(json.dumps(_modules(sys.modules)).encode())
            is_ready = self._control.recv(len(parse_server.READY)) == parse_server.READY
        except OSError:
            is_ready = False
        if not is_ready:
            code = self.close()
            message = (
                "no kitchen's file can be parsed: the process that does it, "
                f"{parse_server.__name__}, did not start within {_START_SECONDS} s (exit code "
                f"{code}); what it said is in this log"
            )
            raise BundleError(message)
        self._control.settimeout(None)

    def close(self) -> int | None:
        """End it, and what it parses; returns its exit code, None where it never ran."""
        if self._process is None or self._control is None:
            return None
        self._control.close()
        self._process.kill()
        return self._process.wait()

    def _running(self) -> socket.socket:
        if self._control is None:
            message = "the process that parses kitchens' files was not started"
            raise BundleError(message)
        return self._control

    def hand_over(self, path: str, ends: Collection[int]) -> NoReturn:
        """Let the server parse a file with these ends, and end as its fork ends."""
        ours, theirs = socket.socketpair()
        socket.send_fds(self._running(), [path.encode()], [*ends, theirs.fileno()])
        theirs.close()
        for end in ends:
            os.close(end)
        code = ours.recv(16)
        os._exit(abs(int(code)) & 255 if code else 1)


class _Apart:
    """In the place of the function that a fork would call: the file that it is to parse."""

    def __init__(self, path: str, server: ParseServer) -> None:
        self.path, self.server = path, server

    def __call__(self) -> NoReturn:
        message = f"{self.path} was to be parsed apart, and Airflow did not ask for that"
        raise BundleError(message)


def environment_of_parsing() -> dict[str, str]:
    """The variables of this process that a kitchen's file may read while it is parsed."""
    from airflow.configuration import conf

    from airflow_dataops import config_options

    return without_secrets(
        os.environ,
        sensitive=conf.sensitive_config_values,
        named=config_options.parse_environment(conf),
    )


def without_secrets(
    environment: Mapping[str, str], *, sensitive: Iterable[tuple[str, str]], named: Container[str]
) -> dict[str, str]:
    """Those of a set of variables that are known to hold no secret, and those that are named.

    Args:
        environment: variables and their values.
        sensitive: section and key of each option of Airflow's that holds a secret. What says
            where to take such an option from is left out, too, and a team's own form of it.
        named: further names that are passed on.
    """
    options = {f"AIRFLOW__{section}__{key}".upper().replace(".", "_") for section, key in sensitive}
    hidden = options | {option + tail for option in options for tail in _TAKEN_ELSEWHERE}
    return {
        name: value
        for name, value in environment.items()
        if name in named
        or name in _PASSED
        or (name.startswith(_PASSED_BEGINNINGS) and name not in hidden and "___" not in name)
    }


def _modules(loaded: Iterable[str]) -> list[str]:
    """What the manager has imported of Airflow and of ours, so that forks find it imported."""
    ours = [name for name in loaded if name.partition(".")[0] in _IMPORTED]
    return [*_NEEDED, *(name for name in ours if not name.startswith("airflow.api_fastapi"))]


def _starting(
    start: Callable[..., Any], bundles: Container[str], server: ParseServer
) -> Callable[..., Any]:
    @wraps(start)
    def start_apart(
        cls: type, *, path: str | os.PathLike[str], bundle_name: str, **rest: Any
    ) -> Any:
        if bundle_name in bundles:
            server.ensure()
            rest["target"] = _Apart(str(Path(path)), server)
        return start(cls, path=path, bundle_name=bundle_name, **rest)

    return start_apart


def _forking(fork_main: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
    @wraps(fork_main)
    def _fork_main(
        requests: socket.socket, child_stdout: socket.socket, child_stderr: socket.socket,
        log_fd: int, target: Callable[[], None],
    ) -> NoReturn:  # fmt: skip
        if isinstance(target, _Apart):
            from airflow.sdk.execution_time.supervisor import _reset_signals

            _reset_signals()
            ends = [end.fileno() for end in (requests, child_stdout, child_stderr)]
            target.server.hand_over(target.path, [*ends, log_fd])
        fork_main(requests, child_stdout, child_stderr, log_fd, target)

    return _fork_main
