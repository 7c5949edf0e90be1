"""What must not matter does not: unit, origin, direction, and what comes later."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from airflow_dataops.control_charts.batch import individuals_of_each
from airflow_dataops.control_charts.cusum import cusum
from airflow_dataops.control_charts.ewma import ewma, smoothed
from airflow_dataops.control_charts.observations import UnusableData, series
from airflow_dataops.control_charts.rules import NELSON
from airflow_dataops.control_charts.variables import individuals

# Whole numbers, so that shifting and scaling by powers of two rounds nothing.
SERIES = st.lists(st.integers(-50, 50), min_size=2, max_size=50)
SYMMETRIC = [r for r in NELSON if r not in ("nelson_5", "nelson_6")]


def verdicts(x, rules=NELSON):
    return {r: f.tolist() for r, f in individuals(x).chart(tuple(rules)).violations.items()}


@given(x=SERIES, by=st.integers(-1000, 1000))
def test_an_origin_does_not_matter(x, by):
    assert verdicts([v + by for v in x]) == verdicts(x)


@given(x=SERIES, times=st.sampled_from([0.125, 0.5, 2, 1024]))
def test_a_unit_does_not_matter(x, times):
    assert verdicts([v * times for v in x]) == verdicts(x)


@given(x=SERIES)
def test_up_and_down_are_alike(x):
    assert verdicts([-v for v in x]) == verdicts(x)


@given(x=SERIES)
def test_limits_are_the_same_read_backwards(x):
    there, back = individuals(x).chart(), individuals(x[::-1]).chart()
    assert (there.center, there.upper) == pytest.approx((back.center, back.upper))


@given(x=SERIES)
def test_a_rule_holds_backwards_as_often_where_it_has_no_last_point(x):
    there, back = verdicts(x, SYMMETRIC), verdicts(x[::-1], SYMMETRIC)
    assert {r: sum(f) for r, f in there.items()} == {r: sum(f) for r, f in back.items()}


@given(past=SERIES, new=SERIES, later=SERIES)
def test_a_later_point_changes_no_earlier_verdict_of_a_monitoring(past, new, later):
    charts = [
        individuals(past),
        ewma(past),
        cusum(past, target=float(np.mean(past)), sigma=3.0),
    ]
    for baseline in charts:
        watched = baseline.monitor(series(new))
        before = watched.chart(NELSON)
        after = watched.extended(series(later)).chart(NELSON)
        for rule, flags in before.violations.items():
            assert after.violations[rule][: len(new)].tolist() == flags.tolist()


@given(past=SERIES, new=SERIES)
def test_a_tested_point_is_no_part_of_its_baseline(past, new):
    baseline = individuals(past)
    chart = baseline.monitor(series(new)).chart()
    assert (chart.center, chart.sigma) == (baseline.process.center, baseline.process.sigma)
    assert chart.values.tolist() == new


@given(x=SERIES, weight=st.floats(0.01, 1))
def test_weighted_means_are_those_of_the_recursion(x, weight):
    z, plain = 0.0, []
    for value in x:
        z = weight * value + (1 - weight) * z
        plain.append(z)
    assert smoothed(np.array(x, dtype=float), weight) == pytest.approx(plain, abs=1e-9)


@given(x=SERIES, headstart=st.sampled_from([0.0, 2.0]))
def test_sums_are_those_of_the_recursion(x, headstart):
    curves = cusum(x, target=1.0, sigma=2.0, headstart=headstart).chart().curves
    high = low = 2.0 * headstart
    for index, value in enumerate(x):
        high, low = max(0, high + value - 1 - 1), max(0, low + 1 - value - 1)
        assert (curves["high"][index], curves["low"][index]) == pytest.approx((high, low))


@given(
    rows=st.lists(
        st.lists(st.none() | st.integers(-9, 9), min_size=12, max_size=12), min_size=1, max_size=5
    )
)
def test_a_batch_finds_what_each_series_finds_alone(rows):
    assume(all(sum(v is not None for v in row) >= 2 for row in rows))
    table = np.array(rows, dtype=float)
    batch = individuals_of_each(table, rules=NELSON)
    for index, row in enumerate(rows):
        alone = individuals(row).chart(NELSON)
        found = (batch.center[index], batch.sigma[index], batch.lower[index], batch.upper[index])
        assert found == pytest.approx((alone.center, alone.sigma, alone.lower, alone.upper))
        for rule in NELSON:
            assert batch.violations[rule][index].tolist() == alone.violations[rule].tolist()


def test_a_batch_can_learn_from_its_first_points():
    table = np.array([[1.0, 2, 1, 2, 30], [5, 6, 5, 6, 5]])
    batch = individuals_of_each(table, baseline=4)
    assert batch.center.tolist() == [1.5, 5.5]
    assert batch.violations["nelson_1"].tolist() == [[False] * 4 + [True], [False] * 5]


def test_a_batch_names_the_series_it_cannot_judge():
    with pytest.raises(UnusableData, match=r"series 2 has 1 point\(s\) to learn from"):
        individuals_of_each(np.array([[1.0, 2, 3], [1, np.nan, np.nan]]))
    with pytest.raises(UnusableData, match="series 1: point 2 is infinite"):
        individuals_of_each(np.array([[1.0, np.inf, 3]]))
    with pytest.raises(UnusableData, match="a batch is a table"):
        individuals_of_each(np.arange(5.0))
