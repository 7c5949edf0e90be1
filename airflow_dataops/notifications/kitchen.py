"""What an author wants a kitchen's people to read, in the kitchen's own channel.

Failures, verdicts and deaths need none of this: the server tells of them by itself, whatever the
code says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow.sdk import BaseNotifier

if TYPE_CHECKING:
    from airflow.sdk import Context


class KitchenNotifier(BaseNotifier):
    """Post a note to wherever the kitchen's alerts go; for callbacks of tasks.

    In another kitchen the same code tells the other kitchen's people. Nothing fails or waits when
    a note cannot be posted: the server keeps it and posts it later.

    Args:
        text: what to say; a template, at most 2000 letters.
    """

    template_fields = ("text",)

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def notify(self, context: Context) -> None:  # noqa: ARG002 - Airflow fixes the signature
        """Leave the note with the server."""
        from airflow_dataops import alert_places

        try:
            with alert_places.task_reports() as reports:
                reports.note(self.text)
        except Exception as error:  # noqa: BLE001 - a note is never worth a task
            self.log.warning("the note was not told: %s", error)
