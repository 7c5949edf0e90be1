"""Points of another sample, as a run's own sample would have measured them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.judging import Point
from airflow_dataops.domain.rescaling import rescaled
from airflow_dataops.domain.results import inherited_points
from airflow_dataops.services.data_testing.control_limits import judged

DAY = timedelta(days=1)
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
SHARE, ROWS, BUDGET = 0.05, 20_000, 1 / 200
ORDERS = table("redshift", "orders", sampled=SHARE)
CHARTS = [ORDERS.row_count().within_control_limits(chart) for chart in ("individuals", "ewma")]


def parents(*values, **more):
    return [
        Point(at=BEGIN + n * DAY, numbers=(value,), kitchen="demo_dev", **more)
        for n, value in enumerate(values)
    ]


def found(measure, *values):
    test = measure.within_control_limits()
    return [point.numbers[0] for point in rescaled(test, parents(*values))]


def test_counts_and_sums_shrink_with_the_sample_and_get_its_noise():
    counts = found(ORDERS.row_count(), *[10_000.0] * 200)
    assert np.mean(counts) == pytest.approx(500, rel=0.01)
    assert np.std(counts) == pytest.approx((10_000 * SHARE * (1 - SHARE)) ** 0.5, rel=0.2)
    sums = found(ORDERS.sum("sales"), *(1000.0, 1100.0) * 50)
    assert np.mean(sums) == pytest.approx(52.5, rel=0.15)
    assert np.std(sums) > 5


def test_means_shares_and_quantiles_stay():
    for measure in (ORDERS.mean("sales"), ORDERS.null_share("sales"), ORDERS.median("sales")):
        assert found(measure, 3.0, 4.0) == [3.0, 4.0]


def test_what_follows_its_sample_in_unknown_ways_is_learned_anew():
    for measure in (ORDERS.distinct_count("shop"), ORDERS.maximum("sales")):
        assert found(measure, 3.0, 4.0) == []


def test_each_group_shrinks():
    [point] = found(ORDERS.row_count(by="shop"), {"north": 1e6, "south": 1e8})
    assert point["north"] == pytest.approx(5e4, rel=0.02)
    assert point["south"] == pytest.approx(5e6, rel=0.02)


def test_points_of_the_same_sample_stay_and_those_of_a_smaller_one_grow():
    test = CHARTS[0]
    own = parents(500.0, sampled=SHARE)
    assert rescaled(test, own) == own
    [grown] = rescaled(test, parents(50.0, sampled=SHARE / 10))
    assert grown.numbers == (pytest.approx(500.0),)


def test_each_run_sees_the_same_noise():
    past = parents(*[10_000.0] * 9)
    assert rescaled(CHARTS[0], past)[:8] == rescaled(CHARTS[0], past[:8])


@pytest.mark.parametrize("test", CHARTS, ids=lambda test: test.rule.chart)
def test_a_sampled_kitchens_first_runs_are_judged_quietly_and_sharply(test):
    random, said, faults, trials = np.random.default_rng(3), [], 0, 4
    for _ in range(trials):
        whole = np.maximum(1, random.normal(ROWS, 0.01 * ROWS, 90)).astype(int)
        past, own = parents(*map(float, whole[:60])), []
        usual = ROWS * SHARE
        sigma = ((0.01 * usual) ** 2 + usual * (1 - SHARE)) ** 0.5
        first = rescaled(test, past)
        faults += judged(test.rule, usual + 5 * sigma, first, BEGIN + 60 * DAY).holds is False
        for n, rows in enumerate(whole[60:], start=60):
            wanted = inherited_points(len(own))
            history = rescaled(test, past[len(past) - min(wanted, 60) :] + own)
            value, at = float(random.binomial(rows, SHARE)), BEGIN + n * DAY
            holds = judged(test.rule, value, history, at).holds
            said.append(holds)
            is_usual = holds is not False
            own.append(Point(at=at, numbers=(value,), is_in_control=is_usual, sampled=SHARE))
    assert None not in said
    assert said.count(False) / len(said) <= 1.5 * BUDGET
    assert faults / trials >= 0.95


@pytest.mark.parametrize("sampled", [0, 1.5, -1, "a lot", None])
def test_what_is_no_share_is_refused(sampled):
    with pytest.raises(ValueError, match=r"such as 0\.05"):
        table("redshift", "orders", sampled=sampled)
    with pytest.raises(ValueError, match=r"such as 0\.05"):
        file("s3", key="orders.csv", sampled=sampled)


def test_a_share_can_be_a_template():
    for asset in (
        table("redshift", "orders", sampled="{{ params.share }}"),
        file("s3", key="orders.csv", bucket="b", sampled="{{ params.share }}"),
    ):
        assert asset.rendered(lambda text: text.replace("{{ params.share }}", "0.1")).sampled == 0.1
        with pytest.raises(ValueError, match="sampled is 'all of it'"):
            asset.rendered(lambda _: "all of it")
