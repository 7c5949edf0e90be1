"""Releases as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.evidence import Standing
from airflow_dataops.domain.release import PipelineChange, WaitsFor
from airflow_dataops.web.gate_answers import EvidenceAnswer, evidence_answer
from airflow_dataops.web.schedule_answers import ScheduleAnswer, schedule_answer

if TYPE_CHECKING:
    from airflow_dataops.domain.release import Delivery, ReleasePipeline, Waiting, WaitingSchedule


@dataclass(frozen=True, kw_only=True)
class CommitAnswer:
    """A commit that is not in the parent yet."""

    id: str
    author: str
    at: datetime
    title: str


@dataclass(frozen=True, kw_only=True)
class ReleasePipelineAnswer:
    """A pipeline that would come; ``evidence`` is of the run that decides about its files."""

    pipeline: str
    change: PipelineChange
    standing: Standing | None
    evidence: EvidenceAnswer | None


@dataclass(frozen=True, kw_only=True)
class WaitingAnswer:
    """Somebody has to do something; ``on`` are people and roles who can."""

    what: WaitsFor
    on: list[str]
    about: str
    since: datetime | None


@dataclass(frozen=True, kw_only=True)
class DeliveryAnswer:
    """What a kitchen has that its parent has not.

    ``number`` counts all commits, ``commits`` lists the last ones; ``conflicts`` counts paths.
    """

    kitchen: str
    environment: str
    ticket: str | None
    into: str
    ours: str
    theirs: str
    number: int
    commits: list[CommitAnswer]
    conflicts: int
    pipelines: list[ReleasePipelineAnswer]
    waiting: list[WaitingAnswer]


@dataclass(frozen=True, kw_only=True)
class WaitingScheduleAnswer:
    """A schedule that nobody has enabled as the code says it, and who can."""

    schedule: ScheduleAnswer
    waiting: WaitingAnswer


@dataclass(frozen=True, kw_only=True)
class ReleaseAnswer:
    """What is on its way into an environment, and which of its schedules wait.

    ``left_out`` are kitchens of which nothing was looked at, there being too many.
    """

    environment: str
    deliveries: list[DeliveryAnswer]
    schedules: list[WaitingScheduleAnswer]
    left_out: list[str]


def delivery_answer(found: Delivery) -> DeliveryAnswer:
    """What a kitchen has that its parent has not."""
    return DeliveryAnswer(
        kitchen=found.kitchen.name,
        environment=found.kitchen.environment,
        ticket=found.kitchen.settings.ticket,
        into=found.parent.name,
        ours=found.ours,
        theirs=found.theirs,
        number=found.number,
        commits=[
            CommitAnswer(id=one.id, author=one.author, at=one.at, title=one.title)
            for one in found.commits
        ],
        conflicts=found.conflicts,
        pipelines=[pipeline_answer(one) for one in found.pipelines],
        waiting=[_waiting(one) for one in found.waiting],
    )


def waiting_schedule_answer(found: WaitingSchedule, *, now: datetime) -> WaitingScheduleAnswer:
    """A schedule that waits."""
    return WaitingScheduleAnswer(
        schedule=schedule_answer(found.kitchen, found.schedule, now=now),
        waiting=_waiting(found.waiting),
    )


def pipeline_answer(one: ReleasePipeline) -> ReleasePipelineAnswer:
    """A pipeline that would come."""
    return ReleasePipelineAnswer(
        pipeline=one.name,
        change=one.change,
        standing=one.standing,
        evidence=evidence_answer(one.evidence) if one.evidence else None,
    )


def _waiting(one: Waiting) -> WaitingAnswer:
    return WaitingAnswer(what=one.what, on=list(one.on), about=one.about, since=one.since)
