"""What people look at: values that sum up what is kept elsewhere, made for reading alone."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
    """

    dag_id: str
    run_id: str
    state: str
    began_at: datetime | None


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
class ListedSchedule:
    """A pipeline's schedule beside the name of its kitchen."""

    kitchen: str
    schedule: PipelineSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class SchedulePage:
    """The part that was asked for, and how many there are in all."""

    listed: tuple[ListedSchedule, ...]
    total: int
