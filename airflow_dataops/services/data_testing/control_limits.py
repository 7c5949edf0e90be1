"""Judge a number by the control chart of its history.

The baseline is learned from earlier runs in control, and keeps a stated number of false alarms
however short it is. An EWMA is drawn of the residuals of the same baseline: it sees small shifts
that last, where single points do not stand out.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np  # noqa: TID253 - imported by the task that judges by a chart

from airflow_dataops.control_charts.budget import parse_budget, plan
from airflow_dataops.control_charts.ewma import WEIGHT, smoothed
from airflow_dataops.control_charts.expectation import Expectation
from airflow_dataops.control_charts.learning import FEWEST, Learning, learn
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.run_length import ewma_run_length
from airflow_dataops.control_charts.seasons import dated
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
# The newest runs are watched, not learned from: a run of points, or a shift, is seen in them.
FEWEST_LEARNED, MOST_WATCHED = 20, 15
_RULES = {
    "nelson_1": "beyond the limits",
    "nelson_2": "nine runs in a row on one side",
    "nelson_3": "six runs in a row rising or falling",
    "nelson_5": "two of three runs far out on one side",
    "nelson_6": "four of five runs out on one side",
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
    watched = min(MOST_WATCHED, max(0, len(history) - FEWEST_LEARNED))
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
    said = _said_by(rule, process, chart)
    return said._replace(measured=value, model=process.model, baseline=told)


def _said_by(rule: ControlLimits, process: Expectation, chart: Chart) -> Judged:
    """The last point against its limits, or against those of the weighted mean."""
    center = float(np.asarray(chart.center)[-1])
    low, high = float(np.asarray(chart.lower)[-1]), float(np.asarray(chart.upper)[-1])
    if math.isnan(center):
        why = "this kind of day is not known yet"
        return Judged(holds=None, measured=None, detail=why)
    expected = f"expected {number(_rounded(center))}, limits {number(_rounded(low))} to "
    expected += number(_rounded(high))
    if rule.chart == "ewma":
        # A single point far out moves a weighted mean too little to be seen there.
        value = float(chart.values[-1])
        shift = None if low <= value <= high else _RULES["nelson_1"]
        shift = _ewma(rule, process, chart) or shift
        if shift is not None:
            expected = f"{expected}; {shift}"
        return Judged(shift is None, None, expected, low=low, high=high)
    broken = [_RULES.get(name, name) for name in chart.broken_at(-1)]
    told = f"{expected}; {', '.join(broken)}" if broken else expected
    return Judged(not broken, None, told, low=low, high=high)


def _ewma(rule: ControlLimits, process: Expectation, chart: Chart) -> str | None:
    """What a weighted mean of the last residuals says, if it is beyond its limits.

    Its limits allow for a baseline whose mean is estimated, which a mean of many points sees
    better than single points do.
    """
    rate = parse_budget(rule.false_alarms)
    off = chart.values - np.asarray(chart.center)
    off = off[~np.isnan(off)]
    if not process.sigma:
        return "moved from a history that does not vary" if np.any(off != 0) else None
    z = smoothed(off / process.sigma, WEIGHT)[-1]
    error = math.sqrt(WEIGHT / (2 - WEIGHT) + process.worst_leverage)
    width = _width(rate) * process.plan.factor / plan(rate).factor
    if abs(z) <= width * error:
        return None
    side = "above" if z > 0 else "below"
    return f"the weighted mean of the last {len(off)} runs is {abs(z):.2g} sigma {side} it"


@lru_cache
def _width(rate: float) -> float:
    """Width of EWMA limits whose mean run length in control is one over the rate."""
    low, high = 1.0, 6.0
    for _ in range(12):
        middle = (low + high) / 2
        arl = ewma_run_length(weight=WEIGHT, width=middle, asymptotic=True).mean
        low, high = (middle, high) if arl < 1 / rate else (low, middle)
    return high


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
