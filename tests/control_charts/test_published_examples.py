"""The charts agree with the worked examples of the literature, through the command."""

from __future__ import annotations

from itertools import pairwise

import pytest

from airflow_dataops.control_charts.constants import c4, d2, d3
from tests.control_charts.published import EXAMPLES


@pytest.mark.parametrize("row", EXAMPLES["constants"]["rows"], ids=lambda row: f"n={row[0]}")
def test_constants_agree_with_the_published_table(row):
    n, *expected = row
    assert [round(constant(n), 4) for constant in (d2, d3, c4)] == expected


def test_constants_of_large_subgroups_agree_with_the_tables():
    # Montgomery, appendix VI, and E. S. Pearson's tables of the range.
    assert d2(100) == pytest.approx(5.01519, abs=1e-5)
    assert d3(100) == pytest.approx(0.60519, abs=1e-3)
    assert c4(1000) == pytest.approx(1 - 1 / (4 * 999), abs=1e-6)


def test_flow_rates_on_an_individuals_chart(charted):
    example = EXAMPLES["nist_flow_rate_individuals"]
    chart = charted({"x": example["x"]}, "--chart", "individuals")
    for name, expected in (("center", "center"), ("lcl", "lcl"), ("ucl", "ucl")):
        assert chart[name] == pytest.approx(example[expected], abs=example["tolerance"])
    assert chart["moving_range"]["center"] == pytest.approx(1.8778, abs=1e-4)
    assert chart["signals"] == example["beyond"]


def test_weighted_means(charted):
    example = EXAMPLES["nist_ewma"]
    chart = charted(
        {"x": example["x"]},
        *("--chart", "ewma", "--lambda", "0.3", "--width", "3"),
        *("--center", "50", "--sigma", "2.0539"),
    )
    assert chart["z"] == pytest.approx(example["z"], abs=example["z_tolerance"])
    assert chart["asymptotic_ucl"] == pytest.approx(example["asymptotic_ucl"], abs=1e-4)
    assert chart["ucl"][-1] == pytest.approx(example["asymptotic_ucl"], abs=1e-4)
    # Exact at the first point: 50 + 3 * 2.0539 * 0.3.
    assert chart["ucl"][0] == pytest.approx(51.84851)
    assert chart["signals"] == []


def test_cumulated_sums(charted):
    example = EXAMPLES["nist_cusum"]
    chart = charted(
        {"x": example["x"]},
        *("--chart", "cusum", "--target", "325", "--k", "0.3175", "--h", "4.1959"),
    )
    assert chart["high"][12:] == pytest.approx(example["high_from_13"], abs=example["tolerance"])
    assert chart["signals"] == example["signals"]
    assert chart["changes"] == [
        # From point 13 on the values average 327.7875 at the signal.
        {"signal": 14, "began": 13, "side": "high", "mean": pytest.approx(327.7875)}
    ]


def test_a_count_on_the_limit_is_not_beyond_it(charted):
    example = EXAMPLES["nist_c_chart"]
    chart = charted({"counts": example["counts"]}, "--chart", "c")
    assert (chart["center"], chart["lcl"], chart["ucl"]) == (16, 4, 28)
    assert example["counts"][2] == chart["ucl"]
    assert chart["signals"] == example["beyond"]


@pytest.mark.parametrize(("kind", "times"), [("p", 1), ("np", 50)])
def test_orange_juice_cans(charted, kind, times):
    example = EXAMPLES["orange_juice_p_chart"]
    chart = charted({"counts": example["defectives"], "n": 50}, "--chart", kind)
    for line in ("center", "lcl", "ucl"):
        assert chart[line] == pytest.approx(example[line] * times, rel=1e-4)
    assert chart["signals"] == example["beyond"]


@pytest.mark.parametrize("rule", [r for r in EXAMPLES["run_rules"] if r.startswith("nelson")])
def test_run_rules_fire_where_published(charted, rule):
    example = EXAMPLES["run_rules"][rule]
    options = ("--chart", "individuals", "--center", "0", "--sigma", "1")
    alone = charted({"x": example["x"]}, *options, "--rules", rule)
    assert alone["signals"] == example["fires"]
    among_all = charted({"x": example["x"]}, *options, "--rules", "nelson")
    fired = [p["index"] for p in among_all["points"] if rule in p["violations"]]
    assert fired == example["fires"]


def test_subgroups_of_five_with_ranges(charted):
    # Three subgroups of Montgomery's flow widths (table 6.1), worked by hand with d2 = 2.326.
    rows = [
        [1.3235, 1.4128, 1.6744, 1.4573, 1.6914],
        [1.4314, 1.3592, 1.6075, 1.4666, 1.6109],
        [1.4284, 1.4871, 1.4932, 1.4324, 1.5674],
    ]
    chart = charted({"subgroups": rows}, "--chart", "xbar_r")
    mean_range = (0.3679 + 0.2517 + 0.139) / 3
    assert chart["center"] == pytest.approx(1.4962333)
    assert chart["range"]["center"] == pytest.approx(mean_range)
    assert chart["sigma"] == pytest.approx(mean_range / 2.326, rel=1e-4)
    assert chart["ucl"] == pytest.approx(chart["center"] + 0.577 * mean_range, abs=1e-4)
    assert chart["range"]["ucl"] == pytest.approx(2.114 * mean_range, abs=2e-4)
    assert chart["range"]["lcl"] == 0


