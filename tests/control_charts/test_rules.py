"""The vectorised rules agree with rules written out point by point, on any series."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.control_charts.rules import (
    NELSON,
    WESTERN_ELECTRIC,
    parse_rules,
    violations,
)

# Halves make points on lines, on the centre and equal neighbours common.
SERIES = st.lists(st.integers(-8, 8).map(lambda i: i / 2), min_size=1, max_size=60)
LONG_RUNS = st.lists(
    st.tuples(st.integers(-7, 7).map(lambda i: i / 2), st.integers(1, 12)), min_size=1, max_size=8
).map(lambda runs: [value for value, length in runs for _ in range(length)])


def last(z, t, count):
    return z[max(0, t - count + 1) : t + 1]


def k_of_m(z, t, k, m, line):
    return any(
        sign * z[t] > line and sum(sign * v > line for v in last(z, t, m)) >= k for sign in (1, -1)
    )


def in_a_row(z, t, length):
    window = last(z, t, length)
    return len(window) == length and (all(v > 0 for v in window) or all(v < 0 for v in window))


def steps(z, t, length):
    window = last(z, t, length)
    return np.diff(window) if len(window) == length else np.zeros(1)


def nelson_8(z, t):
    window = last(z, t, 8)
    outside = len(window) == 8 and all(abs(v) > 1 for v in window)
    return outside and min(window) < 0 < max(window)


def nelson_4(z, t):
    found = steps(z, t, 14)
    return len(found) == 13 and all(a * b < 0 for a, b in pairwise(found))


def mean_of(z, t, count, line):
    window = last(z, t, count)
    alone = [abs(v) > 3 for v in window]
    return len(window) == count and not any(alone) and abs(sum(window)) > count * line


PLAIN = {
    "nelson_1": lambda z, t: abs(z[t]) > 3,
    "nelson_2": lambda z, t: in_a_row(z, t, 9),
    "nelson_3": lambda z, t: bool(np.all(steps(z, t, 6) > 0) or np.all(steps(z, t, 6) < 0)),
    "nelson_4": nelson_4,
    "nelson_5": lambda z, t: k_of_m(z, t, 2, 3, 2),
    "nelson_6": lambda z, t: k_of_m(z, t, 4, 5, 1),
    "nelson_7": lambda z, t: t >= 14 and all(abs(v) < 1 for v in last(z, t, 15)),
    "nelson_8": nelson_8,
    "western_electric_1": lambda z, t: abs(z[t]) > 3,
    "western_electric_2": lambda z, t: k_of_m(z, t, 2, 3, 2),
    "western_electric_3": lambda z, t: k_of_m(z, t, 4, 5, 1),
    "western_electric_4": lambda z, t: in_a_row(z, t, 8),
    "mean_of_2": lambda z, t: mean_of(z, t, 2, 2.3),
    "mean_of_3": lambda z, t: mean_of(z, t, 3, 1.65),
}


@pytest.mark.parametrize("rule", PLAIN)
@given(z=SERIES | LONG_RUNS)
def test_a_rule_fires_where_its_words_say(rule, z):
    fires = violations(np.array(z), 0.0, 1.0, [rule])[rule]
    assert fires.tolist() == [PLAIN[rule](z, t) for t in range(len(z))]


@given(z=SERIES | LONG_RUNS, at=st.integers(0, 60))
def test_a_missing_point_leaves_its_neighbours_side_by_side(z, at):
    with_gap = np.insert(np.array(z), min(at, len(z)), np.nan)
    gap = np.isnan(with_gap)
    whole = violations(np.array(z), 0.0, 1.0, NELSON)
    for rule, flags in violations(with_gap, 0.0, 1.0, NELSON).items():
        assert flags[~gap].tolist() == whole[rule].tolist()
        assert not flags[gap].any()


@given(rows=st.lists(SERIES, min_size=1, max_size=4))
def test_many_series_are_judged_as_each_alone(rows):
    width = min(map(len, rows))
    table = np.array([row[:width] for row in rows])
    together = violations(table, np.zeros((len(rows), 1)), np.ones((len(rows), 1)), NELSON)
    for index, row in enumerate(table):
        alone = violations(row, 0.0, 1.0, NELSON)
        assert all(together[rule][index].tolist() == alone[rule].tolist() for rule in NELSON)


def test_a_mean_is_judged_by_the_spread_of_each_of_its_points():
    # Standard errors of the sums: 1 and sqrt(1 + 9), so 2.3 sqrt(2) of them are 4.6 and 10.3.
    even = violations(np.array([2.4, 2.4]), 0.0, np.array([1.0, 1.0]), ["mean_of_2"])
    uneven = violations(np.array([2.4, 7.8]), 0.0, np.array([1.0, 3.0]), ["mean_of_2"])
    assert even["mean_of_2"].tolist() == [False, True]
    assert uneven["mean_of_2"].tolist() == [False, False]


def test_rounding_does_not_push_a_point_over_the_line_it_lies_on():
    assert 0.1 + 3 * 0.1 < 0.4 + 1e-15  # as floats, (0.4 - 0.1) / 0.1 is above 3
    assert (0.4 - 0.1) / 0.1 > 3
    assert not violations(np.array([0.4]), 0.1, 0.1)["nelson_1"].any()
    assert violations(np.array([0.4 + 1e-8]), 0.1, 0.1)["nelson_1"].all()


def test_without_spread_another_value_is_beyond_and_nothing_is_within():
    found = violations(np.array([5.0] * 20 + [5.1]), 5.0, 0.0, NELSON)
    assert np.flatnonzero(found["nelson_1"]).tolist() == [20]
    assert not found["nelson_7"].any()


def test_rules_are_named_one_by_one_or_by_group():
    assert parse_rules("nelson") == NELSON
    assert parse_rules("nelson_5, nelson_1,nelson_5") == ("nelson_5", "nelson_1")
    assert parse_rules("western_electric,nelson_3") == (*WESTERN_ELECTRIC, "nelson_3")
    with pytest.raises(ValueError, match="'nelson_9' is no rule; known are nelson"):
        parse_rules("nelson_1,nelson_9")
