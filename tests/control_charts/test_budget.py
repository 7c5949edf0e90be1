"""The stated number of false alarms is kept, also after short baselines; shifts are still found."""

from __future__ import annotations

import numpy as np
import pytest

from airflow_dataops.control_charts.budget import parse_budget, plan
from airflow_dataops.control_charts.learning import Learning, learn
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.rules import violations
from airflow_dataops.control_charts.run_length import run_length
from tests.control_charts.published import EXAMPLES

RATE = 1 / 200
REPLICATIONS = 20_000


def after_baselines(points, *, shift=0.0, new=30, textbook=False, seed=5):
    """Flags of new points after baselines of so many points, one row per baseline."""
    random = np.random.default_rng(seed)
    past = random.normal(size=(REPLICATIONS, points))
    center = past.mean(axis=1, keepdims=True)
    if textbook:
        sigma = np.abs(np.diff(past, axis=1)).mean(axis=1, keepdims=True) / 1.128379
        rules, factor = ("nelson_1",), 1.0
    else:
        sigma = past.std(axis=1, ddof=1, keepdims=True)
        kept = plan(RATE, leverage=1 / points, degrees=points - 1)
        rules, factor = kept.rules, kept.factor
    judged = random.normal(shift, 1, (REPLICATIONS, new))
    found = violations(judged, center, sigma * factor, rules)
    return np.logical_or.reduce(list(found.values()))


@pytest.mark.parametrize("points", [8, 12, 20, 30, 50, 100])
def test_a_false_alarm_in_30_points_is_rare_after_any_baseline(points):
    flags = after_baselines(points)
    # Three standard errors of the simulation.
    assert flags.any(axis=1).mean() <= 0.10 + 3 * (0.09 / REPLICATIONS) ** 0.5
    assert flags.mean() <= RATE * 1.05


@pytest.mark.parametrize("points", [8, 20, 50])
def test_the_formulas_say_what_a_simulation_finds(points):
    kept = plan(RATE, leverage=1 / points, degrees=points - 1)
    flags = after_baselines(points)
    assert flags.any(axis=1).mean() == pytest.approx(kept.chance, abs=0.006)
    assert flags.mean() == pytest.approx(kept.rate, rel=0.1)


@pytest.mark.parametrize("points", [8, 20, 100])
def test_textbook_limits_cry_wolf_as_often_as_published(points):
    published = EXAMPLES["estimated_limits"]["naive_by_baseline_length"][str(points)]
    found = after_baselines(points, textbook=True).any(axis=1).mean()
    assert found == pytest.approx(published, abs=0.012)


@pytest.mark.parametrize(
    ("points", "found_at_least"), [(20, 0.90), (30, 0.94), (40, 0.95), (60, 0.96)]
)
def test_a_step_of_three_sigma_is_found_within_three_points(points, found_at_least):
    flags = after_baselines(points, shift=3.0, new=3)
    assert flags.any(axis=1).mean() >= found_at_least


def test_200_series_in_control_stay_within_the_budget():
    random = np.random.default_rng(20)
    alarms = noisy = 0
    for _ in range(200):
        x = random.normal(100, 7, 60)
        flagged = learn(series(x[:30])).monitor(series(x[30:])).chart().flagged()
        alarms += int(flagged.sum())
        noisy += bool(flagged.any())
    assert alarms <= 200 * 30 * RATE
    assert noisy <= 200 * 0.10 + 3 * (200 * 0.09) ** 0.5


def test_known_limits_are_widened_by_the_budget_alone():
    rare = plan(1 / 1000)
    assert rare.rules == ("nelson_1", "mean_of_2", "mean_of_3")
    assert rare.rate == pytest.approx(1 / 1000, rel=0.01)
    # Signals come in clusters, so the first of them comes later than one in 1000.
    length = run_length(rare.rules, width=3 * rare.factor, replications=2000)
    assert length.mean > 1000
    assert length.method == "simulation"
    assert plan(1 / 1000).factor > plan(1 / 370).factor > plan(1 / 200).factor


def test_shorter_baselines_have_wider_limits():
    factors = [plan(RATE, leverage=1 / n, degrees=n - 1).factor for n in (8, 12, 20, 50, 300)]
    assert factors == sorted(factors, reverse=True)
    assert factors[-1] == pytest.approx(plan(RATE).factor, rel=0.02)


def test_a_budget_is_written_in_words():
    assert parse_budget("1 per 200 runs") == 1 / 200
    assert parse_budget(" 3 per 1000 points ") == 3 / 1000
    for wrong in ("often", "1/200", "0 per 200 runs", "1 per 5 runs", "-1 per 200 runs"):
        with pytest.raises(ValueError, match="budget"):
            parse_budget(wrong)


def test_a_chart_that_still_learns_says_how_far_it_is():
    learning = learn(series([1, 2, None, 4, 5]))
    assert isinstance(learning, Learning)
    assert (learning.seen, learning.needed) == (4, 8)
    assert str(learning) == "still learning: 4 of 8 points"
