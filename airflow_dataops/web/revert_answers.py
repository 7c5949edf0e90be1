"""What taking a merge back comes to, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction
from airflow_dataops.web.merge_answers import (
    ConflictAnswer,
    FileAnswer,
    PastMergeAnswer,
    conflict_answers,
    file_answer,
)
from airflow_dataops.web.release_answers import ReleasePipelineAnswer, pipeline_answer

if TYPE_CHECKING:
    from airflow_dataops.domain.results import ChartAct
    from airflow_dataops.domain.revert import RevertPlan, ScheduleStep


@dataclass(frozen=True, kw_only=True)
class ScheduleStepAnswer:
    """An enabled schedule now, and then; ``left`` says why it is not enabled again."""

    pipeline: str
    now: str | None
    then: str | None
    enabled_by: str | None
    enabled_at: datetime | None
    left: str


@dataclass(frozen=True, kw_only=True)
class LearntAnewAnswer:
    """A baseline that was begun since the merge; it counts no more then."""

    pipeline: str
    stage: str
    test: str | None
    since: datetime
    by: str
    reason: str


@dataclass(frozen=True, kw_only=True)
class StageAnswer:
    """A stage of a pipeline."""

    pipeline: str
    stage: str


@dataclass(frozen=True, kw_only=True)
class RevertPlanAnswer:
    """What taking a merge back would come to now.

    Attributes:
        ours: the commit that the kitchen is at.
        tree: id of its files then; None with conflicts.
        later: how many commits came after the merge; they stay.
        pipelines: those that change with it, and whether their files are green.
        schedules: those that would be enabled otherwise than they are.
        baselines: begun since; they count no more.
        left_out: stages whose points since the merge no chart learns from any more.
        came_back: notes about charts that an earlier revert had taken back or made.
        channel_now, channel_then: the kitchen's own channel for alerts; None: its environment's.
        reverted_by: the revert that holds of the merge already.
    """

    kitchen: str
    merged: str
    direction: Direction
    merge: str
    commit: str | None
    ours: str
    tree: str | None
    later: int
    files: list[FileAnswer]
    conflicts: list[ConflictAnswer]
    pipelines: list[ReleasePipelineAnswer]
    schedules: list[ScheduleStepAnswer]
    baselines: list[LearntAnewAnswer]
    left_out: list[StageAnswer]
    came_back: int
    channel_now: str | None
    channel_then: str | None
    reverted_by: str | None


@dataclass(frozen=True, kw_only=True)
class RevertAnswer:
    """A merge that was taken back; ``plan`` is what that came to, None where it was done before."""

    revert: PastMergeAnswer
    is_new: bool
    plan: RevertPlanAnswer | None


def plan_answer(
    plan: RevertPlan, *, merged: str, reverted_by: str | None = None
) -> RevertPlanAnswer:
    """What taking a merge back comes to."""
    now, then = plan.channel
    return RevertPlanAnswer(
        kitchen=plan.kitchen.name,
        merged=merged,
        direction=plan.merge.direction,
        merge=plan.merge.id,
        commit=plan.merge.commit,
        ours=plan.ours,
        tree=plan.tree,
        later=plan.later,
        files=[file_answer(one) for one in plan.files],
        conflicts=conflict_answers(plan.conflicts),
        pipelines=[pipeline_answer(one) for one in plan.pipelines],
        schedules=[_step(one) for one in plan.schedules],
        baselines=[_learnt_anew(one) for one in plan.charts.learnt_anew],
        left_out=[
            StageAnswer(pipeline=one.pipeline, stage=one.stage) for one in plan.charts.measured
        ],
        came_back=plan.charts.came_back,
        channel_now=now,
        channel_then=then,
        reverted_by=reverted_by,
    )


def _step(one: ScheduleStep) -> ScheduleStepAnswer:
    return ScheduleStepAnswer(
        pipeline=one.pipeline,
        now=str(one.now.schedule) if one.now else None,
        then=str(one.then.schedule) if one.then else None,
        enabled_by=one.then.enabled_by if one.then else None,
        enabled_at=one.then.enabled_at if one.then else None,
        left=one.left,
    )


def _learnt_anew(act: ChartAct) -> LearntAnewAnswer:
    return LearntAnewAnswer(
        pipeline=act.place.pipeline,
        stage=act.place.stage,
        test=act.test,
        since=act.since,
        by=act.by,
        reason=act.reason,
    )
