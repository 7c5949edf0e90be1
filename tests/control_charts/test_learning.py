"""Real series: each model is found by its test, named with its reason, and keeps the budget."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pytest

from airflow_dataops.control_charts.learning import Learning, learn
from airflow_dataops.control_charts.observations import UnusableData, series
from airflow_dataops.control_charts.seasons import HOLIDAY, daily, kinds_of_days

DATES = [date(2026, 1, 1) + timedelta(days=i) for i in range(120)]  # from a Thursday on
WEEK = np.array([0, 1, 2, 1, 0, -20, -25.0])  # Monday to Sunday


def weekly(random, points):
    return 100 + WEEK[kinds_of_days(DATES[:points])] + random.normal(size=points)


def autocorrelated(random, points, share=0.7):
    shocks = random.normal(size=points + 50)
    x = np.zeros(points + 50)
    for i in range(1, points + 50):
        x[i] = share * x[i - 1] + shocks[i]
    return x[50:]


def why(baseline, name):
    return next(f for f in baseline.process.findings if f.name == name)


def test_a_plain_series_has_one_level_and_says_what_was_looked_for():
    baseline = learn(series(np.random.default_rng(1).normal(10, 1, 40)))
    assert baseline.process.model == "level"
    assert [f.name for f in baseline.process.findings] == [
        "zeros", "day of week", "trend", "autocorrelation",
    ]  # fmt: skip
    assert all(f.why for f in baseline.process.findings)


def test_a_weekend_is_no_alarm_and_a_weekday_like_a_weekend_is():
    random = np.random.default_rng(2)
    history = daily(weekly(random, 42), DATES[:42])
    baseline = learn(history)
    assert baseline.process.model == "level + day of week"
    assert "p" in why(baseline, "day of week").why
    usual = 100 + WEEK[kinds_of_days(DATES[42:56])]
    assert baseline.monitor(daily(usual, DATES[42:56])).chart().signals == []
    usual[4] = 80  # DATES[46] is a Monday
    assert DATES[46].weekday() == 0
    assert baseline.monitor(daily(usual, DATES[42:56])).chart().signals == [5]


def test_holidays_have_a_level_of_their_own_once_seen_twice():
    holidays = {DATES[6], DATES[20], DATES[50]}
    x = weekly(np.random.default_rng(3), 60)
    x[[6, 20, 50]] = 40
    assert kinds_of_days(DATES[:7], holidays)[6] == HOLIDAY
    known = learn(daily(x[:42], DATES[:42], holidays))
    assert known.monitor(daily(x[42:60], DATES[42:60], holidays)).chart().signals == []
    unknown = learn(daily(x[:42], DATES[:42], {DATES[50]}))
    judged = unknown.monitor(daily(x[42:60], DATES[42:60], {DATES[50]})).chart()
    assert np.isnan(judged.center[8])  # no level, so no verdict
    assert 9 not in judged.signals


def test_a_trend_is_followed_and_its_limits_widen_with_the_distance():
    random = np.random.default_rng(4)
    x = 5 + 0.4 * np.arange(70) + random.normal(size=70)
    baseline = learn(series(x[:40]))
    assert baseline.process.model == "level + trend"
    chart = baseline.monitor(series(x[40:])).chart()
    assert chart.signals == []
    widths = chart.upper - chart.lower
    assert (np.diff(widths) > 0).all()


def test_an_autocorrelated_series_is_judged_by_its_residuals():
    baseline = learn(series(autocorrelated(np.random.default_rng(5), 60)))
    finding = why(baseline, "autocorrelation")
    assert finding.used
    assert finding.why.startswith("AR(1): lag-1 correlation 0.")
    assert baseline.process.correlation == pytest.approx(0.7, abs=0.2)


@pytest.mark.parametrize(
    ("make", "points", "dated"),
    [
        pytest.param(lambda random, n: random.normal(size=n), 20, False, id="independent, 20"),
        pytest.param(autocorrelated, 20, False, id="autocorrelated, 20"),
        pytest.param(autocorrelated, 30, False, id="autocorrelated, 30"),
        pytest.param(autocorrelated, 60, False, id="autocorrelated, 60"),
        pytest.param(weekly, 42, True, id="weekly, 42"),
        pytest.param(lambda random, n: autocorrelated(random, n) + weekly(random, n), 56, True,
                     id="weekly and autocorrelated, 56"),
    ],
)  # fmt: skip
def test_the_budget_holds_whatever_the_series_is_like(make, points, dated):
    random = np.random.default_rng(6)
    noisy, trials = 0, 400
    for _ in range(trials):
        x = make(random, points + 30)
        past, new = x[:points], x[points:]
        if dated:
            baseline = learn(daily(past, DATES[:points]))
            later = daily(new, DATES[points : points + 30])
        else:
            baseline, later = learn(series(past)), series(new)
        noisy += bool(baseline.monitor(later).chart().flagged().any())
    # 0.10 and two standard errors of 400 trials.
    assert noisy / trials <= 0.13


def test_a_step_of_three_sigma_is_found_within_three_points_of_thirty():
    random, found, trials = np.random.default_rng(13), 0, 400
    for _ in range(trials):
        x = random.normal(50, 4, 33)
        x[30:] += 12
        found += bool(learn(series(x[:30])).monitor(series(x[30:])).chart().signals)
    # 0.90 of many trials; three standard errors of these.
    assert found / trials >= 0.855


def test_limits_are_wider_after_a_point_that_was_far_off():
    baseline = learn(series(autocorrelated(np.random.default_rng(5), 40)))
    chart = baseline.monitor(series([0.0, 0.1, 6.0, 0.0])).chart()
    widths = chart.upper - chart.lower
    assert widths[3] > 1.1 * widths[2]


def test_an_individuals_chart_would_break_it_where_the_series_is_autocorrelated():
    from airflow_dataops.control_charts.variables import individuals

    random, noisy = np.random.default_rng(7), 0
    for _ in range(100):
        x = autocorrelated(random, 60)
        noisy += bool(individuals(x[:30]).monitor(series(x[30:])).chart().signals)
    assert noisy > 60


def test_zeros_are_judged_by_how_many_come_in_a_row():
    random = np.random.default_rng(8)
    x = np.where(random.random(60) < 0.4, 0, random.normal(50, 3, 60))
    baseline = learn(series(x))
    assert why(baseline, "zeros").used
    in_a_row = baseline.process.zeros_in_a_row
    assert 5 <= in_a_row <= 15
    one = baseline.monitor(series([0, 50, 0, 49])).chart()
    assert one.signals == []
    many = baseline.monitor(series([50, *[0] * in_a_row, 80])).chart()
    assert many.broken_at(in_a_row) == ["zeros"]
    assert many.broken_at(in_a_row + 1) == ["nelson_1"]


def test_zeros_of_a_rare_count_are_ordinary():
    counts = np.random.default_rng(9).poisson(1.0, 60)
    assert not why(learn(series(counts)), "zeros").used


def test_missing_points_are_neither_judged_nor_learned_from():
    x = np.random.default_rng(1).normal(size=40)
    with_gaps = np.insert(x, [5, 20], np.nan)
    assert learn(series(with_gaps)).process.sigma == pytest.approx(learn(series(x)).process.sigma)
    chart = learn(series(x)).monitor(series([0.1, None, 9.0])).chart()
    assert chart.signals == [3]


def test_a_history_that_does_not_vary_makes_every_other_value_a_signal():
    baseline = learn(series([0.1] * 20))
    assert baseline.process.sigma == 0
    assert baseline.monitor(series([0.1, 0.1, 0.2])).chart().signals == [3]


def test_appending_a_point_changes_no_earlier_verdict():
    random = np.random.default_rng(11)
    x = autocorrelated(random, 80)
    watched = learn(series(x[:40])).monitor(series(x[40:60]))
    before = watched.chart().flagged().tolist()
    after = watched.extended(series([50.0, -50.0])).chart().flagged().tolist()
    assert after[:20] == before
    assert after[20]


def test_a_date_is_needed_for_each_point():
    with pytest.raises(UnusableData, match="there are 3 points and 2 dates"):
        daily([1, 2, 3], DATES[:2])


def test_dates_for_some_points_only_are_refused():
    baseline = learn(daily(weekly(np.random.default_rng(12), 30), DATES[:30]))
    with pytest.raises(UnusableData, match="dates or sizes"):
        baseline.monitor(series([1.0])).chart()


def test_seven_points_are_too_few_to_judge_anything():
    assert isinstance(learn(series([1, 2, 3, 4, 5, 6, 7])), Learning)
    assert not isinstance(learn(series([1, 2, 3, 4, 5, 6, 7, 8])), Learning)
