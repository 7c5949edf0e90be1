"""A double of Jira with the ticket that the story's work was ordered by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from airflow_dataops.demo.embedded_server import EmbeddedServer
from airflow_dataops.demo.home import HOST, DemoHome

if TYPE_CHECKING:
    from collections.abc import Callable

# Padma's in the story, and one for whoever follows the tutorial.
TICKETS = ("DATA-117", "DATA-118")


class EmbeddedJira(EmbeddedServer):
    """One site; tickets are in memory, and a new start has them as they were ordered."""

    def __init__(self, home: DemoHome, port: int) -> None:
        super().__init__("jira", home, port)
        self.url = f"http://{HOST}:{port}"

    def launch(self) -> None:
        """Start the server process; `get_ready` waits for it."""
        self._start({"token": self.token, "tickets": list(TICKETS)})

    def get_ready(self, say: Callable[[str], None]) -> None:
        """Wait for the launched server.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        self._answer()
        say(f"Jira (a double) is ready on {self.url}")

    def ticket(self, key: str) -> tuple[str, str | None]:
        """Status of a ticket, and whose it is."""
        told = httpx.get(f"{self.url}/double/tickets", timeout=30).raise_for_status().json()
        status, account = told["tickets"][key]
        return status, account

    @property
    def token(self) -> str:
        """Of who moves tickets, the same after a restart."""
        return self._home.secret("jira_token")
