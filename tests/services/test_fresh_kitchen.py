"""A kitchen's first runs are judged by its parent's past: quiet, sharp, and at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from airflow_dataops.domain.data_test_rules import ControlLimits
from airflow_dataops.domain.judging import Point
from airflow_dataops.domain.results import inherited_points
from airflow_dataops.services.data_testing.control_limits import judged

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
BUDGET, FIRST_RUNS = 1 / 200, 30
CHARTS = [ControlLimits(chart, "1 per 200 runs") for chart in ("individuals", "ewma")]


def parents_past(values):
    return [
        Point(at=BEGIN + n * DAY, numbers=(float(value),), kitchen="demo_dev")
        for n, value in enumerate(values)
    ]


def first_runs(rule, values, inherited):
    """What each of a kitchen's first runs says, the points before them being its parent's."""
    parents, own = parents_past(values[:inherited]), []
    for n, value in enumerate(values[inherited:], start=inherited):
        wanted = inherited_points(sum(point.is_in_control for point in own))
        past = parents[len(parents) - min(wanted, len(parents)) :] + own
        at = BEGIN + n * DAY
        holds = judged(rule, float(value), past, at).holds
        own.append(Point(at=at, numbers=(float(value),), is_in_control=holds is not False))
        yield holds


@pytest.mark.parametrize("rule", CHARTS, ids=lambda rule: rule.chart)
def test_false_alarms_of_the_first_thirty_runs_stay_within_the_budget(rule):
    random, said = np.random.default_rng(41), []
    for _ in range(10):
        said += first_runs(rule, random.normal(100, 10, 50 + FIRST_RUNS), 50)
    assert None not in said
    # Many trials find 0.004; these are 300 runs.
    assert said.count(False) / len(said) <= 1.5 * BUDGET


@pytest.mark.parametrize("inherited", [30, 50])
@pytest.mark.parametrize("rule", CHARTS, ids=lambda rule: rule.chart)
def test_a_value_that_is_five_sigma_off_in_the_first_run_is_found(rule, inherited):
    random, trials = np.random.default_rng(42), 60
    found = sum(
        judged(rule, 150.0, parents_past(random.normal(100, 10, inherited)), None).holds is False
        for _ in range(trials)
    )
    assert found / trials >= 0.95


def test_eight_runs_of_the_parent_give_a_real_verdict():
    past = parents_past(np.random.default_rng(43).normal(100, 10, 8))
    assert [judged(rule, 101.0, past, BEGIN + 8 * DAY).holds for rule in CHARTS] == [True, True]


def test_each_own_run_replaces_several_that_were_inherited():
    assert [inherited_points(own) for own in (0, 1, 15, 29, 30, 200)] == [120, 116, 60, 4, 0, 0]
