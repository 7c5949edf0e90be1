"""A chart as PNG: what is drawn is what the SVG says."""

from __future__ import annotations

import io
import sys

import numpy as np
import pytest
from PIL import Image

from airflow_dataops.adapters.chart_pictures import png
from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.control_charts.svg import svg
from airflow_dataops.errors import ConfigurationError

RED, INK, ORANGE = (200, 30, 30), (31, 41, 51), (180, 77, 18)


def chart(values, *, lower=5.0, upper=15.0):
    values = np.array(values, dtype=np.float64)
    outside = (values < lower) | (values > upper)
    return Chart(
        kind="individuals", values=values, center=10.0, sigma=1.0, lower=lower, upper=upper,
        violations={"outside": outside},
    )  # fmt: skip


def drawn(of):
    with Image.open(io.BytesIO(png(svg(of, title="Umsätze of orders")))) as image:
        assert image.format == "PNG"
        return image.convert("RGB")


def test_points_limits_and_words_are_drawn_twice_as_large():
    image = drawn(chart([10, 11, 9]))
    assert image.size == (1520, 560)
    colours = {colour for _, colour in image.getcolors(maxcolors=2**20)}
    assert {INK, ORANGE} <= colours
    assert RED not in colours
    # The title stands at the top left, in letters that came with the library.
    title = image.crop((0, 0, 400, 44))
    assert len(title.getcolors(maxcolors=2**20)) > 2


def test_a_point_outside_is_red_where_it_lies():
    image = drawn(chart([10, 10, 10, 30]))
    red = [x for x in range(image.width) for y in range(60, 300) if image.getpixel((x, y)) == RED]
    assert min(red) > image.width / 2


def test_a_gap_and_a_history_that_does_not_vary_are_drawn():
    assert drawn(chart([10, np.nan, 10, 10])).size == (1520, 560)


def test_without_the_library_it_is_said_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ConfigurationError, match=r"install airflow-provider-dataops\[png\]"):
        png("<svg/>")
