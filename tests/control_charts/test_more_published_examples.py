"""Further textbook examples: our lines against the printed ones, and against plain formulas.

D. C. Montgomery, *Introduction to Statistical Quality Control*; D. J. Wheeler, *Understanding
Variation*; data and printed results as given there.
"""

from __future__ import annotations

import json
from itertools import pairwise
from math import sqrt
from pathlib import Path
from statistics import mean, stdev

import pytest

DATA = json.loads((Path(__file__).parent / "textbook_data.json").read_text())


def beyond(values, lower, upper):
    return [i for i, v in enumerate(values, 1) if not lower <= v <= upper]


def test_hard_bake_widths_with_ranges(charted):
    rows = DATA["flow_width"]
    chart = charted({"subgroups": rows}, "--chart", "xbar_r")
    mean_range = mean(max(row) - min(row) for row in rows)
    assert chart["center"] == pytest.approx(1.5056, abs=5e-5)
    assert mean_range == pytest.approx(0.32521, abs=5e-6)
    assert chart["range"]["center"] == pytest.approx(mean_range)
    # Printed: A2 = 0.577 and D4 = 2.114, rounded as tables are.
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((1.31795, 1.69325), abs=2e-4)
    assert chart["range"]["ucl"] == pytest.approx(0.68749, abs=2e-4)
    assert (chart["signals"], chart["range"]["signals"]) == ([], [])


def test_piston_rings_with_standard_deviations(charted):
    rows = DATA["piston_rings"]
    chart = charted({"subgroups": rows}, "--chart", "xbar_s")
    deviation = mean(stdev(row) for row in rows)
    assert chart["center"] == pytest.approx(74.001, abs=5e-4)
    assert deviation == pytest.approx(0.0094, abs=5e-5)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((73.988, 74.014), abs=1e-3)
    # A3(5) = 1.4273, B4(5) = 2.0890.
    assert chart["ucl"] - chart["center"] == pytest.approx(1.4273 * deviation, rel=1e-4)
    assert chart["standard_deviation"]["ucl"] == pytest.approx(2.0890 * deviation, rel=1e-4)
    assert chart["signals"] == []


def test_piston_rings_with_ranges_have_the_same_centre(charted):
    rows = DATA["piston_rings"]
    chart = charted({"subgroups": rows}, "--chart", "xbar_r")
    assert chart["range"]["center"] == pytest.approx(mean(max(r) - min(r) for r in rows))
    assert chart["sigma"] == pytest.approx(chart["range"]["center"] / 2.32593, rel=1e-5)


def test_a_standard_given_for_means(charted):
    rows = DATA["piston_rings"]
    known = ("--center", "74", "--sigma", "0.005")
    chart = charted({"subgroups": rows}, "--chart", "xbar_s", *known)
    reach = 3 * 0.005 / sqrt(5)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((74 - reach, 74 + reach))
    assert chart["standard_deviation"]["center"] == pytest.approx(0.9400 * 0.005, rel=1e-4)
    assert chart["signals"] == beyond(map(mean, rows), 74 - reach, 74 + reach)


def test_costs_of_loans_one_by_one(charted):
    x = DATA["loan_costs"]
    chart = charted({"x": x}, "--chart", "individuals")
    assert chart["center"] == pytest.approx(300.5)
    assert chart["moving_range"]["center"] == pytest.approx(7.79, abs=5e-3)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((279.78, 321.22), abs=0.02)
    assert chart["moving_range"]["ucl"] == pytest.approx(25.45, abs=0.02)
    assert chart["signals"] == []


def test_trade_deficits_of_one_year_against_the_year_before(charted):
    chart = charted({"x": DATA["deficits"]}, "--chart", "individuals", "--baseline", "12")
    ranges = [abs(b - a) for a, b in pairwise(DATA["deficits"][:12])]
    assert chart["center"] == pytest.approx(12.75)
    assert chart["ucl"] == pytest.approx(12.75 + 2.65868 * mean(ranges), rel=1e-5)
    assert chart["lcl"] == pytest.approx(8.33, abs=0.01)
    assert chart["signals"] == [15, 17]


