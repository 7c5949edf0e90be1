"""The directory that the demo keeps its state in: ports, passwords, logs, process ids."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING

from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

HOST = "127.0.0.1"


class DemoHome:
    """Paths of the home, and the small files in it."""

    def __init__(self, root: Path) -> None:
        self.root = root.absolute()
        self.secrets = self.root / "secrets"
        self.logs = self.root / "logs"
        self.run = self.root / "run"
        self._lock: int | None = None

    def claim(self) -> None:
        """Make the directories and become the only owner.

        Raises:
            ConfigurationError: another process owns this home.
        """
        # root's PostgreSQL runs as another user, who has to pass through here.
        self.root.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        for directory in (self.secrets, self.logs, self.run):
            directory.mkdir(mode=0o700, exist_ok=True)
        lock = os.open(self.run / "owner.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            owner = os.pread(lock, 32, 0).decode().strip()
            os.close(lock)
            message = f"a demo runs in {self.root} already (process {owner}); stop it first"
            raise ConfigurationError(message) from error
        os.truncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
        self._lock = lock

    def release(self) -> None:
        """Let another process own the home; twice is no error."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def secret_file(self, name: str) -> Path:
        """Path of a secret, whether it is there or not."""
        return self.secrets / name

    def secret(self, name: str, make: Callable[[], str] | None = None) -> str:
        """A secret of the home; made at the first call, 32 random bytes by default."""
        path = self.secret_file(name)
        if not path.exists():
            write_private(path, (make or new_secret)())
        return path.read_text()

    def ports(self, names: Sequence[str]) -> dict[str, int]:
        """A free port for each name: the one it had before, unless somebody else has it now."""
        path = self.root / "ports.json"
        before = json.loads(path.read_text()) if path.exists() else {}
        ports = {}
        with ExitStack() as held:  # all at once, so that no two names get the same
            for name in names:
                ports[name] = _bind(held, before.get(name, 0))
        write_private(path, json.dumps({**before, **ports}))
        return ports


def new_secret() -> str:
    """A random text of 256 bits that needs no quoting in a URL."""
    return secrets.token_urlsafe(32)


def write_private(path: Path, text: str) -> None:
    """Write a file that only we may read, completely or not at all."""
    partial = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    partial.replace(path)


def _bind(held: ExitStack, preferred: int) -> int:
    for port in (preferred, 0):
        candidate = held.enter_context(socket.socket())
        # As the servers do; otherwise closed connections of the last run block the port.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((HOST, port))
        except OSError:
            continue
        return int(candidate.getsockname()[1])
    message = f"no free port on {HOST}"
    raise ConfigurationError(message)
