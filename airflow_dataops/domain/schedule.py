"""Schedules: what a pipeline's code declares, and what somebody has enabled in a kitchen.

A schedule travels with the code and starts nothing. A person enables it in one kitchen, for this
cron text in this timezone. Code that says anything else is inert there until somebody enables
that, too.

Airflow knows what the code declares from a DAG's tag, which people can read as well.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.errors import InvalidName, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Person

# Airflow keeps 100 letters of a tag, and the state stands before the schedule.
LONGEST_TEXT = 80
_CRON = r"@[a-z]+|[^\s@]+(?: [^\s@]+){4,6}"
_TEXT = re.compile(rf"(?P<cron>{_CRON}) (?P<timezone>[A-Za-z][\w+/-]*)\Z", re.ASCII)
_DAG_NAME = re.compile(r"[\w.~-]+\Z")
_LONGEST_NAME = 250  # of a DAG in Airflow


class ScheduleState(StrEnum):
    """Where a pipeline's schedule stands in a kitchen.

    ``changed``: it was enabled, and the code says something else now; that is inert.
    """

    NONE = "none"
    INERT = "inert"
    ENABLED = "enabled"
    CHANGED = "changed"


_TAGS = {
    ScheduleState.INERT: "inert schedule: ",
    ScheduleState.ENABLED: "schedule: ",
    ScheduleState.CHANGED: "changed schedule: ",
}
TAG_PREFIXES = tuple(_TAGS.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A cron expression in a timezone; equal schedules are written alike.

    Attributes:
        cron: with one space between its fields.
        timezone: IANA name.
    """

    cron: str
    timezone: str

    @classmethod
    def written(cls, cron: str, timezone: str) -> Schedule:
        """The schedule that an author wrote, whatever the spaces in it."""
        return cls(cron=" ".join(cron.split()), timezone=timezone)

    def __str__(self) -> str:
        return f"{self.cron} {self.timezone}"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnabledSchedule:
    """What somebody has enabled in a kitchen."""

    pipeline: str
    schedule: Schedule
    enabled_by: str
    enabled_at: datetime

    @property
    def starts_at(self) -> datetime:
        """The first second after it was enabled: a tick of the very moment is past."""
        return self.enabled_at.replace(microsecond=0) + timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineSchedule:
    """A pipeline's schedule in a kitchen: as Airflow has read the code, and as it was enabled.

    Attributes:
        declared: None where the code has none, or is not there (any more).
        is_paused: somebody holds the DAG back with Airflow's own switch.
    """

    pipeline: str
    declared: Schedule | None = None
    enabled: EnabledSchedule | None = None
    is_paused: bool = False

    @property
    def state(self) -> ScheduleState:
        """Where it stands."""
        return state_of(self.declared, self.enabled)


def state_of(declared: Schedule | None, enabled: EnabledSchedule | None) -> ScheduleState:
    """Where a declared schedule stands, given what was enabled."""
    if enabled is None:
        return ScheduleState.INERT if declared else ScheduleState.NONE
    is_same = enabled.schedule == declared
    return ScheduleState.ENABLED if is_same else ScheduleState.CHANGED


def tag(state: ScheduleState, schedule: Schedule) -> str:
    """The tag of a DAG that says which schedule its code declares, and where it stands."""
    return f"{_TAGS[state]}{schedule}"


def declared_by(tags: Iterable[str]) -> Schedule | None:
    """The schedule that a DAG's tags declare; None where they declare none, or several."""
    found = [schedule for one in tags if (schedule := _read(one))]
    return found[0] if len(found) == 1 else None


def without_claims(tags: Iterable[str]) -> list[str]:
    """A DAG's tags without those that declare a schedule, or say that one is enabled."""
    claims = (_TAGS[ScheduleState.ENABLED], _TAGS[ScheduleState.CHANGED])
    return [one for one in tags if not _read(one) and not one.startswith(claims)]


def check_pipeline(name: str) -> str:
    """Give a name back if it can be that of a pipeline, or of an ordinary DAG on a branch.

    Raises:
        InvalidName: no DAG of Airflow's can have it.
    """
    if not _DAG_NAME.match(name) or len(name) > _LONGEST_NAME:
        rule = f"use letters, digits, dots, dashes and underscores, at most {_LONGEST_NAME}"
        raise InvalidName(name[:80], kind="pipeline", rule=rule)
    return name


def check_may_enable(person: Person, what: str, environment: ReleaseEnvironment) -> None:
    """Let a person enable a schedule, or say who may: those whom the environment lists, alone.

    Raises:
        NotAllowed: the environment does not list them; its owner is no exception.
    """
    if not person.is_one_of(environment.schedules_enabled_by):
        raise NotAllowed(person.name, f"enable {what}", _who_may(environment))


def check_may_disable(person: Person, what: str, environment: ReleaseEnvironment) -> None:
    """Let a person disable a schedule: who may enable it, and the environment's owner.

    Raises:
        NotAllowed: they are none of these.
    """
    owner = [environment.owner] if environment.owner else []
    if not person.is_one_of([*environment.schedules_enabled_by, *owner]):
        raise NotAllowed(person.name, f"disable {what}", _who_may(environment))


def _who_may(environment: ReleaseEnvironment) -> str:
    listed = ", ".join(environment.schedules_enabled_by)
    where = f"schedules_enabled_by of environment {environment.name!r}"
    return f"{where} lists {listed}" if listed else f"{where} lists nobody"


def _read(text: str) -> Schedule | None:
    for prefix in _TAGS.values():
        if text.startswith(prefix):
            rest = text.removeprefix(prefix)
            found = _TEXT.match(rest)
            if found and len(rest) <= LONGEST_TEXT:
                return Schedule(cron=found["cron"], timezone=found["timezone"])
    return None