def test_printed_circuit_boards(charted):
    counts = DATA["circuit_boards"]
    chart = charted({"counts": counts}, "--chart", "c")
    assert chart["center"] == pytest.approx(19.85, abs=5e-3)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((6.48, 33.22), abs=0.01)
    assert chart["signals"] == [6, 20]


def test_printed_circuit_boards_without_the_two_that_have_a_cause(charted):
    counts = [None if i in (6, 20) else c for i, c in enumerate(DATA["circuit_boards"], 1)]
    chart = charted({"counts": counts}, "--chart", "c")
    assert chart["center"] == pytest.approx(19.67, abs=5e-3)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((6.36, 32.97), abs=0.01)
    assert chart["missing"] == [6, 20]


@pytest.mark.parametrize("kind", ["p", "np"])
def test_purchase_orders_of_varying_number(charted, kind):
    counts, n = DATA["purchase_orders"], DATA["purchase_orders_n"]
    chart = charted({"counts": counts, "n": n}, "--chart", kind)
    rate = 234 / 2450
    times = n if kind == "np" else [1] * len(n)
    reach = [3 * sqrt(rate * (1 - rate) / size) * t for size, t in zip(n, times, strict=True)]
    assert chart["ucl"] == pytest.approx([rate * t + r for t, r in zip(times, reach, strict=True)])
    assert chart["signals"] == [11]


def test_orange_juice_with_revised_limits(charted):
    cans = [12, 15, 8, 10, 4, 7, 16, 9, 14, 10, 5, 6, 17, 12, None, 8, 10, 5, 13, 11, 20, 18]
    cans += [None, 15, 9, 12, 7, 13, 9, 6]
    chart = charted({"counts": cans, "n": 50}, "--chart", "p")
    assert chart["center"] == pytest.approx(0.2150)
    assert (chart["lcl"], chart["ucl"]) == pytest.approx((0.0407, 0.3893), abs=5e-5)
    assert chart["signals"] == [21]
    after = [9, 6, 12, 5, 6, 4, 6, 3, 7, 6, 2, 4, 3, 6, 5, 4, 8, 5, 6, 7, 5, 6, 3, 5]
    later = charted({"counts": after, "n": 50}, "--chart", "p", "--center", "0.2150")
    assert later["lcl"] == pytest.approx(chart["lcl"])
    assert later["signals"] == beyond([c / 50 for c in after], 0.0407, 0.3893) == [11]
    anew = charted({"counts": after, "n": 50}, "--chart", "p")
    assert anew["center"] == pytest.approx(0.1108, abs=5e-5)
    assert (anew["lcl"], anew["ucl"]) == pytest.approx((0, 0.2440), abs=2e-4)


def test_dyed_cloth_of_varying_length(charted):
    counts, n = DATA["dyed_cloth"], DATA["dyed_cloth_n"]
    chart = charted({"counts": counts, "n": n}, "--chart", "u")
    assert chart["center"] == pytest.approx(1.42, abs=5e-3)
    assert chart["ucl"][:3] == pytest.approx([2.55, 2.69, 2.42], abs=0.01)
    assert chart["lcl"] == pytest.approx([max(0, 2 * chart["center"] - u) for u in chart["ucl"]])
    assert chart["signals"] == []


def test_shipments(charted):
    chart = charted({"counts": DATA["shipments"], "n": 50}, "--chart", "u")
    assert (chart["center"], chart["lcl"]) == (pytest.approx(0.0740), 0)
    assert chart["ucl"] == pytest.approx(0.1894, abs=5e-5)
    assert chart["signals"] == []


def test_a_small_shift_by_sums(charted):
    options = ("--chart", "cusum", "--target", "10", "--k", "0.5", "--h", "5")
    chart = charted({"x": DATA["small_shift"]}, *options)
    assert chart["signals"] == [29, 30]
    assert chart["high"][28] == pytest.approx(5.28)
    assert max(chart["low"]) == pytest.approx(0.05 + 1.51 + 0.21)
    # Printed: the sum was last at zero at point 22, the new mean is 10 + 0.5 + 5.28 / 7.
    assert chart["changes"][0]["began"] == 23
    assert chart["changes"][0]["mean"] == pytest.approx(11.25, abs=5e-3)


