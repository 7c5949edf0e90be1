"""A control chart as PNG, where SVG is not shown: in messages, and in files for anybody.

It draws what ``control_charts.svg`` wrote, and nothing else that SVG can say; so there is one
drawing. The letters come with the library: a server without fonts has the numbers, too.
"""

from __future__ import annotations

import io
import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# Drawn twice as large, so that lines are fine on today's screens.
_SCALE = 2
_INK, _LINE, _LIMIT, _SIGNAL, _PAPER = "#1f2933", "#52606d", "#b44d12", "#c81e1e", "#ffffff"
_STROKES = {"center": _LINE, "limit": _LIMIT, "curve": _LINE, "phase": _LINE}
_DASHES = {"limit": (6.0, 4.0), "phase": (2.0, 3.0)}
_STEP = re.compile(r"([MLlz])(-?[\d.]+)? ?(-?[\d.]+)?")
_LETTERS, _SMALL_LETTERS = 12, 10

Point = tuple[float, float]


def png(svg: str) -> bytes:
    """The picture of a chart that ``control_charts.svg`` drew.

    Raises:
        ConfigurationError: this process has no library for it.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError:
        message = (
            "pictures as PNG need Pillow, which is not installed here; install"
            " airflow-provider-dataops[png], or take the chart as SVG"
        )
        raise ConfigurationError(message) from None
    # Our own text, written a moment ago.
    root = ET.fromstring(svg)  # noqa: S314
    size = (int(root.get("width", 0)) * _SCALE, int(root.get("height", 0)) * _SCALE)
    image = Image.new("RGB", size, _PAPER)
    letters = {n: ImageFont.load_default(n * _SCALE) for n in (_LETTERS, _SMALL_LETTERS)}
    drawing = _Drawing(ImageDraw.Draw(image), letters)
    for element in root:
        drawing.add(element)
    written = io.BytesIO()
    image.save(written, "PNG", optimize=True)
    return written.getvalue()


class _Drawing:
    def __init__(self, draw: Any, letters: dict[int, Any]) -> None:
        self._draw = draw
        self._letters = letters

    def add(self, element: ET.Element) -> None:
        """Draw one element; what is for readers' eyes alone, such as a title, is none."""
        name, css = element.tag.rpartition("}")[2], element.get("class", "")
        if name == "path" and css == "violation":
            (corners,) = _lines(element.get("d", ""))
            self._draw.polygon(corners, fill=_SIGNAL, outline=_PAPER)
        elif name == "path":
            for points in _lines(element.get("d", "")):
                self._line(points, css)
        elif name == "line":
            ends = [(_number(element, f"x{n}"), _number(element, f"y{n}")) for n in (1, 2)]
            self._line(ends, css)
        elif name == "circle":
            x, y, r = (_number(element, key) for key in ("cx", "cy", "r"))
            self._draw.ellipse((x - r, y - r, x + r, y + r), fill=_INK)
        elif name == "text":
            self._text(element, css)

    def _line(self, points: Sequence[Point], css: str) -> None:
        colour = _STROKES.get(css, _LINE)
        if (dashes := _DASHES.get(css)) is None:
            self._draw.line(points, fill=colour, width=3, joint="curve")
            return
        for start, end in _dashed(points, *(each * _SCALE for each in dashes)):
            self._draw.line((start, end), fill=colour, width=_SCALE)

    def _text(self, element: ET.Element, css: str) -> None:
        is_name = css == "name"
        self._draw.text(
            (_number(element, "x"), _number(element, "y")),
            element.text or "",
            fill=_SIGNAL if is_name else _INK,
            font=self._letters[_SMALL_LETTERS if is_name else _LETTERS],
            anchor="ms" if is_name else "ls",
        )


def _number(element: ET.Element, key: str) -> float:
    return float(element.get(key, 0)) * _SCALE


def _lines(path: str) -> list[list[Point]]:
    """The points of each line of a path, where they come to lie in the picture."""
    lines: list[list[Point]] = []
    for step, x, y in _STEP.findall(path):
        if step == "z":
            continue
        point = float(x) * _SCALE, float(y) * _SCALE
        if step == "M":
            lines.append([point])
        elif step == "l":
            before = lines[-1][-1]
            lines[-1].append((before[0] + point[0], before[1] + point[1]))
        else:
            lines[-1].append(point)
    return lines


def _dashed(points: Sequence[Point], dash: float, gap: float) -> Iterator[tuple[Point, Point]]:
    """The pieces of a broken line that are drawn."""
    at = 0.0
    for (x1, y1), (x2, y2) in pairwise(points):
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        walked = 0.0
        while walked < length:
            within = at % (dash + gap)
            step = min((dash if within < dash else dash + gap) - within, length - walked)
            # What rounding leaves of a step must not be walked for ever.
            step = max(step, 1e-6)
            if within < dash:
                a, b = walked / length, min(1.0, (walked + step) / length)
                yield (
                    (x1 + a * (x2 - x1), y1 + a * (y2 - y1)),
                    (x1 + b * (x2 - x1), y1 + b * (y2 - y1)),
                )
            walked, at = walked + step, at + step
