"""The command learns limits within a budget of false alarms, and says what it did."""

from __future__ import annotations

import json
from datetime import date, timedelta
from xml.etree import ElementTree

import numpy as np
import pytest

from airflow_dataops.control_charts.__main__ import main

BUDGET = ("--chart", "individuals", "--false-alarms", "1 per 200 runs")
QUIET = np.random.default_rng(3).normal(100, 5, 40).round(2).tolist()
DATES = [(date(2026, 1, 5) + timedelta(days=i)).isoformat() for i in range(40)]


def test_limits_are_learned_from_the_baseline_and_say_what_they_promise(charted):
    chart = charted({"x": [*QUIET[:30], 101, 160]}, *BUDGET, "--baseline", "30")
    assert chart["signals"] == [32]
    assert chart["points"][31]["violations"] == ["nelson_1"]
    assert chart["rules"] == ["nelson_1", "mean_of_2", "mean_of_3"]
    reach = 3 * chart["widened"] * chart["sigma"]
    assert chart["ucl"] - chart["center"] == pytest.approx(reach, rel=1e-3)
    assert chart["false_alarm_rate"] <= 1 / 200
    assert chart["false_alarm_in_30"] <= 0.1
    assert [note.partition(":")[0] for note in chart["notes"]] == [
        "zeros", "day of week", "trend", "autocorrelation",
    ]  # fmt: skip


def test_a_stricter_budget_has_wider_limits(charted):
    loose = charted({"x": QUIET}, *BUDGET)
    strict = charted({"x": QUIET}, *BUDGET[:3], "1 per 1000 runs")
    assert strict["ucl"] > loose["ucl"]


@pytest.mark.parametrize("values", [[1, 2, None, 4, 5], [None, None]])
def test_a_chart_that_still_learns_judges_nothing_and_says_how_far_it_is(
    charted, tmp_path, capsys, values
):
    seen = sum(value is not None for value in values)
    chart = charted({"x": values}, *BUDGET)
    assert (chart["center"], chart["sigma"], chart["lcl"], chart["ucl"]) == (None,) * 4
    assert (chart["seen"], chart["needed"], chart["signals"]) == (seen, 8, [])
    assert chart["notes"] == [f"still learning: {seen} of 8 points"]
    for output in ("text", "svg"):
        assert main([*BUDGET, "--input", str(tmp_path / "data.json"), "--output", output]) == 0
        drawn = capsys.readouterr().out
        assert "no upper limit yet" in drawn
        assert "nan" not in drawn


def test_an_incident_is_left_out_by_name(charted):
    broken = [*QUIET[:10], 0, 0, *QUIET[12:]]
    chart = charted({"x": broken}, *BUDGET, "--incident", "feed was empty=11-12")
    assert chart["missing"] == [11, 12]
    assert chart["notes"][-1] == "left out: feed was empty (points 11 to 12)"
    assert chart["sigma"] < 10 < charted({"x": broken}, *BUDGET)["sigma"]


def test_weekends_are_learned_from_dates_in_json_and_csv_alike(charted, tmp_path, capsys):
    weekly = [x - 40 * (i % 7 > 4) for i, x in enumerate(QUIET)]
    chart = charted({"x": weekly, "dates": DATES}, *BUDGET)
    assert "p " in chart["notes"][1]
    assert chart["center"][4] - chart["center"][5] == pytest.approx(40, abs=8)
    place = tmp_path / "data.csv"
    rows = [f"{day},{x}" for day, x in zip(DATES, weekly, strict=True)]
    place.write_text("\n".join(["Date,rows", *rows]))
    assert main([*BUDGET, "--input", str(place)]) == 0
    assert json.loads(capsys.readouterr().out)["center"] == chart["center"]


def test_holidays_are_a_kind_of_day_of_their_own(charted):
    closed = [20 if i in (9, 23) else x - 40 * (i % 7 > 4) for i, x in enumerate(QUIET)]
    chart = charted({"x": closed, "dates": DATES}, *BUDGET, "--holidays", f"{DATES[9]},{DATES[23]}")
    assert chart["center"][9] == pytest.approx(20)


@pytest.mark.parametrize(
    ("data", "options", "why"),
    [
        ({"x": QUIET}, ("--false-alarms", "often"), "'often' is no budget of false alarms"),
        ({"x": QUIET}, (*BUDGET[2:], "--rules", "nelson"), "leave --rules out"),
        ({"x": QUIET}, (*BUDGET[2:], "--sigma", "2"), "leave --sigma out"),
        ({"x": QUIET}, ("--incident", "late=3"), "give --false-alarms as well"),
        ({"x": QUIET}, ("--holidays", DATES[0]), "give --false-alarms as well"),
        ({"x": QUIET}, (*BUDGET[2:], "--incident", "late"), "'late' is no incident"),
        ({"x": QUIET}, (*BUDGET[2:], "--incident", "late=9-3"), "counted from 1"),
        ({"x": QUIET}, (*BUDGET[2:], "--incident", "late=0"), "counted from 1"),
        ({"x": QUIET}, (*BUDGET[2:], "--incident", "late=41"), "point 41; there are 40"),
        ({"x": QUIET}, (*BUDGET[2:], "--holidays", "xmas"), "'xmas' are no dates"),
        ({"x": QUIET}, (*BUDGET[2:], "--holidays", DATES[0]), "the points have no 'dates'"),
        ({"x": QUIET}, (*BUDGET[2:], "--baseline", "41"), "there are 40 points"),
        ({"x": QUIET, "dates": DATES[1:]}, BUDGET[2:], "40 points and 39 dates"),
        ({"x": [1, 2], "dates": ["2026-01-01", "soon"]}, BUDGET[2:], "point 2 is 'soon'"),
        ({"x": [1, 2], "dates": "2026-01-01"}, BUDGET[2:], "'dates' is no list"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else "",
)  # fmt: skip
def test_what_cannot_be_learned_is_refused(refused, data, options, why):
    assert why in refused(json.dumps(data), "--chart", "individuals", *options)


def test_only_single_values_are_learned_within_a_budget(refused):
    options = ("--chart", "p", *BUDGET[2:])
    assert "for individuals, not for p" in refused('{"counts": [1], "n": 9}', *options)


def test_a_kind_of_day_without_a_level_has_a_gap_in_the_picture(tmp_path, capsys):
    weekly = [x - 40 * (i % 7 > 4) for i, x in enumerate(QUIET)]
    place = tmp_path / "data.json"
    place.write_text(json.dumps({"x": [*weekly, 50], "dates": [*DATES, "2026-02-14"]}))
    options = (*BUDGET, "--baseline", "40", "--holidays", "2026-02-14", "--input", str(place))
    assert main([*options, "--output", "svg"]) == 0
    drawn = capsys.readouterr().out
    assert ElementTree.fromstring(drawn).get("role") == "img"  # noqa: S314 - our own
    assert "nan" not in drawn
