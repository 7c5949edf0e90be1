"""A weighted mean beside single values keeps a budget of false alarms, each run counted."""

from __future__ import annotations

import numpy as np
import pytest

from airflow_dataops.control_charts.distributions import (
    normal_cdf,
    normal_cdf_of_many,
    t_tail,
)
from airflow_dataops.control_charts.expectation import Expectation
from airflow_dataops.control_charts.learning import learn
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.weighted_mean import t_quantile, weighted_mean

RATE = 1 / 200


def watched(past, new, rate=RATE):
    process = learn(series(past)).process
    assert isinstance(process, Expectation)
    return weighted_mean(process, series([*past, *new]), rate)


def autocorrelated(random, points, share):
    x = random.normal(size=points + 30)
    for i in range(1, len(x)):
        x[i] += share * x[i - 1]
    return x[30:]


@pytest.mark.parametrize(
    ("chance", "degrees", "published"),
    [(0.05, 10, 2.228), (0.01, 19, 2.861), (0.001, 29, 3.659)],
)
def test_quantiles_of_students_t_are_those_of_the_tables(chance, degrees, published):
    assert t_quantile(chance, degrees) == pytest.approx(published, abs=5e-4)
    assert t_tail(t_quantile(chance, degrees), degrees) == pytest.approx(chance)


def test_the_first_limits_are_prediction_limits_of_one_value():
    past = np.random.default_rng(8).normal(50, 4, 40)
    past -= 0.6 * np.concatenate([[0.0], past[:-1] - 50])  # nothing to find: no positive lag
    mean = watched(past, [50.0, 50.0])
    reach = t_quantile(RATE / 2, 39) * past.std(ddof=1) * (1 + 1 / 40) ** 0.5
    assert mean.reach[0] == pytest.approx(reach)
    # z of one value is a fifth of it, and its limit a fifth of that value's.
    assert mean.limit[0] * past.std(ddof=1) * 5 == pytest.approx(reach, rel=1e-3)
    assert mean.limit[1] > mean.limit[0]


@pytest.mark.parametrize(("points", "share"), [(20, 0), (60, 0), (40, 0.7)])
def test_each_run_in_control_signals_at_no_more_than_the_rate(points, share):
    random = np.random.default_rng(31)
    alarms, noisy, trials = 0, 0, 200
    for _ in range(trials):
        x = autocorrelated(random, points + 30, share)
        mean = watched(x[:points], x[points:])
        flags = mean.is_spike | mean.is_shift
        alarms += int(flags.sum())
        noisy += bool(flags.any())
    # Three standard errors, of runs that come in clusters of about three.
    assert alarms / (30 * trials) <= RATE + 3 * (3 * RATE / (30 * trials)) ** 0.5
    assert noisy / trials <= 0.10 + 3 * (0.09 / trials) ** 0.5


def test_a_shift_of_one_and_a_half_sigma_is_seen_though_no_value_shows_it():
    random, found, spikes, trials = np.random.default_rng(32), 0, 0, 200
    for _ in range(trials):
        x = random.normal(0, 1, 75)
        x[60:] += 1.5
        mean = watched(x[:60], x[60:])
        found += bool(mean.is_shift.any())
        spikes += bool(mean.is_spike.any())
    assert found / trials >= 0.9
    assert spikes / trials <= 0.8


def test_zeros_of_a_series_full_of_them_are_no_spikes():
    random = np.random.default_rng(33)
    past = np.where(random.random(60) < 0.4, 0, random.normal(50, 3, 60))
    mean = watched(past, [0.0, 51.0, 0.0, 90.0])
    assert mean.is_spike.tolist() == [False, False, False, True]
    assert np.isnan(mean.z[2])


def test_the_table_of_the_normal_distribution_is_that_of_its_formula():
    z = np.linspace(-12, 12, 5001)
    assert np.abs(normal_cdf_of_many(z) - normal_cdf(z)).max() < 1e-12
