"""The SVG and the text chart show the lines, and name what is wrong at each point."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from airflow_dataops.control_charts.attributes import p_chart
from airflow_dataops.control_charts.cusum import cusum
from airflow_dataops.control_charts.rules import MEANINGS, NELSON, WESTERN_ELECTRIC
from airflow_dataops.control_charts.svg import MOST_POINTS, svg
from airflow_dataops.control_charts.terminal import text_chart
from airflow_dataops.control_charts.variables import individuals

SPACE = "{http://www.w3.org/2000/svg}"
SHIFTED = [10, 12, 11, 9, 10, 11, 10, 12, 9, 10, 30]


@pytest.fixture
def drawing():
    chart = individuals(SHIFTED, center=10.4, sigma=1.5).chart(NELSON)
    return ElementTree.fromstring(svg(chart, title="rows < loaded", baseline=10))  # noqa: S314


def texts(drawing):
    return [element.text for element in drawing.iter(f"{SPACE}text")]


def test_a_screen_reader_is_told_the_name_the_lines_and_the_signals(drawing):
    assert drawing.get("role") == "img"
    assert drawing.get("aria-label") == "rows < loaded"
    assert drawing.find(f"{SPACE}title").text == "rows < loaded"
    described = drawing.find(f"{SPACE}desc").text
    assert "11 points; lower limit 5.9, centre 10.4, upper limit 14.9" in described
    assert "Signals at points 11 (nelson_1)" in described


def test_each_point_says_its_value_and_a_violation_what_it_breaks(drawing):
    points = drawing.findall(f"{SPACE}circle")
    assert points[0].find(f"{SPACE}title").text == "point 1: 10"
    violation = drawing.find(f"{SPACE}path[@class='violation']/{SPACE}title")
    assert violation.text == "point 11: 30, nelson_1: beyond 3 sigma"
    assert "N1" in texts(drawing)


def test_a_run_is_named_where_it_begins():
    chart = individuals([1.0] * 12, center=0, sigma=2).chart(("nelson_2",))
    drawing = ElementTree.fromstring(svg(chart))  # noqa: S314
    assert len(drawing.findall(f"{SPACE}path[@class='violation']")) == 4
    assert texts(drawing).count("N2") == 1


def test_limits_and_centre_are_drawn_and_labelled(drawing):
    assert {"UCL 14.9", "centre 10.4", "LCL 5.9"} <= set(texts(drawing))
    # Two panels: values and moving ranges.
    assert len(drawing.findall(f"{SPACE}path[@class='limit']")) == 4
    assert len(drawing.findall(f"{SPACE}path[@class='center']")) == 2


def test_the_end_of_the_baseline_is_marked(drawing):
    assert len(drawing.findall(f"{SPACE}line[@class='phase']")) == 2


def test_colours_follow_the_reader_and_can_be_set_by_a_page(drawing):
    style = drawing.find(f"{SPACE}style").text
    assert "prefers-color-scheme:dark" in style
    assert "var(--chart-signal,#c81e1e)" in style
    assert all("fill" not in e.attrib and "stroke" not in e.attrib for e in drawing.iter())


def test_limits_that_vary_are_drawn_as_they_are():
    drawn = svg(p_chart([12, 8, 6], [100, 80, 25]).chart())
    limit = ElementTree.fromstring(drawn).find(f"{SPACE}path[@class='limit']").get("d")  # noqa: S314
    assert len({place.split()[1] for place in limit.replace("M", "L").split("L") if place}) == 3


def test_of_very_many_points_the_newest_are_drawn_and_the_words_say_so():
    drawn = svg(individuals(np.arange(1000.0) % 7).chart())
    root = ElementTree.fromstring(drawn)  # noqa: S314
    assert f"Drawn are the newest {MOST_POINTS}." in root.find(f"{SPACE}desc").text
    first = root.find(f"{SPACE}circle/{SPACE}title").text
    assert first.startswith(f"point {1001 - MOST_POINTS}:")


def test_the_text_chart_marks_points_and_names_signals():
    chart = individuals(SHIFTED, center=10.4, sigma=1.5).chart(NELSON)
    rows = text_chart(chart, baseline=10).splitlines()
    assert sum(row.count("X") for row in rows[1:18]) == 1
    assert sum(row[:11].count("o") for row in rows[1:18]) == 10
    assert any(row.endswith("UCL 14.9") for row in rows)
    assert rows[-2:] == [
        "limits from the first 10 points",
        "point 11 at 30: nelson_1 (beyond 3 sigma)",
    ]


def test_both_sums_are_drawn_to_either_side_of_zero():
    rows = text_chart(cusum([0, 3, 3, 3, -9, -9], target=0).chart()).splitlines()
    assert any(row.endswith("centre 0") for row in rows)
    assert any(row.endswith("LCL -5") for row in rows)
    # The upward sum is in control where the downward one is not.
    assert sum(row[:6].count("X") for row in rows[1:18]) == 3
    assert rows[-2].startswith("point 5 at 0 -8.5: cusum_low")


def test_every_rule_has_a_meaning_to_show():
    assert {*NELSON, *WESTERN_ELECTRIC} < set(MEANINGS)