def test_subgroups_of_five_with_standard_deviations(charted):
    rows = [[1, 2, 3, 4, 5], [2, 2, 3, 4, 4], [0, 2, 3, 4, 6]]
    chart = charted({"subgroups": rows}, "--chart", "xbar_s")
    mean_deviation = (2.5**0.5 + 1 + 5**0.5) / 3
    assert chart["center"] == 3
    assert chart["sigma"] == pytest.approx(mean_deviation / 0.9400, rel=1e-4)
    # A3(5) = 1.427, B4(5) = 2.089.
    assert chart["ucl"] == pytest.approx(3 + 1.427 * mean_deviation, abs=1e-3)
    assert chart["standard_deviation"]["ucl"] == pytest.approx(2.089 * mean_deviation, abs=1e-3)


def test_subgroups_of_many_sizes_have_limits_of_their_own(charted):
    chart = charted({"subgroups": [[1, 2, 3], [2, 4], [3, 3, 4, 6]]}, "--chart", "xbar_s")
    assert chart["center"] == pytest.approx(28 / 9)  # of all values, not of the means
    assert [round(p["value"], 4) for p in chart["points"]] == [2, 3, 4]
    widths = [u - chart["center"] for u in chart["ucl"]]
    assert widths == pytest.approx([3 * chart["sigma"] / n**0.5 for n in (3, 2, 4)])


def test_counts_with_varying_sizes_have_limits_of_their_own(charted):
    chart = charted({"counts": [12, 8, 6], "n": [100, 80, 25]}, "--chart", "p")
    rate = 26 / 205
    error = [(rate * (1 - rate) / n) ** 0.5 for n in (100, 80, 25)]
    assert chart["center"] == pytest.approx(rate)
    assert chart["sigma"] == pytest.approx(error)
    assert chart["ucl"] == pytest.approx([rate + 3 * e for e in error])
    assert chart["lcl"] == pytest.approx([max(0, rate - 3 * e) for e in error])
    assert chart["lcl"][2] == 0


def test_numbers_of_defectives_with_varying_sizes_have_a_centre_of_their_own(charted):
    chart = charted({"counts": [12, 8, 6], "n": [100, 80, 25]}, "--chart", "np")
    assert chart["center"] == pytest.approx([26 / 205 * n for n in (100, 80, 25)])
    assert [p["value"] for p in chart["points"]] == [12, 8, 6]


def test_defects_per_unit(charted):
    # Montgomery's personal computers: 193 defects in 20 samples of 5, limits 0.07 and 3.79.
    counts = [10, 12, 8, 14, 10, 16, 11, 7, 10, 15, 9, 5, 7, 11, 12, 6, 8, 10, 7, 5]
    chart = charted({"counts": counts, "n": 5}, "--chart", "u")
    assert chart["center"] == pytest.approx(1.93)
    assert (round(chart["lcl"], 2), round(chart["ucl"], 2)) == (0.07, 3.79)
    assert chart["signals"] == []


def test_laney_with_little_to_explain_agrees_with_p(charted):
    counts, n = [10, 12, 9, 11, 10, 12, 9], [100] * 7
    plain = charted({"counts": counts, "n": n}, "--chart", "p")
    laney = charted({"counts": counts, "n": n}, "--chart", "laney_p")
    z = [(c / 100 - plain["center"]) / plain["sigma"] for c in counts]
    sigma_z = sum(abs(b - a) for a, b in pairwise(z)) / 6 / 1.128379
    assert laney["sigma_z"] == pytest.approx(sigma_z, rel=1e-6)
    assert laney["ucl"] - laney["center"] == pytest.approx(3 * plain["sigma"] * sigma_z)


@pytest.mark.parametrize(("plain", "laney"), [("p", "laney_p"), ("u", "laney_u")])
def test_laney_is_quiet_where_millions_of_rows_make_the_plain_chart_useless(charted, plain, laney):
    # Shares of about 1 %, moving by 0.05 percentage points from day to day, of a million rows.
    shares = [0.0100, 0.0105, 0.0098, 0.0103, 0.0097, 0.0101, 0.0106, 0.0099, 0.0104, 0.0096]
    data = {"counts": [round(s * 1e6) for s in shares], "n": 1_000_000}
    assert len(charted(data, "--chart", plain)["signals"]) == 5
    assert charted(data, "--chart", laney)["signals"] == []


def test_items_between_events(charted):
    chart = charted({"x": [10, 0, 5, 9, 200]}, "--chart", "g", "--baseline", "4")
    assert chart["center"] == 6
    assert chart["ucl"] == pytest.approx(6 + 3 * (6 * 7) ** 0.5)
    assert chart["lcl"] == 0
    assert chart["signals"] == [5]


def test_times_between_events_are_judged_after_nelsons_transformation(charted):
    times = [286, 948, 536, 124, 816, 729, 4, 143, 431, 8, 2837, 596, 81, 227, 603, 492]
    times += [1199, 1214, 2831, 96]  # Montgomery's valve failures, hours between
    chart = charted({"x": times}, "--chart", "t")
    powered = [t ** (1 / 3.6) for t in times]
    mean = sum(powered) / 20
    ranges = [abs(b - a) for a, b in pairwise(powered)]
    assert chart["center"] == pytest.approx(mean**3.6)
    assert chart["sigma"] == pytest.approx(sum(ranges) / 19 / 1.128379, rel=1e-6)
    assert chart["ucl"] == pytest.approx((mean + 3 * chart["sigma"]) ** 3.6)
    assert chart["signals"] == []
