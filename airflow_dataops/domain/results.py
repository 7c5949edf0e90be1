"""What is kept of data tests: a point per run, and what people said about the points.

A new kitchen has no past. Its charts begin with those of its ancestors in the same environment,
each point marked with the kitchen it comes from, until it has enough of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.judging import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

TESTS_TASK, FILE_TESTS_TASK = "data_tests", "file_tests"
# With as many points of its own a kitchen needs nobody else's. Before, it inherits more than that:
# limits that stay quiet after 30 points overlook what those of 100 see.
ENOUGH_OWN, MOST_INHERITED = 30, 120
MOST_POINTS = 400
_NOT_MEASURED = frozenset({Outcome.ERROR})


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineStage:
    """Where a test stands: its stage, in a pipeline."""

    pipeline: str
    stage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TestingRun:
    """One run of a stage's tests, as the server knows it.

    Attributes:
        task_id: of the task that tests; a stage can have one for files and one for tables.
        at: the moment that the run is about.
        version: of the bundle that the run is pinned to.
    """

    __test__ = False

    kitchen_id: str
    place: PipelineStage
    run_id: str
    task_id: str
    map_index: int
    try_number: int
    at: datetime
    version: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A verdict and the run that it was given in."""

    run: TestingRun
    verdict: Verdict
    recorded_at: datetime


class ActKind(StrEnum):
    """What people say about a chart's points."""

    INCIDENT = "incident"
    REBASELINE = "rebaseline"


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartAct:
    """What somebody said about a test's points, and why.

    Attributes:
        test: its name; None for all tests of the stage.
        since: an incident's first moment; for learning anew, the first that counts.
        until: an incident's last moment.
    """

    kind: ActKind
    place: PipelineStage
    test: str | None
    since: datetime
    until: datetime | None
    reason: str
    by: str
    at: datetime

    def is_about(self, test: str) -> bool:
        """Whether it says something about the points of a test."""
        return self.test is None or self.test == test


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenPast:
    """What one kitchen has of the tests of a stage.

    Attributes:
        kitchen: its name.
        results: oldest first.
    """

    kitchen: str
    results: Sequence[Result]
    acts: Sequence[ChartAct]


def stage_of(task_id: str) -> str | None:
    """The stage whose tests a task runs; None where it runs none."""
    stage, _, task = task_id.rpartition(".")
    return stage if stage and task in (TESTS_TASK, FILE_TESTS_TASK) else None


def history(test: str, own: KitchenPast, ancestors: Iterable[KitchenPast] = ()) -> list[Point]:
    """A test's earlier points, oldest first; those of ancestors while its own are few.

    Args:
        test: its name.
        own: of the kitchen whose run is judged.
        ancestors: of the same environment, the nearest first.
    """
    points = _points(test, own, None)
    wanted = inherited_points(sum(point.is_in_control for point in points))
    for past in ancestors:
        # Where somebody said that the process is another one now, an ancestor's says nothing.
        if wanted <= 0 or any(_learns_anew(act, test) for act in own.acts):
            break
        first = points[0].at if points else None
        inherited = _points(test, past, past.kitchen)
        inherited = [p for p in inherited if first is None or p.at < first][-wanted:]
        points = inherited + points
        wanted -= sum(point.is_in_control for point in inherited)
    return points[-MOST_POINTS:]


def inherited_points(own: int) -> int:
    """How many points a kitchen inherits that has so many of its own: each replaces several."""
    return max(0, ENOUGH_OWN - own) * MOST_INHERITED // ENOUGH_OWN


def _points(test: str, past: KitchenPast, kitchen: str | None) -> list[Point]:
    acts = [act for act in past.acts if act.is_about(test)]
    since = max((act.since for act in acts if act.kind is ActKind.REBASELINE), default=None)
    incidents = [act for act in acts if act.kind is ActKind.INCIDENT]
    return [
        Point(
            at=result.run.at,
            numbers=result.verdict.numbers,
            kitchen=kitchen,
            is_in_control=result.verdict.holds is not False
            and not any(_covers(incident, result.run.at) for incident in incidents),
            sampled=result.verdict.sampled,
        )
        for result in past.results
        if result.verdict.test == test
        and result.verdict.outcome not in _NOT_MEASURED
        and (since is None or result.run.at >= since)
    ]


def _learns_anew(act: ChartAct, test: str) -> bool:
    return act.kind is ActKind.REBASELINE and act.is_about(test)


def _covers(incident: ChartAct, at: datetime) -> bool:
    return incident.since <= at and (incident.until is None or at <= incident.until)


def numbers_from(listed: object) -> tuple[float | Mapping[str, float] | None, ...]:
    """A verdict's numbers as they were written down: numbers, nothing, or a number per group."""
    if not isinstance(listed, (list, tuple)):
        return ()
    return tuple(
        {str(group): float(value) for group, value in each.items()}
        if isinstance(each, Mapping)
        else None
        if each is None
        else float(each)
        for each in listed
    )
