"""Have the server look for kitchens that reach their end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseOperator

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from airflow.sdk import Context


class JanitorOperator(BaseOperator):
    """Start the server's round over the environment that this task belongs to."""

    ui_color = "#e6e0f0"

    def execute(self, context: Context) -> None:
        """Ask for the round, and log what it did.

        Raises:
            OutsideSystemError: some kitchen could not be looked after; the others were.
        """
        from airflow_dataops import bootstrap

        api = bootstrap.task_api()
        try:
            done = api.janitor()
        finally:
            api.close()
        self.log.info("warned about: %s", ", ".join(done.warned) or "none")
        self.log.info("began to delete: %s", ", ".join(done.deleted) or "none")
        self.log.info("went on with: %s", ", ".join(done.resumed) or "none")
        for kitchen, children in done.waiting.items():
            self.log.info("%s is past its end and waits for %s", kitchen, ", ".join(children))
        if done.failed:
            listed = "; ".join(f"{kitchen}: {why}" for kitchen, why in done.failed.items())
            message = f"{len(done.failed)} kitchens could not be looked after: {listed}"
            raise OutsideSystemError(message)
