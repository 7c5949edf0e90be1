"""What is done with data that cannot be charted as they are; the table of the reference page."""

from __future__ import annotations

import json

import pytest

from airflow_dataops.control_charts.__main__ import CHARTS
from airflow_dataops.control_charts.attributes import p_chart
from airflow_dataops.control_charts.observations import UnusableData, counts, series, subgroups
from airflow_dataops.control_charts.variables import individuals

OF_VALUES = ("individuals", "ewma", "cusum", "t")


@pytest.mark.parametrize("chart", CHARTS)
@pytest.mark.parametrize("text", ["", "   \n", "{}", "[]", '{"x": []}', "{", '{"other": [1]}'])
def test_nothing_is_refused(refused, chart, text):
    refused(text, "--chart", chart, "--target" if chart == "cusum" else "--rules", *(
        ["1"] if chart == "cusum" else ["nelson_1"]
    ))  # fmt: skip


@pytest.mark.parametrize("chart", ["individuals", "ewma", "t"])
def test_one_point_has_no_moving_range(refused, chart):
    assert "one point has no moving range" in refused('{"x": [3]}', "--chart", chart)


@pytest.mark.parametrize("chart", ["p", "np", "u"])
def test_one_count_has_limits(charted, chart):
    drawn = charted({"counts": [5], "n": 50}, "--chart", chart)
    assert drawn["center"] in (0.1, 5)
    assert drawn["lcl"] < drawn["center"] < drawn["ucl"]


@pytest.mark.parametrize("chart", OF_VALUES)
def test_equal_points_have_no_spread_and_no_signal(charted, chart):
    drawn = charted({"x": [7.3] * 30}, "--chart", chart, "--rules", "nelson")
    assert drawn["sigma"] == 0
    assert drawn["signals"] == []


def test_equal_subgroups_have_no_spread_and_no_signal(charted):
    for chart in ("xbar_r", "xbar_s"):
        drawn = charted({"subgroups": [[2, 2, 2]] * 10}, "--chart", chart, "--rules", "nelson")
        assert (drawn["sigma"], drawn["lcl"], drawn["ucl"], drawn["signals"]) == (0, 2, 2, [])


def test_without_spread_any_later_difference_is_a_signal(charted):
    drawn = charted({"x": [5, 5, 5, 5, 5.01]}, "--chart", "individuals", "--baseline", "4")
    assert drawn["signals"] == [5]


def test_no_defectives_at_all_give_limits_of_zero(charted):
    drawn = charted({"counts": [0, 0, 0, 1], "n": 10}, "--chart", "p", "--baseline", "3")
    assert (drawn["center"], drawn["lcl"], drawn["ucl"], drawn["signals"]) == (0, 0, 0, [4])
    laney = charted({"counts": [0, 0, 0], "n": 10}, "--chart", "laney_p")
    assert (laney["ucl"], laney["sigma_z"], laney["signals"]) == (0, 1, [])


@pytest.mark.parametrize("chart", OF_VALUES)
@pytest.mark.parametrize("missing", ["null", "NaN"])
def test_a_missing_point_keeps_its_place_and_is_not_judged(tmp_path, capsys, chart, missing):
    from airflow_dataops.control_charts.__main__ import main

    place = tmp_path / "data.json"
    place.write_text(f'{{"x": [1, 2, {missing}, 1, 2]}}')
    assert main(["--chart", chart, "--input", str(place)]) == 0
    drawn = json.loads(capsys.readouterr().out)
    assert drawn["points"][2] == {"index": 3, "value": None, "violations": []}
    assert drawn["missing"] == [3]


def test_a_missing_point_is_part_of_no_estimate():
    with_gap, without = individuals([1, 2, None, 4]).chart(), individuals([1, 2, 4]).chart()
    assert (with_gap.center, with_gap.sigma) == (without.center, without.sigma)


