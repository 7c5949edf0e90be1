"""A double of Slack: a channel per environment, and some that kitchens can have."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.demo.home import HOST, DemoHome
from airflow_dataops.demo.processes import GuardedProcess

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.demo.environments import DemoEnvironment

# For kitchens with `--slack-channel`; posts to any other are refused, as Slack does.
KITCHENS_CHANNELS = ("dev-kitchen", "analytics")


class EmbeddedSlack:
    """One workspace; what was posted is in memory, so a new start has empty channels."""

    def __init__(self, home: DemoHome, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self._home = home
        self._port = port
        self._process: GuardedProcess | None = None

    def launch(self, environments: Sequence[DemoEnvironment]) -> None:
        """Start the server process; `get_ready` waits for it."""
        setup = {
            "port": self._port,
            "tokens": {self.token(e): f"kitchens-{e.name}" for e in environments},
            "channels": [*(e.slack_channel for e in environments), *KITCHENS_CHANNELS],
            "only": {e.slack_channel: f"kitchens-{e.name}" for e in environments},
        }
        program = str(Path(__file__).with_name("slack_server.py"))
        self._process = GuardedProcess.start(
            self._home, "slack", [sys.executable, "-I", program], setup=setup
        )

    def get_ready(self, say: Callable[[str], None]) -> None:
        """Wait for the launched server.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        if self._process is None:
            message = "launch Slack's double before waiting for it"
            raise ValueError(message)
        self._process.answer()
        say(f"Slack (a double) is ready on {self.url}")

    def ask_to_stop(self) -> None:
        """Begin to stop and return at once."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """Stop the server; stopped already is no error."""
        if self._process is not None:
            self._process.stop()
            self._process = None

    def token(self, environment: DemoEnvironment) -> str:
        """Token of an environment's bot, the same after a restart."""
        return f"xoxb-{self._home.secret(f'slack_{environment.name}')}"
