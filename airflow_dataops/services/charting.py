"""A test's stored points as a control chart: judged when they were measured, not anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - imported where a chart is drawn

from airflow_dataops.control_charts import svg
from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.results import ActKind, PipelineStage, inherited_points, stage_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from airflow_dataops.control_charts.observations import Array
    from airflow_dataops.data_ports import ResultBook
    from airflow_dataops.domain.data_tests import Verdict
    from airflow_dataops.domain.events import Event
    from airflow_dataops.domain.results import ChartAct, KitchenPast, Result
    from airflow_dataops.ports import KitchenRegistry

MOST_DRAWN = 120
# Fewer make no chart: a message says the number and its bounds.
FEWEST_POINTS = 3
_OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class PointShown:
    """What a test said in one run.

    Attributes:
        kitchen: where it comes from; None for the kitchen that is looked at.
        incident: why it is left out of what the chart learns from.
    """

    at: datetime
    run_id: str
    verdict: Verdict
    kitchen: str | None
    incident: str | None

    @property
    def is_outside(self) -> bool:
        """Whether it broke the test's rule."""
        return self.verdict.holds is False or self.verdict.outcome is Outcome.FAIL


def points_of(test: str, own: KitchenPast, ancestors: Iterable[KitchenPast]) -> list[PointShown]:
    """A test's points, oldest first; before its own, those of ancestors while these are few."""
    points = _shown(test, own, None)
    learns_anew = any(act.kind is ActKind.REBASELINE and act.is_about(test) for act in own.acts)
    wanted = inherited_points(len(points))
    for past in () if learns_anew else ancestors:
        if wanted <= 0:
            break
        first = points[0].at if points else None
        older = [p for p in _shown(test, past, past.kitchen) if first is None or p.at < first]
        points = older[-wanted:] + points
        wanted -= len(older)
    return points[-MOST_DRAWN:]


def picture(points: Sequence[PointShown], *, title: str) -> str | None:
    """The chart as SVG; None where nothing was measured as a number."""
    measured = [point for point in points if point.verdict.measured is not None]
    if not measured:
        return None
    # Numbers of another sample are of another size.
    newest = measured[-1].verdict.sampled
    measured = [point for point in measured if point.verdict.sampled == newest]
    chart = Chart(
        kind="individuals",
        values=_line([point.verdict.measured for point in measured]),
        center=float("nan"),
        sigma=float("nan"),
        lower=_line([point.verdict.low for point in measured]),
        upper=_line([point.verdict.high for point in measured]),
        violations={_OUTSIDE: np.array([point.is_outside for point in measured])},
    )
    inherited = sum(point.kitchen is not None for point in measured)
    return svg.svg(chart, title=title, baseline=inherited or None)


def of_event(
    event: Event, kitchens: KitchenRegistry, book: ResultBook
) -> Iterator[tuple[str, str, str]]:
    """Title, words and SVG of the chart of each test that an event tells of, if it has points.

    Raises:
        KitchenNotFound: the kitchen is gone.
    """
    task, name = event.task, event.kitchen
    stage = stage_of(task.task_id) if task else None
    if task is None or name is None or stage is None:
        return
    kitchen = kitchens.kitchen(name)
    if kitchen.id != event.kitchen_id:
        return  # another one of that name
    place = PipelineStage(pipeline=task.dag_id.partition(".")[2], stage=stage)
    own, *ancestors = book.past(kitchen, place)
    for verdict in event.verdicts:
        points = points_of(verdict.test, own, ancestors)
        title = f"{verdict.test}, {task.dag_id}"
        drawn = picture(points, title=title) if len(points) >= FEWEST_POINTS else None
        if drawn is not None:
            yield title, f"{title}: {verdict.detail}", drawn


def _line(values: Sequence[float | None]) -> Array:
    return np.array([np.nan if value is None else value for value in values], dtype=np.float64)


def _shown(test: str, past: KitchenPast, kitchen: str | None) -> list[PointShown]:
    acts = [act for act in past.acts if act.is_about(test) and act.kind is ActKind.INCIDENT]
    return [
        PointShown(
            at=one.run.at,
            run_id=one.run.run_id,
            verdict=one.verdict,
            kitchen=kitchen,
            incident=_incident(one, acts),
        )
        for one in past.results
        if one.verdict.test == test
    ]


def _incident(result: Result, acts: Iterable[ChartAct]) -> str | None:
    at = result.run.at
    covering = [a.reason for a in acts if a.since <= at and (a.until is None or at <= a.until)]
    return covering[-1] if covering else None
