"""A double of Slack: a channel per environment, and some that kitchens can have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.demo.embedded_server import EmbeddedServer
from airflow_dataops.demo.home import HOST, DemoHome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.demo.environments import DemoEnvironment

# For kitchens with `--slack-channel`; posts to any other are refused, as Slack does.
KITCHENS_CHANNELS = ("dev-kitchen", "analytics")


class EmbeddedSlack(EmbeddedServer):
    """One workspace; what was posted is in memory, so a new start has empty channels."""

    def __init__(self, home: DemoHome, port: int) -> None:
        super().__init__("slack", home, port)
        self.url = f"http://{HOST}:{port}"

    def launch(self, environments: Sequence[DemoEnvironment]) -> None:
        """Start the server process; `get_ready` waits for it."""
        setup = {
            "tokens": {self.token(e): f"kitchens-{e.name}" for e in environments},
            "channels": [*(e.slack_channel for e in environments), *KITCHENS_CHANNELS],
            "only": {e.slack_channel: f"kitchens-{e.name}" for e in environments},
        }
        self._start(setup)

    def get_ready(self, say: Callable[[str], None]) -> None:
        """Wait for the launched server.

        Raises:
            OutsideSystemError: it did not get ready.
        """
        self._answer()
        say(f"Slack (a double) is ready on {self.url}")

    def token(self, environment: DemoEnvironment) -> str:
        """Token of an environment's bot, the same after a restart."""
        return f"xoxb-{self._home.secret(f'slack_{environment.name}')}"
