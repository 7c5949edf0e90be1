"""The partner's SFTP server: one login per environment, each shut into a directory of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.demo.embedded_server import EmbeddedServer
from airflow_dataops.demo.environments import KITCHENS_FOLDER
from airflow_dataops.demo.home import HOST, DemoHome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from airflow_dataops.demo.environments import DemoEnvironment


class EmbeddedSftp(EmbeddedServer):
    """One SFTP server."""

    def __init__(self, home: DemoHome, port: int) -> None:
        super().__init__("sftp", home, port)

    def launch(self, environments: Sequence[DemoEnvironment]) -> None:
        """Start the server process; `host_key` waits for it."""
        (self._home.root / "sftp").mkdir(mode=0o700, exist_ok=True)
        users = {}
        for environment in environments:
            for folder in (self.outbox(environment), self._kitchens(environment)):
                folder.mkdir(parents=True, exist_ok=True)
            users[environment.sftp_login] = {
                "password": self.password(environment),
                "root": str(self.root(environment)),
            }
        key_file = str(self._home.secret_file("sftp_host_key"))
        self._start({"host_key_file": key_file, "users": users})

    def host_key(self, say: Callable[[str], None]) -> str:
        """Wait for the launched server: its public key, ``ssh-ed25519 AAAA…``.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        key = str(self._answer()["host_key"])
        say(f"SFTP is ready on {HOST}:{self.port}")
        return key

    def password(self, environment: DemoEnvironment) -> str:
        """Password of the environment's login, the same after a restart."""
        return self._home.secret(environment.sftp_login)

    def root(self, environment: DemoEnvironment) -> Path:
        """Directory that the environment's login sees as ``/``."""
        return self._home.root / "sftp" / environment.name

    def outbox(self, environment: DemoEnvironment) -> Path:
        """Directory that the partner's files for an environment lie in."""
        return self.root(environment) / "outbox"

    def _kitchens(self, environment: DemoEnvironment) -> Path:
        return self.root(environment) / KITCHENS_FOLDER.strip("/")
