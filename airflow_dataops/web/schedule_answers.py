"""Schedules as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.schedule import ScheduleState

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.schedule import PipelineSchedule
    from airflow_dataops.domain.source_change import SourceChange


@dataclass(frozen=True, kw_only=True)
class ScheduleAnswer:
    """A pipeline's schedule in a kitchen.

    ``schedule`` and ``timezone`` are what the code says; ``enabled_schedule`` is what was enabled,
    as text. ``next_run_at`` is empty where nothing starts by itself.
    """

    kitchen: str
    environment: str
    pipeline: str
    schedule: str | None
    timezone: str | None
    state: ScheduleState
    is_paused: bool
    next_run_at: datetime | None
    enabled_schedule: str | None
    enabled_by: str | None
    enabled_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class SourceChangeAnswer:
    """What became of a change of a pipeline's file; ``commit`` is its branch's tip from then on."""

    kitchen: str
    pipeline: str
    branch: str
    path: str
    commit: str
    is_new: bool


def schedule_answer(kitchen: Kitchen, one: PipelineSchedule, *, now: datetime) -> ScheduleAnswer:
    """A pipeline's schedule."""
    declared, enabled = one.declared, one.enabled
    return ScheduleAnswer(
        kitchen=kitchen.name,
        environment=kitchen.environment,
        pipeline=one.pipeline,
        schedule=declared.cron if declared else None,
        timezone=declared.timezone if declared else None,
        state=one.state,
        is_paused=one.is_paused,
        next_run_at=_next_run(one, now),
        enabled_schedule=str(enabled.schedule) if enabled else None,
        enabled_by=enabled.enabled_by if enabled else None,
        enabled_at=enabled.enabled_at if enabled else None,
    )


def change_answer(kitchen: Kitchen, pipeline: str, change: SourceChange) -> SourceChangeAnswer:
    """A change of a pipeline's file."""
    return SourceChangeAnswer(
        kitchen=kitchen.name,
        pipeline=pipeline,
        branch=kitchen.branch,
        path=change.path,
        commit=change.commit,
        is_new=change.is_new,
    )


def _next_run(one: PipelineSchedule, now: datetime) -> datetime | None:
    if one.state is not ScheduleState.ENABLED or one.enabled is None or one.is_paused:
        return None
    from airflow_dataops.timetables import next_tick

    return next_tick(one.enabled.schedule, after=now)
