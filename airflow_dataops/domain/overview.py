"""What people look at: values that sum up what is kept elsewhere, made for reading alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_dataops.domain.provisioning import OperationKind, Progress
    from airflow_dataops.domain.schedule import PipelineSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationSummary:
    """The last creation or deletion of a kitchen, without its steps."""

    id: str
    kind: OperationKind
    progress: Progress
    by: str
    began_at: datetime
    ended_at: datetime | None

    @property
    def is_over(self) -> bool:
        """Whether it came to its end."""
        return self.ended_at is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSummary:
    """A run of a pipeline.

    Attributes:
        state: in Airflow's words: ``queued``, ``running``, ``success``, ``failed``.
        began_at: None as long as it waits.
        version: of the bundle that it is pinned to; None for a run that is not.
    """

    dag_id: str
    run_id: str
    state: str
    began_at: datetime | None
    version: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastRuns:
    """How many pipelines of a kitchen there are, and what the last run of each came to.

    Attributes:
        at: when the last of these runs was to begin; None where none was.
        states: how many pipelines' last run is in which state, in Airflow's words.
    """

    pipelines: int
    at: datetime | None
    states: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Divergence:
    """How far a branch and the one that it was cut from have gone apart, in commits.

    Attributes:
        ahead: commits that the parent's branch does not have.
        behind: commits of the parent's branch that it does not have.
    """

    ahead: int
    behind: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenMerge:
    """A merge that waits for somebody; kitchens by their ids."""

    kitchen_id: str
    other_id: str
    opened_by: str
    opened_at: datetime


class ScheduleFilter(StrEnum):
    """Which of the pipelines that have a schedule are looked for."""

    ALL = "all"
    ENABLED = "enabled"
    WAITING = "waiting"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleQuery:
    """Part of a list of schedules.

    Attributes:
        words: that the pipeline's or the kitchen's name contains.
        first: how many are passed over.
    """

    only: ScheduleFilter = ScheduleFilter.ALL
    words: str = ""
    first: int = 0
    at_most: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleCounts:
    """How many schedules are enabled, and how many that are in the code are not."""

    enabled: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedSchedule:
    """A pipeline's schedule beside the name of its kitchen."""

    kitchen: str
    schedule: PipelineSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """The part that was asked for, and how many there are in all."""

    listed: tuple[ListedSchedule, ...]
    total: int
