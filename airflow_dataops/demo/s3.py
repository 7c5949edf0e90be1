"""An object store with a bucket per environment, each in an AWS account of its own.

Its content is in memory: a new start has empty buckets and new keys.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.demo.embedded_server import EmbeddedServer
from airflow_dataops.demo.home import HOST, DemoHome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.demo.environments import DemoEnvironment

REGION = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Key:
    """An access key."""

    access_key: str
    secret_key: str = field(repr=False)


class EmbeddedS3(EmbeddedServer):
    """One object store."""

    def __init__(self, home: DemoHome, port: int) -> None:
        super().__init__("s3", home, port)
        self.url = f"http://{HOST}:{port}"

    def launch(self, environments: Sequence[DemoEnvironment]) -> None:
        """Start the server process; `keys` waits for it."""
        accounts = [
            {"name": e.name, "id": e.aws_account, "bucket": e.bucket, "user": f"etl_{e.name}"}
            for e in environments
        ]
        self._start({"region": REGION, "accounts": accounts})

    def keys(self, say: Callable[[str], None]) -> dict[str, S3Key]:
        """Wait for the launched server: the key of each environment, by its name.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        answer = self._answer()
        say(f"S3 (moto) is ready on {self.url}")
        return {name: S3Key(**key) for name, key in answer.items()}
