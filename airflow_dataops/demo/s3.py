"""An object store with a bucket per environment, each in an AWS account of its own.

Its content is in memory: a new start has empty buckets and new keys.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.demo.home import HOST, DemoHome
from airflow_dataops.demo.processes import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.demo.environments import DemoEnvironment

REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Key:
    """An access key."""

    access_key: str
    secret_key: str = field(repr=False)


class EmbeddedS3:
    """One object store."""

    def __init__(self, home: DemoHome, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._home = home
        self._port = port
        self._process: GuardedProcess | None = None

    def launch(self, environments: Sequence[DemoEnvironment]) -> None:
        """Start the server process; `keys` waits for it."""
        accounts = [
            {"name": e.name, "id": e.aws_account, "bucket": e.bucket, "user": f"etl_{e.name}"}
            for e in environments
        ]
        self._process = GuardedProcess.start(
            self._home,
            "s3",
            [sys.executable, "-I", str(Path(__file__).with_name("s3_server.py"))],
            setup={"port": self._port, "region": REGION, "accounts": accounts},
        )

    def keys(self, say: Callable[[str], None]) -> dict[str, S3Key]:
        """Wait for the launched server: the key of each environment, by its name.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        if self._process is None:
            message = "launch the object store before asking for its keys"
            raise ValueError(message)
        answer = self._process.answer()
        say(f"S3 (moto) is ready on {self.url}")
        return {name: S3Key(**key) for name, key in answer.items()}

    def ask_to_stop(self) -> None:
        """Begin to stop and return at once."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """Stop the server; stopped already is no error."""
        if self._process is not None:
            self._process.stop()
            self._process = None
