"""Judging a run by the chart of the runs before it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from airflow_dataops.domain.data_test_rules import ControlLimits
from airflow_dataops.domain.judging import Point
from airflow_dataops.services.data_testing.control_limits import judged

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
CHARTS = [ControlLimits(chart, "1 per 200 runs") for chart in ("individuals", "ewma")]
USUAL = 100 + 10 * np.random.default_rng(7).standard_normal(90)


def past(values, **more):
    return [
        Point(at=BEGIN + n * DAY, numbers=(float(value),), **more) for n, value in enumerate(values)
    ]


def said(rule, value, points):
    return judged(rule, value, points, BEGIN + len(points) * DAY)


@pytest.mark.parametrize("rule", CHARTS, ids=lambda rule: rule.chart)
def test_a_fault_of_five_sigma_in_the_first_run_is_found_with_a_past_that_is_inherited(rule):
    inherited = past(USUAL[:30], kitchen="demo_dev")
    assert said(rule, 150.0, inherited).holds is False
    quiet = said(rule, 104.0, inherited)
    assert quiet.holds is True
    assert quiet.baseline == "30 runs, 30 of them of demo_dev"


@pytest.mark.parametrize("rule", CHARTS, ids=lambda rule: rule.chart)
def test_runs_in_control_seldom_raise_an_alarm(rule):
    alarms = [n for n in range(80, 90) if said(rule, USUAL[n], past(USUAL[:n])).holds is False]
    assert not alarms


def test_an_ewma_sees_a_shift_that_no_single_point_shows():
    shifted = [*USUAL[:60], *(USUAL[60:75] + 8)]
    whole = past(shifted)
    found = {
        rule.chart: any(said(rule, shifted[n], whole[:n]).holds is False for n in range(60, 75))
        for rule in CHARTS
    }
    assert found["ewma"]


def test_too_few_points_are_still_learned_from():
    for rule in CHARTS:
        told = said(rule, 1e9, past(USUAL[:5]))
        assert told.holds is None
        assert "still learning: 5 of 8" in told.detail
        assert said(rule, 1.0, []).holds is None


def test_points_out_of_control_are_not_learned_from():
    odd = past(USUAL[:30])
    odd[3::3] = [point._replace(numbers=(9000.0,), is_in_control=False) for point in odd[3::3]]
    assert said(CHARTS[0], 9000.0, odd).holds is False


def test_each_group_is_judged_by_its_own_past():
    points = [
        Point(at=BEGIN + n * DAY, numbers=({"north": v, "south": 10 * v},))
        for n, v in enumerate(map(float, USUAL[:30]))
    ]
    told = said(CHARTS[0], {"north": 1000.0, "south": 1000.0}, points)
    assert told.holds is False
    assert told.detail.startswith("1 of 2 groups are outside: north: 1000")
    new = said(CHARTS[0], {"north": 100.0, "south": 1000.0, "west": 5.0}, points)
    assert new.holds is True


def test_a_holiday_is_a_day_of_its_own_kind_and_is_learned_as_one():
    # Quiet Sundays, and three holidays on weekdays that sell as little as a Sunday.
    closed = (20, 41, 62)
    values = [
        20.0 + n % 3 if (BEGIN + n * DAY).weekday() == 6 or n in closed else 100.0 + n % 5
        for n in range(81)
    ]
    points, at = past(values), BEGIN + 81 * DAY
    holidays = tuple(f"{BEGIN + n * DAY:%Y-%m-%d}" for n in (*closed, 81))
    plain, aware = (ControlLimits("individuals", "1 per 200 runs", days) for days in ((), holidays))
    assert at.weekday() == 0  # a Monday, on which 21 are too few, but on a holiday
    assert judged(plain, 21.0, points, at).holds is False
    assert judged(aware, 21.0, points, at).holds is True
    assert judged(aware, 101.0, points, at).holds is False
