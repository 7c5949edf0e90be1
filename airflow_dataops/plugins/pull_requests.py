"""A thread of the API server that looks what became of merges that are proposed elsewhere.

A git host's signed call is quicker; this one also finds what no call told of. Where no environment
merges by pull request it does nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.plugins.announcer import Announcer

if TYPE_CHECKING:
    from airflow_dataops.services.alerting import Round

PAUSE_SECONDS = 30.0


def _make_rounds(holder: str, *, is_urgent: bool) -> Round:  # noqa: ARG001 - nobody wakes it
    from datetime import UTC, datetime

    from airflow_dataops import config
    from airflow_dataops.services.alerting import Round
    from airflow_dataops.web import pull_request_round
    from airflow_dataops.web.installation import this_installation

    if config.has_environments() and _are_proposed():
        pull_request_round.make_round(this_installation(), now=datetime.now(tz=UTC))
    return Round(is_done=True)


def _are_proposed() -> bool:
    """Whether any environment's merges are; asked first, for it reads nothing but a file."""
    from airflow_dataops import config

    return any(
        environment.pull_requests is not None
        for environment in config.environments().environments()
    )


follower = Announcer(_make_rounds, about="pull requests", pause_seconds=PAUSE_SECONDS)
