"""A year of the partner's files on control charts: what would have been said, week by week.

The demo runs some weeks only. What the others would have measured is computed from the same real
files, outside of Airflow, and judged by the product's own charts as if each week had run in its
turn: a corrupted file, and purchases of which a little more go missing each week.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING

from airflow_dataops.demo.retail_data import MONDAYS, weekly_numbers
from airflow_dataops.domain.data_test_rules import ControlLimits
from airflow_dataops.domain.judging import Point
from airflow_dataops.services.data_testing.control_limits import judged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_dataops.demo.retail_data import WeekNumbers
    from airflow_dataops.domain.judging import Judged

    Measure = Callable[[WeekNumbers], float]

BUDGET = "1 per 200 runs"
SINGLE, WEIGHTED = (ControlLimits(chart, BUDGET) for chart in ("individuals", "ewma"))
# From this week on so much more of each file is missing than of the one before.
DRIFT_SINCE, DRIFT_PER_WEEK = date(2017, 9, 4), 0.012


@dataclass(frozen=True, slots=True, kw_only=True)
class Year:
    """What the charts said.

    Attributes:
        weeks: that were judged in the year as it was.
        alarms: those of them that were told as unusual, by any of the charts.
        corrupted: what each measure's chart said of the corrupted file, by the measure's name.
        drift_by_value: when a week, or a mean of two or three, was beyond; None if never.
        drift_by_mean: when the weighted mean was.
        said: what was said then.
    """

    weeks: int
    alarms: tuple[date, ...]
    corrupted: dict[str, Judged]
    drift_by_value: date | None
    drift_by_mean: date | None
    said: str


def rows(week: WeekNumbers) -> float:
    """Purchases in a file."""
    return float(week.rows)


def mean_sale(week: WeekNumbers) -> float:
    """Dollars per purchase."""
    return week.mean_sale


def year_on_charts() -> Year:
    """Judge the year as it was, the corrupted file after it, and the year with a drift."""
    *sound, last = weekly_numbers(MONDAYS[1:])
    alarms = {
        monday
        for measure in (rows, mean_sale)
        for rule in (SINGLE, WEIGHTED)
        for monday, one in _in_turn(sound, measure, rule)
        if one.holds is False
    }
    corrupted = replace(last, rows=last.rows * 2 // 3, mean_sale=last.mean_sale * 100)
    of_corrupted = {
        measure.__name__: _judged(corrupted, _points(sound, measure), measure, SINGLE)
        for measure in (rows, mean_sale)
    }
    drifting = [_drifted(week) for week in sound]
    by_value, by_mean = (_first(drifting, rule) for rule in (SINGLE, WEIGHTED))
    return Year(
        weeks=len(sound),
        alarms=tuple(sorted(alarms)),
        corrupted=of_corrupted,
        drift_by_value=by_value[0] if by_value else None,
        drift_by_mean=by_mean[0] if by_mean else None,
        said=by_mean[1].detail if by_mean else "",
    )


def tell(say: Callable[[str], None], corrupted: str) -> list[str]:
    """Say what a year of files looks like on charts; what is not as it should be."""
    year = year_on_charts()
    say("")
    say(f"a year on charts: {year.weeks} real weekly files, measured outside of Airflow")
    told = ", ".join(map(str, year.alarms)) or "none"
    say(f"  as it was: {told} of {year.weeks} weeks told as unusual, where {BUDGET} is allowed")
    for measure, one in year.corrupted.items():
        verdict = "stopped" if one.holds is False else "NOT SEEN"
        say(f"  {corrupted}, corrupted: {verdict} by {measure.replace('_', ' ')}, {one.detail}")
    say(f"  if {DRIFT_PER_WEEK:.1%} more of each file were missing since {DRIFT_SINCE}:")
    warned = f"on {year.drift_by_mean}: {year.said}" if year.drift_by_mean else "NEVER"
    say(f"    a warning of the weighted mean (ewma) {warned}")
    say(f"    single weeks (individuals) show it on {year.drift_by_value or 'no day'}")
    problems = [
        f"the corrupted week was not seen by {measure}"
        for measure, one in year.corrupted.items()
        if one.holds is not False
    ]
    return problems + ([] if year.drift_by_mean else ["no chart saw the drift"])


def _in_turn(
    weeks: Sequence[WeekNumbers], measure: Measure, rule: ControlLimits
) -> Iterator[tuple[date, Judged]]:
    """What is said of each week; what was told as unusual is not learned from."""
    past: list[Point] = []
    for week, point in zip(weeks, _points(weeks, measure), strict=True):
        one = _judged(week, past, measure, rule)
        past.append(point._replace(is_in_control=one.holds is not False))
        yield week.monday, one


def _judged(
    week: WeekNumbers, past: Sequence[Point], measure: Measure, rule: ControlLimits
) -> Judged:
    return judged(rule, measure(week), past, _at(week))


def _points(weeks: Sequence[WeekNumbers], measure: Measure) -> list[Point]:
    return [Point(at=_at(week), numbers=(measure(week),)) for week in weeks]


def _at(week: WeekNumbers) -> datetime:
    return datetime.combine(week.monday, time(6), UTC)


def _first(weeks: Sequence[WeekNumbers], rule: ControlLimits) -> tuple[date, Judged] | None:
    said = (each for each in _in_turn(weeks, rows, rule) if each[0] >= DRIFT_SINCE)
    return next((each for each in said if each[1].holds is False), None)


def _drifted(week: WeekNumbers) -> WeekNumbers:
    passed = max(0, (week.monday - DRIFT_SINCE).days // 7 + 1)
    return replace(week, rows=int(week.rows * (1 - DRIFT_PER_WEEK * passed)))
