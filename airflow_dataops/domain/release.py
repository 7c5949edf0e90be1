"""What is in a kitchen and not in its parent: the work that is on its way, and who has it now.

Whoever releases asks three things before a merge: what would come, was exactly that tested, and
for whom does it wait.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.evidence import Standing

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.schedule import PipelineSchedule


class WaitsFor(StrEnum):
    """What has to be done next about a piece of work."""

    MERGE_DOWN = "merge down"
    DECISIONS = "decisions about conflicts"
    TESTS = "tests"
    APPROVAL = "approval"
    PULL_REQUEST = "pull request"
    QUEUE = "merge queue"
    MERGE_UP = "merge up"
    ENABLING = "enabling"


class PipelineChange(StrEnum):
    """What a merge would make of a pipeline."""

    NEW = "new"
    CHANGED = "changed"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """A commit as a person reads it in a list."""

    id: str
    author: str
    at: datetime
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReleasePipeline:
    """A pipeline that would come, and what is known of exactly its files.

    Attributes:
        evidence: of the run that decides; None where none does.
    """

    name: str
    change: PipelineChange
    evidence: Evidence | None = None

    @property
    def standing(self) -> Standing | None:
        """What its tests said of it; None where they said nothing."""
        return self.evidence.standing if self.evidence else None

    @property
    def is_untested(self) -> bool:
        """Whether it would run as it is not known to be green."""
        return self.change is not PipelineChange.REMOVED and self.standing is not Standing.GREEN


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Somebody has to do something.

    Attributes:
        on: people and roles who can; empty where that is not ours to know.
        about: what it is about, in a sentence.
        since: None where that is not written down.
    """

    what: WaitsFor
    on: tuple[str, ...]
    about: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A kitchen's work that its parent has not.

    Attributes:
        commits: the last ones, the newest first.
        number: how many there are in all.
        conflicts: in how many places git cannot merge it by itself.
        waiting: what it waits for; nothing where there is nothing to deliver.
    """

    kitchen: Kitchen
    parent: Kitchen
    ours: str
    theirs: str
    commits: tuple[Commit, ...] = ()
    number: int = 0
    pipelines: tuple[ReleasePipeline, ...] = ()
    conflicts: int = 0
    waiting: tuple[Waiting, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitingSchedule:
    """A schedule that the code of a kitchen says, and that nobody has enabled there as it is."""

    kitchen: Kitchen
    schedule: PipelineSchedule
    waiting: Waiting


def enabling(
    kitchen: Kitchen, schedule: PipelineSchedule, *, on: tuple[str, ...]
) -> WaitingSchedule:
    """A schedule that waits for one of those whom the environment lists."""
    what = f"{kitchen.name}.{schedule.pipeline}: {schedule.declared} is {schedule.state}"
    waiting = Waiting(what=WaitsFor.ENABLING, on=on, about=what)
    return WaitingSchedule(kitchen=kitchen, schedule=schedule, waiting=waiting)
