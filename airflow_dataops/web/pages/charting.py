"""A test's stored points as a control chart: judged when they were measured, not anew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts import svg
from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.results import ENOUGH_OWN, ActKind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.data_tests import Verdict
    from airflow_dataops.domain.results import ChartAct, KitchenPast, Result

MOST_DRAWN = 120
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
    for past in () if learns_anew else ancestors:
        wanted = ENOUGH_OWN - len(points)
        if wanted <= 0:
            break
        first = points[0].at if points else None
        older = [p for p in _shown(test, past, past.kitchen) if first is None or p.at < first]
        points = older[-wanted:] + points
    return points[-MOST_DRAWN:]


def picture(points: Sequence[PointShown], *, title: str) -> str | None:
    """The chart as SVG; None where nothing was measured as a number."""
    measured = [point for point in points if point.verdict.measured is not None]
    if not measured:
        return None
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


def _line(values: Sequence[float | None]) -> np.ndarray:
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
