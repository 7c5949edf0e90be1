"""Evidence: what a finished run says of the files that its pipeline was built from.

It is kept under the pipeline's *input tree* (see ``domain.input_tree``), so that it counts
wherever the same files are to run, also when the kitchen is gone. What counts is what data tests
said, never a task's state: anybody with the right to can mark a task as a success.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.results import stage_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.results import Result

_SUCCESS, _SKIPPED = "success", "skipped"
_MOST_REASONS = 10


class Standing(StrEnum):
    """What a run amounts to. ``VOID`` says nothing of the code, neither good nor bad."""

    GREEN = "green"
    RED = "red"
    VOID = "no evidence"


class RunKey(NamedTuple):
    """A run as it ended: one that is run again under its name ends at another moment."""

    dag_id: str
    run_id: str
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RunTask:
    """A task of a finished run.

    Attributes:
        state: in Airflow's words.
        has_reported: whether the task itself said that it succeeded, in its last try.
        does_nothing: it is one that no worker ever runs.
    """

    task_id: str
    map_index: int
    try_number: int
    state: str | None
    has_reported: bool
    does_nothing: bool = False

    @property
    def shown(self) -> str:
        """The task as a person knows it."""
        return self.task_id if self.map_index < 0 else f"{self.task_id} [{self.map_index}]"

    @property
    def is_marked(self) -> bool:
        """Whether somebody else than the task says that it succeeded."""
        return self.state == _SUCCESS and not self.has_reported and not self.does_nothing


@dataclass(frozen=True, slots=True, kw_only=True)
class FinishedRun:
    """A run of a pipeline that is over.

    Attributes:
        state: in Airflow's words.
        version: of the bundle that it is pinned to; None for a run that is not.
        parameters: what it was asked for, without what looks like a secret.
        data: identifiers of the data that it was about: days, assets.
        was_cleared: tasks of it were run again after others had ended.
    """

    dag_id: str
    run_id: str
    state: str
    version: str | None
    began_at: datetime | None
    ended_at: datetime
    tasks: tuple[RunTask, ...]
    parameters: Mapping[str, object] = field(default_factory=dict)
    data: tuple[str, ...] = ()
    was_cleared: bool = False

    @property
    def pipeline(self) -> str:
        """Name of what it ran."""
        return self.dag_id.partition(".")[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSaid:
    """What a data test said in a run that is evidence."""

    __test__ = False

    stage: str
    test: str
    outcome: Outcome
    measured: float | None
    detail: str
    seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a run amounts to, and why, in sentences."""

    standing: Standing
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What a run says of an input tree; written once, kept for good.

    Attributes:
        kitchen: the name that it had.
        input_tree: of the pipeline at the commit that ran.
        commit: of the kitchen, as the run's version names it.
        reasons: why it is not green; of a green one, what is worth a look.
    """

    project: str
    environment: str
    kitchen_id: str
    kitchen: str
    pipeline: str
    input_tree: str
    commit: str
    version: str
    dag_id: str
    run_id: str
    standing: Standing
    reasons: tuple[str, ...]
    said: tuple[TestSaid, ...]
    parameters: Mapping[str, object]
    data: tuple[str, ...]
    began_at: datetime | None
    ended_at: datetime
    recorded_at: datetime

    @property
    def counts(self) -> dict[Outcome, int]:
        """How many tests said what."""
        found = Counter(one.outcome for one in self.said)
        return {outcome: found[outcome] for outcome in Outcome if found[outcome]}


def judge_run(run: FinishedRun, results: Iterable[Result]) -> Judgement:
    """What a finished run says of its code.

    Args:
        run: with all of its tasks.
        results: what data tests said in it.
    """
    told = list(results)
    if void := _why_void(run, told):
        return Judgement(standing=Standing.VOID, reasons=tuple(void[:_MOST_REASONS]))
    if red := _why_red(run, told):
        return Judgement(standing=Standing.RED, reasons=tuple(red[:_MOST_REASONS]))
    return Judgement(standing=Standing.GREEN, reasons=tuple(_notes(told)[:_MOST_REASONS]))


def said(results: Iterable[Result]) -> tuple[TestSaid, ...]:
    """What is kept of results as evidence."""
    return tuple(
        TestSaid(
            stage=one.run.place.stage,
            test=one.verdict.test,
            outcome=one.verdict.outcome,
            measured=one.verdict.measured,
            detail=one.verdict.detail,
            seconds=one.verdict.seconds,
        )
        for one in results
    )


def deciding(found: Sequence[Evidence], *, kitchens: Collection[str]) -> Evidence | None:
    """Of evidence about one input tree, that which counts for a merge of some kitchens, by ids.

    Their own last run decides; where they have none, the last run of any other kitchen.
    """
    counting = [one for one in found if one.standing is not Standing.VOID]
    own = [one for one in counting if one.kitchen_id in kitchens]
    return max(own or counting, key=lambda one: one.ended_at, default=None)


def _why_void(run: FinishedRun, results: Sequence[Result]) -> list[str]:
    """Why a run says nothing of its code."""
    if run.version is None:
        return ["it is pinned to no version, so nobody knows which files it ran"]
    reasons = [
        f"{task.shown} was marked as a success by hand" for task in run.tasks if task.is_marked
    ]
    if run.was_cleared:
        reasons.append("tasks of it were cleared after others had ended; run it anew")
    others = {one.run.version for one in results} - {run.version}
    if others:
        reasons.append("its tests ran on another version than the run has now")
    return reasons


def _why_red(run: FinishedRun, results: Sequence[Result]) -> list[str]:
    testing = [task for task in run.tasks if stage_of(task.task_id) is not None]
    if not testing:
        return ["it has no data test"]
    reasons = [
        f"{one.run.place.stage}: {one.verdict.test}: {one.verdict.outcome}: {one.verdict.detail}"
        for one in results
        if one.verdict.outcome in {Outcome.FAIL, Outcome.ERROR}
    ]
    present = {(one.run.task_id, one.run.map_index, one.run.try_number) for one in results}
    for task in testing:
        if task.state == _SKIPPED:
            reasons.append(f"{task.shown} was skipped")
        elif (task.task_id, task.map_index, task.try_number) not in present:
            reasons.append(f"{task.shown} has said nothing; it is {task.state or 'not run'}")
    if run.state != _SUCCESS and not reasons:
        reasons.append(f"the run ended as {run.state}")
    return reasons


def _notes(results: Sequence[Result]) -> list[str]:
    return [
        f"{one.run.place.stage}: {one.verdict.test}: {one.verdict.outcome}: {one.verdict.detail}"
        for one in results
        if one.verdict.outcome in {Outcome.WARN, Outcome.LEARNING}
    ]
