"""What the REST API answers about merges that are over and their reverts."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time

from pydantic import BaseModel, ConfigDict

from airflow_dataops.cli.merge_models import (  # noqa: TC001 - pydantic reads them
    ConflictAnswer,
    FileAnswer,
)
from airflow_dataops.cli.release_models import ReleasePipelineAnswer  # noqa: TC001 - likewise


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class PastMergeAnswer(_Answer):
    """A merge into a kitchen, or a revert of one."""

    id: str
    direction: str
    state: str
    commit: str | None = None
    opened_by: str
    opened_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str | None = None
    reverts: str | None = None
    reverted_by: str | None = None


class ScheduleStepAnswer(_Answer):
    """An enabled schedule now, and then."""

    pipeline: str
    now: str | None = None
    then: str | None = None
    enabled_by: str | None = None
    enabled_at: datetime | None = None
    left: str = ""


class LearntAnewAnswer(_Answer):
    """A baseline that was begun since the merge."""

    pipeline: str
    stage: str
    test: str | None = None
    since: datetime


class StageAnswer(_Answer):
    """A stage of a pipeline."""

    pipeline: str
    stage: str


class RevertPlanAnswer(_Answer):
    """What taking a merge back comes to."""

    kitchen: str
    merged: str
    commit: str | None = None
    ours: str
    tree: str | None = None
    later: int = 0
    files: tuple[FileAnswer, ...] = ()
    conflicts: tuple[ConflictAnswer, ...] = ()
    pipelines: tuple[ReleasePipelineAnswer, ...] = ()
    schedules: tuple[ScheduleStepAnswer, ...] = ()
    baselines: tuple[LearntAnewAnswer, ...] = ()
    left_out: tuple[StageAnswer, ...] = ()
    came_back: int = 0
    channel_now: str | None = None
    channel_then: str | None = None
    reverted_by: str | None = None


class RevertAnswer(_Answer):
    """A merge that was taken back."""

    revert: PastMergeAnswer
    is_new: bool = True
    plan: RevertPlanAnswer | None = None
