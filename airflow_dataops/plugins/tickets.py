"""A thread of the API server that keeps tickets in step with their work.

Where no environment has tickets it reads nothing but the environments file.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.plugins.announcer import Announcer

if TYPE_CHECKING:
    from airflow_dataops.services.alerting import Round

PAUSE_SECONDS = 30.0


def _make_rounds(holder: str, *, is_urgent: bool) -> Round:  # noqa: ARG001 - nobody wakes it
    from airflow_dataops import ticket_places
    from airflow_dataops.services.alerting import Round

    ticket_places.make_rounds(holder)
    return Round(is_done=True)


teller = Announcer(_make_rounds, about="tickets", pause_seconds=PAUSE_SECONDS)
