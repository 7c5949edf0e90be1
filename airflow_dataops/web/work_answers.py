"""Pieces of work as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.work import Step

if TYPE_CHECKING:
    from collections.abc import Collection

    from airflow_dataops.domain.work import Stay, Work


@dataclass(frozen=True, kw_only=True)
class StayAnswer:
    """A time at one step with one person; ``seconds`` are to its end, or to now."""

    step: Step
    kitchen: str | None
    assignee: str
    by: str
    began_at: datetime
    ended_at: datetime | None
    seconds: float
    note: str | None


@dataclass(frozen=True, kw_only=True)
class WorkAnswer:
    """Where the work of a kitchen stands, with whom, and how it came there.

    ``at`` is the kitchen where it is furthest, if you may see that; ``since`` is when it came to
    its step. ``cycle_seconds`` are from its order to its first enabled schedule. ``about_ticket``
    says where its ticket is not in step with it, a sentence each.
    """

    kitchen: str
    project: str
    environment: str
    ticket: str | None
    step: Step
    at: str | None
    assignee: str
    since: datetime
    standing_seconds: float
    seconds_in: dict[Step, float]
    cycle_seconds: float | None
    is_over: bool
    about_ticket: list[str]
    stays: list[StayAnswer]


def work_answer(
    found: Work, *, now: datetime, seen: Collection[str], about_ticket: list[str]
) -> WorkAnswer:
    """Where a piece of work stands, and how it came there."""
    present, cycle = found.present, found.cycle_time()
    return WorkAnswer(
        kitchen=found.kitchen,
        project=found.project,
        environment=found.environment,
        ticket=found.ticket,
        step=present.step,
        at=present.kitchen if present.kitchen in seen else None,
        assignee=present.assignee,
        since=found.step_since(),
        standing_seconds=(now - found.step_since()).total_seconds(),
        seconds_in={step: one.total_seconds() for step, one in found.time_in(now).items()},
        cycle_seconds=None if cycle is None else cycle.total_seconds(),
        is_over=present.step.is_end,
        about_ticket=about_ticket,
        stays=[_stay(one, now, seen) for one in found.stays],
    )


def _stay(one: Stay, now: datetime, seen: Collection[str]) -> StayAnswer:
    return StayAnswer(
        step=one.step,
        kitchen=one.kitchen if one.kitchen in seen else None,
        assignee=one.assignee,
        by=one.by,
        began_at=one.began_at,
        ended_at=one.ended_at,
        seconds=one.lasted(now).total_seconds(),
        note=one.note,
    )
