"""Judge a number by the control chart of its history.

The baseline is learned from earlier runs in control, and keeps a stated number of false alarms
however short it is. An EWMA is drawn of the residuals of the same baseline: it sees small shifts
that last, where single points do not stand out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - imported by the task that judges by a chart

from airflow_dataops.control_charts.budget import parse_budget
from airflow_dataops.control_charts.expectation import Expectation
from airflow_dataops.control_charts.learning import FEWEST, Learning, learn
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.seasons import dated
from airflow_dataops.control_charts.weighted_mean import WeightedMean, weighted_mean
from airflow_dataops.domain.data_tests import number
from airflow_dataops.domain.judging import Judged, of_groups

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_dataops.control_charts.chart import Chart
    from airflow_dataops.domain.data_test_rules import ControlLimits
    from airflow_dataops.domain.judging import Point
    from airflow_dataops.domain.measured import Found

MOST_POINTS = 400
# The newest runs are watched, not learned from: as many as what judges them looks back on, which
# are more for a weighted mean, and for zeros that come in a row.
FEWEST_LEARNED, _FEW_WATCHED, _MANY_WATCHED = 20, 3, 15
_RULES = {
    "nelson_1": "beyond the limits",
    "mean_of_2": "the mean of the last two runs is too far out",
    "mean_of_3": "the mean of the last three runs is too far out",
    "zeros": "more zeros in a row than usual",
}


def judged(
    rule: ControlLimits, found: Found, history: Sequence[Point], at: datetime | None = None
) -> Judged:
    """What the chart says of a number, or of each group's.

    Args:
        rule: which chart, and its budget of false alarms.
        found: what this run measured.
        history: earlier runs, oldest first.
        at: the moment that this run is about; without it weekdays are not told apart.
    """
    history = history[-MOST_POINTS:]
    if not isinstance(found, Mapping):
        values = [None if isinstance(v, Mapping) else v for v in (p.numbers[0] for p in history)]
        return _judged(rule, float(found or 0), values, history, at)
    said = {
        group: _judged(rule, value, _of(group, history), history, at)
        for group, value in found.items()
    }
    known = {group: one for group, one in said.items() if one.holds is not None}
    if not known:
        return next(iter(said.values()))._replace(measured=None)
    limits = {g: (_or(one.low, -math.inf), _or(one.high, math.inf)) for g, one in known.items()}
    broken = {group: one for group, one in known.items() if not one.holds}
    told = of_groups({**found}, limits)
    if broken and told.holds:  # a run rule, or an EWMA, within the limits of single points
        group, one = next(iter(broken.items()))
        told = Judged(holds=False, measured=found[group], detail=f"{group}: {one.detail}")
    return told._replace(model=next(iter(known.values())).model, baseline=_baseline(history))


def _judged(
    rule: ControlLimits,
    value: float,
    values: Sequence[float | None],
    history: Sequence[Point],
    at: datetime | None,
) -> Judged:
    told = _baseline(history)
    if not any(each is not None for each in values):
        why = f"still learning: 0 of {FEWEST} points"
        return Judged(holds=None, measured=value, detail=why, baseline=told)
    observed = series([*values, value])
    if at is not None:
        holidays = frozenset(map(date.fromisoformat, rule.holidays))
        observed = dated(observed, [point.at for point in history] + [at], holidays)
    many = rule.chart == "ewma" or 0 in values
    most = _MANY_WATCHED if many else _FEW_WATCHED
    watched = min(most, max(0, len(history) - FEWEST_LEARNED))
    learned = observed.first(len(history) - watched)
    left_out = np.array([not point.is_in_control for point in history[: len(learned)]])
    baseline = learn(learned.without(left_out), false_alarms=rule.false_alarms)
    if isinstance(baseline, Learning):
        return Judged(holds=None, measured=value, detail=str(baseline), baseline=told)
    process = baseline.process
    if not isinstance(process, Expectation):
        message = f"a baseline of {type(process).__name__} is not judged here"
        raise TypeError(message)
    chart = process.draw(observed).after(len(learned))
    mean = None
    if rule.chart == "ewma" and process.sigma:
        mean = weighted_mean(process, observed, parse_budget(rule.false_alarms))
    said = _said_by(chart, mean)
    return said._replace(measured=value, model=process.model, baseline=told)


def _said_by(chart: Chart, mean: WeightedMean | None) -> Judged:
    """The last point against its limits, and the weighted mean against its own."""
    center = float(np.asarray(chart.center)[-1])
    low, high = float(np.asarray(chart.lower)[-1]), float(np.asarray(chart.upper)[-1])
    if math.isnan(center):
        why = "this kind of day is not known yet"
        return Judged(holds=None, measured=None, detail=why)
    expected = f"expected {number(_rounded(center))}, limits "
    if mean is not None:
        low, high = center - float(mean.reach[-1]), center + float(mean.reach[-1])
        broken = _shifts(mean) + [_RULES["zeros"]] * ("zeros" in chart.broken_at(-1))
    else:
        broken = [_RULES.get(name, name) for name in chart.broken_at(-1)]
    limits = f"{number(_rounded(low))} to {number(_rounded(high))}"
    told = "; ".join([f"{expected}{limits}", *([", ".join(broken)] if broken else [])])
    return Judged(not broken, None, told, low=low, high=high)


def _shifts(mean: WeightedMean) -> list[str]:
    """What the last point breaks of a weighted mean and of single values."""
    broken = [_RULES["nelson_1"]] if mean.is_spike[-1] else []
    if mean.is_shift[-1]:
        z, runs = float(mean.z[-1]), int(np.count_nonzero(~np.isnan(mean.z)))
        side = "above" if z > 0 else "below"
        broken.append(f"the weighted mean of the last {runs} runs is {abs(z):.2g} sigma {side} it")
    return broken


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")


def _of(group: str, history: Sequence[Point]) -> list[float | None]:
    listed = (point.numbers[0] for point in history)
    return [each.get(group) if isinstance(each, Mapping) else None for each in listed]


def _or(value: float | None, other: float) -> float:
    return other if value is None else value


def _baseline(history: Sequence[Point]) -> str:
    inherited = {point.kitchen: 0 for point in history if point.kitchen}
    of = f", {sum(1 for p in history if p.kitchen)} of them of {', '.join(inherited)}"
    return f"{len(history)} runs" + (of if inherited else "")
