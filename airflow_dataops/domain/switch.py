"""Airflow's own pause switch, used by somebody whom an environment does not list.

It holds an enabled schedule back and can enable none, so nothing depends on seeing it in time;
who runs production hears of it all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.events import EventKind

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment

NUMBER = "airflow's event"


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """One use of the switch.

    Attributes:
        number: of Airflow's own record of it.
        by: as Airflow calls them; on the command line, the user of the operating system.
    """

    number: int
    kitchen: Kitchen
    pipeline: str
    by: str
    at: datetime
    is_paused: bool

    def entry(self) -> AuditEntry:
        """What the audit trail keeps."""
        return AuditEntry(
            at=self.at,
            by=self.by,
            source="airflow",
            action=EventKind.SWITCHED,
            project=self.kitchen.project,
            environment=self.kitchen.environment,
            kitchen_id=self.kitchen.id,
            kitchen=self.kitchen.name,
            details={
                "pipeline": self.pipeline,
                "to": "paused" if self.is_paused else "not paused",
                NUMBER: str(self.number),
            },
        )


def is_foreign(switch: Switch, environment: ReleaseEnvironment) -> bool:
    """Whether nobody by this name may enable schedules there, or owns it.

    Roles cannot be told from a name: who is listed by a role alone is reported, too.
    """
    return switch.by not in {*environment.schedules_enabled_by, environment.owner}
