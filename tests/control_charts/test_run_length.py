"""Average run lengths agree with the published ones and with the charts themselves."""

from __future__ import annotations

import numpy as np
import pytest

from airflow_dataops.control_charts.automaton import automaton
from airflow_dataops.control_charts.cusum import Cusum
from airflow_dataops.control_charts.ewma import Ewma
from airflow_dataops.control_charts.observations import Observations
from airflow_dataops.control_charts.rules import NELSON, WESTERN_ELECTRIC, violations
from airflow_dataops.control_charts.run_length import (
    cusum_run_length,
    ewma_run_length,
    run_length,
)
from tests.control_charts.published import EXAMPLES

PUBLISHED = EXAMPLES["run_lengths"]
SETS = {"1": 1, "1+2": 2, "1+2+3+4 (run of 8)": 4}


@pytest.mark.parametrize("name", SETS)
def test_western_electric_rules_agree_with_champ_and_woodall(name):
    rules = WESTERN_ELECTRIC[: SETS[name]]
    found = [run_length(rules, shift=shift) for shift in PUBLISHED["shift_in_sigma"]]
    assert [round(length.mean, 2) for length in found] == PUBLISHED["western_electric"][name]
    assert {(length.method, length.standard_error) for length in found} == {("Markov chain", 0)}


@pytest.mark.parametrize(("weight", "width"), [(0.2, 2.962), (0.1, 2.814)])
def test_weighted_means_agree_with_lucas_and_saccucci(weight, width):
    table = PUBLISHED["ewma"]
    found = [
        ewma_run_length(weight=weight, width=width, shift=shift, asymptotic=True)
        for shift in table["shift_in_sigma"]
    ]
    expected = table[f"lambda {weight:.2f}, L {width}"]
    assert [round(length.mean, 2) for length in found] == expected
    assert found[0].method == "integral equation"


def test_a_weight_of_one_is_a_shewhart_chart():
    for shift in (0, 1, 2.5):
        weighted = ewma_run_length(weight=1.0, width=3.0, shift=shift)
        assert weighted.mean == pytest.approx(run_length(shift=shift).mean, rel=1e-6)


@pytest.mark.parametrize(
    ("h", "expected"),
    # Montgomery, table 9.3: k = 0.5, shifts of 0, 0.25, 0.5, 1 and 2 sigma.
    [(4, [168, 74.2, 26.6, 8.38, 3.34]), (5, [465, 139, 38.0, 10.4, 4.01])],
)
def test_sums_agree_with_montgomery(h, expected):
    found = [cusum_run_length(k=0.5, h=h, shift=s).mean for s in (0, 0.25, 0.5, 1, 2)]
    assert found == pytest.approx(expected, rel=0.005)


def test_a_headstart_agrees_with_lucas_and_crosier():
    found = [cusum_run_length(k=0.5, h=5, headstart=2.5, shift=s).mean for s in (0, 1)]
    assert found == pytest.approx([430, 6.35], rel=0.001)


def test_rules_on_the_order_of_values_are_simulated_and_the_result_says_so():
    found = run_length(NELSON, seed=11)
    assert found.method == "simulation"
    assert found.mean == pytest.approx(74, rel=0.02)
    assert 0 < found.standard_error < 0.01 * found.mean
    assert found == run_length(NELSON, seed=11)


def first_signals(draw, *, shift, series=2500, points=200, seed=3):
    """Own simulation through the charts: where each series first signals."""
    random = np.random.default_rng(seed)
    lengths = []
    for _ in range(series):
        chart = draw(Observations(values=random.normal(shift, 1, points)))
        lengths.append(int(np.argmax(chart.flagged())) + 1)
    return np.mean(lengths)


def test_the_rules_themselves_run_as_long_as_published():
    random = np.random.default_rng(3)
    flags = violations(random.normal(1, 1, (40_000, 300)), 0.0, 1.0, WESTERN_ELECTRIC)
    first = np.logical_or.reduce(list(flags.values())).argmax(axis=1) + 1
    published = PUBLISHED["western_electric"]["1+2+3+4 (run of 8)"][2]
    assert first.mean() == pytest.approx(published, rel=0.02)


def test_an_ewma_chart_finds_one_sigma_as_fast_as_tabled():
    chart = Ewma(center=0.0, sigma=1.0, weight=0.2, width=2.962)
    found = first_signals(lambda seen: chart.draw(seen, ()), shift=1.0)
    exact = ewma_run_length(weight=0.2, width=2.962, shift=1.0).mean
    assert found == pytest.approx(exact, rel=0.02)
    # The table's limits do not vary; ours are narrower at the start, so sooner but within 10 %.
    assert found == pytest.approx(10.54, rel=0.10)


def test_a_cusum_chart_finds_one_sigma_as_fast_as_tabled():
    chart = Cusum(target=0.0, k=0.5, h=5.0)
    found = first_signals(lambda seen: chart.draw(seen, ()), shift=1.0)
    assert found == pytest.approx(cusum_run_length(k=0.5, h=5.0, shift=1.0).mean, rel=0.02)


def test_a_headstart_of_both_sums_runs_as_long_as_the_formula_says():
    chart = Cusum(target=0.0, k=0.5, h=4.0, headstart=2.0)
    found = first_signals(lambda seen: chart.draw(seen, ()), shift=0.5, points=300)
    expected = cusum_run_length(k=0.5, h=4.0, headstart=2.0, shift=0.5).mean
    assert found == pytest.approx(expected, rel=0.04)


def test_states_that_no_future_tells_apart_are_one():
    # Champ and Woodall need a flag for each of two sides and two places: seven states with a past.
    assert len(automaton(frozenset({"nelson_1", "nelson_5"}))) == 7
    assert len(automaton(frozenset({"nelson_1"}))) == 1
    with pytest.raises(ValueError, match="nelson_3 look at more than zones"):
        automaton(frozenset({"nelson_3"}))
