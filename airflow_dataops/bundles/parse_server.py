"""The process whose forks parse kitchens' files: nothing that it knows is secret.

Started as ``python -m airflow_dataops.bundles.parse_server FD`` by ``parse_apart``, with an
environment that has no secret in it, so neither this process's memory nor a fork's holds one. It
imports Airflow once, then makes a fork for each request that comes on its control socket: a path,
and with it the four ends that Airflow's manager keeps of every parsing process, and a socket on
which the exit code is told. When the other end of that one closes, the fork is killed.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import json
import os
import selectors
import signal
import socket
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

READY = b"ready"
FILES = 5
LONGEST_REQUEST = 65_536
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE = 1, 4


def main(control: socket.socket) -> None:
    """Serve until the manager is gone."""
    owner = os.getppid()
    end_with_parent(owner)
    keep_memory_to_oneself()
    os.environ["_AIRFLOW_PROCESS_CONTEXT"] = "client"
    for module in json.loads(control.recv(LONGEST_REQUEST)):
        _import(module)
    gc.collect()
    gc.freeze()
    control.sendall(READY)
    _Forks(control).serve()


def keep_memory_to_oneself() -> None:
    """Let no process of the same user read or trace this one; forks inherit it."""
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def end_with_parent(parent: int) -> None:
    """Have this process killed when its parent ends; at once, where it has ended already."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


class _Forks:
    """The forks that parse at this moment, each with the socket of who asked for it."""

    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ, self._begin)
        self._askers: dict[int, socket.socket] = {}

    def serve(self) -> None:
        while True:
            for key, _ in self._selector.select():
                # What came before in this round may have closed it, or another have its number.
                if self._selector.get_map().get(key.fd) is key:
                    key.data(key.fileobj)

    def _begin(self, control: socket.socket) -> None:
        path, files, _, _ = socket.recv_fds(control, LONGEST_REQUEST, FILES)
        if not path:
            os._exit(0)
        *ends, asker = files
        _import_for(path.decode())
        here = os.getpid()
        pid = os.fork()
        if pid == 0:
            self._parse(here, ends, asker)
        for end in ends:
            os.close(end)
        ended = os.pidfd_open(pid)
        self._askers[ended] = socket.socket(fileno=asker)
        self._selector.register(ended, selectors.EVENT_READ, lambda _: self._ended(pid, ended))
        self._selector.register(
            self._askers[ended], selectors.EVENT_READ, lambda _: self._given_up(pid, ended)
        )

    def _parse(self, parent: int, ends: Sequence[int], asker: int) -> None:
        """Be the process that Airflow would have forked itself; never returns."""
        os.setsid()
        end_with_parent(parent)
        os.close(asker)
        for key in list(self._selector.get_map().values()):
            os.close(key.fd)
        self._selector.close()
        from airflow.dag_processing.processor import _parse_file_entrypoint
        from airflow.sdk.execution_time.supervisor import _fork_main

        requests, stdout, stderr, logs = ends
        _fork_main(
            socket.socket(fileno=requests), socket.socket(fileno=stdout),
            socket.socket(fileno=stderr), logs, _parse_file_entrypoint,
        )  # fmt: skip

    def _given_up(self, pid: int, ended: int) -> None:
        """Airflow killed the process that waits for this fork: a time limit, or its own end."""
        self._selector.unregister(self._askers[ended])
        _kill_group(pid)

    def _ended(self, pid: int, ended: int) -> None:
        self._selector.unregister(ended)
        os.close(ended)
        _, status = os.waitpid(pid, 0)
        _kill_group(pid)
        asker = self._askers.pop(ended)
        with suppress(KeyError):
            self._selector.unregister(asker)
        with suppress(OSError):
            asker.send(str(os.waitstatus_to_exitcode(status)).encode())
        asker.close()


def _kill_group(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def _import(module: str) -> None:
    with suppress(Exception):  # a fork that needs it says what is wrong with it
        importlib.import_module(module)


def _import_for(path: str) -> None:
    """What Airflow's manager does before it forks: import of Airflow what the file will."""
    from airflow.utils.file import iter_airflow_imports

    with suppress(Exception):  # a file that cannot be read is told where it is parsed
        for module in iter_airflow_imports(path):
            _import(module)


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])))