def test_a_small_shift_by_weighted_means(charted):
    options = ("--chart", "ewma", "--lambda", "0.1", "--width", "2.7")
    chart = charted({"x": DATA["small_shift"]}, *options, "--center", "10", "--sigma", "1")
    printed = [9.945, 9.7495, 9.7036, 9.8992, 10.1253, 10.1307, 9.9217, 10.0755, 9.9880, 10.0232]
    assert chart["z"][:10] == pytest.approx(printed, abs=1e-4)
    assert (chart["ucl"][0], chart["lcl"][0]) == pytest.approx((10.27, 9.73))
    assert (chart["asymptotic_lcl"], chart["asymptotic_ucl"]) == pytest.approx(
        (9.38, 10.62), abs=2e-3
    )
    assert chart["signals"] == [29, 30]


def test_a_small_shift_is_not_seen_by_single_values(charted):
    options = ("--chart", "individuals", "--center", "10", "--sigma", "1")
    assert charted({"x": DATA["small_shift"]}, *options)["signals"] == []


def test_a_headstart_finds_a_bad_start_soon(charted):
    # Montgomery 9.1.5: K = 3, H = 12, headstart 6 = H / 2, target 100, in units of sigma 1.
    x = [102, 97, 104, 93, 100, 105, 96, 98, 105, 99]
    options = ("--chart", "cusum", "--target", "100", "--k", "3", "--h", "12", "--headstart", "6")
    assert charted({"x": x}, *options)["high"] == [5, 0, 1, 0, 0, 2, 0, 0, 2, 0]
    bad = charted({"x": [v + 5 for v in x]}, *options)
    assert bad["high"] == [10, 9, 15, 10, 12, 19, 17, 17, 24, 25]
    assert bad["signals"] == [3, 6, 7, 8, 9, 10]


def test_valve_failures_by_the_time_between_them(charted):
    x = [286, 948, 536, 124, 816, 729, 4, 143, 431, 8, 2837, 596, 81, 227, 603, 492, 1199, 1214]
    x += [2831, 96]
    powered = [v**0.2777 for v in x]
    assert mean(powered) == pytest.approx(5.386, abs=0.02)  # as printed, with the rounded power
    chart = charted({"x": x}, "--chart", "t", "--rules", "nelson")
    assert chart["center"] ** (1 / 3.6) == pytest.approx(mean(v ** (1 / 3.6) for v in x))
    assert chart["signals"] == []


def test_rules_on_a_process_of_known_sigma(charted):
    x = [0.2, 1.2, 1.4, 0.3, 1.1, 1.5, -1.3, 1.2, -1.1, -1.6, 1.7, 1.3, -1.2, 1.4]
    known = ("--chart", "individuals", "--center", "0", "--sigma", "1", "--rules")
    # Four of points 2 to 6 are above 1; points 5 to 12 are the first eight beyond 1.
    assert charted({"x": x}, *known, "nelson_6")["signals"] == [6]
    assert charted({"x": x}, *known, "nelson_8")["signals"] == [12, 13, 14]
    assert charted({"x": [0.5, -0.9] * 8}, *known, "nelson_7")["signals"] == [15, 16]
    assert charted({"x": [0.5] * 9}, *known, "western_electric")["signals"] == [8, 9]
    assert charted({"x": [0.5] * 9}, *known, "nelson_2")["signals"] == [9]


def test_csv_and_json_give_the_same_chart(charted, tmp_path, capsys):
    from airflow_dataops.control_charts.__main__ import main

    counts, n = DATA["purchase_orders"], DATA["purchase_orders_n"]
    place = tmp_path / "orders.csv"
    rows = [f"{c},{size}" for c, size in zip(counts, n, strict=True)]
    place.write_text("\n".join(["counts,n", *rows]))
    options = ("--chart", "laney_p", "--rules", "nelson", "--baseline", "20")
    assert main([*options, "--input", str(place)]) == 0
    assert json.loads(capsys.readouterr().out) == charted({"counts": counts, "n": n}, *options)
