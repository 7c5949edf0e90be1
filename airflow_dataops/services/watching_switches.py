"""Reporting that somebody else used Airflow's own switch where schedules are protected."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.events import EventKind
from airflow_dataops.domain.switch import NUMBER, is_foreign

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.switch import Switch
    from airflow_dataops.ports import AuditTrail
    from airflow_dataops.schedule_ports import Switches

# So long a janitor may be away before something goes unreported.
_LOOKS_BACK = timedelta(days=30)
_MOST_ENTRIES = 10_000


def report(
    environment: ReleaseEnvironment,
    kitchens: Sequence[Kitchen],
    *,
    switches: Switches,
    audit_trail: AuditTrail,
    now: datetime,
) -> list[Switch]:
    """Write down what somebody who is not listed did with the switch; gives what is new."""
    since = now - _LOOKS_BACK
    query = AuditQuery(
        environments=(environment.name,),
        actions=(EventKind.SWITCHED,),
        since=since,
        at_most=_MOST_ENTRIES,
    )
    known = {str(one.details.get(NUMBER)) for one in audit_trail.entries(query)}
    new = [
        one
        for one in switches.of(kitchens, since=since)
        if str(one.number) not in known and is_foreign(one, environment)
    ]
    for one in new:
        audit_trail.add(one.entry())
    return new