def test_points_that_are_all_missing_are_refused(refused):
    for chart in ("individuals", "g"):
        assert "missing" in refused('{"x": [null, null]}', "--chart", chart)
    assert "missing" in refused('{"counts": [null], "n": 5}', "--chart", "p")


@pytest.mark.parametrize("infinite", ["Infinity", "-Infinity", "1e999"])
def test_an_infinity_is_refused_with_its_place(refused, infinite):
    line = refused(f'{{"x": [1, 2, {infinite}]}}', "--chart", "individuals")
    assert "x: point 3 is" in line
    assert "infinite" in line


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ('"7"', "point 2 is '7', not a number"),
        ("true", "point 2 is 'True', not a number"),
        ("[2]", "point 2 is '[2]', not a number"),
        ("{}", "point 2 is '{}', not a number"),
        ("1" + "0" * 400, "too large for a float"),
    ],
)
def test_what_is_no_number_is_refused_with_its_place(refused, value, why):
    assert why in refused(f'{{"x": [1, {value}, 3]}}', "--chart", "individuals")


@pytest.mark.parametrize(
    ("data", "chart", "why"),
    [
        ({"counts": [3, -1], "n": 9}, "p", "counts: point 2 is -1, which is negative"),
        ({"counts": [3, 1.5]}, "c", "counts: point 2 is 1.5, which is not a whole number"),
        ({"counts": [3, 4], "n": 0}, "p", "n: point 1 is 0, which is not above zero"),
        ({"counts": [3, 4], "n": [9, -2]}, "u", "n: point 2 is -2, which is not above zero"),
        ({"counts": [3, 4], "n": "9"}, "p", "n: point 1 is '9', not a number"),
        ({"counts": [3, 4], "n": [9]}, "p", "there are 2 counts and 1 n"),
        ({"counts": [3, 10], "n": 9}, "np", "point 2: 10 of 9: more defectives than items"),
        ({"counts": [3, 4], "n": [9, 9.5]}, "p", "point 2: 4 of 9.5: n is not a whole number"),
        ({"counts": [3, 4]}, "u", "a u chart needs n"),
        ({"subgroups": [[1, 2], [3]]}, "xbar_r", "subgroup 2 has 1 value(s)"),
        ({"subgroups": [[1, "a"], [3, 4]]}, "xbar_s", "subgroup 1: point 2 is 'a'"),
        ({"subgroups": [1, 2, 3]}, "xbar_r", "subgroup 1 has 1 value(s)"),
        ({"subgroups": [[1] * 1001, [2] * 1001]}, "xbar_r", "a range needs 2 to 1000 values"),
        ({"x": [1, -2, 3]}, "t", "times: point 2 is -2, which is negative"),
        ({"x": 5}, "individuals", "'x' is no list"),
        ({"counts": [3, 4], "n": 9}, "individuals", "needs 'x'; the input has counts, n"),
    ],
)  # fmt: skip
def test_impossible_data_are_refused_with_the_reason(refused, data, chart, why):
    assert why in refused(json.dumps(data), "--chart", chart)


def test_bytes_that_are_no_text_are_refused(tmp_path, capsys):
    from airflow_dataops.control_charts.__main__ import main

    place = tmp_path / "data.json"
    place.write_bytes(b"\xff\xfe\x00{")
    assert main(["--chart", "individuals", "--input", str(place)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_the_functions_refuse_the_same():
    import numpy as np

    for wrong in ([], "12", [1, "2"], np.array(["a"]), np.ones((2, 2)), [1, float("inf")]):
        with pytest.raises(UnusableData):
            series(wrong)
    with pytest.raises(UnusableData, match="negative"):
        counts([-1])
    with pytest.raises(UnusableData, match="more defectives than items"):
        p_chart([5], 4).chart()
    with pytest.raises(UnusableData, match="no subgroups"):
        subgroups([])
    with pytest.raises(UnusableData, match="impossible on a p chart"):
        p_chart([5], 10, rate=1.5)
