"""A chart as SVG, for pages and files: readable in light and dark, and by a screen reader.

Colours are CSS variables with a value for each colour scheme, so a page can set its own
(``--chart-ink``, ``--chart-line``, ``--chart-limit``, ``--chart-signal``, ``--chart-paper``). A
violation differs by shape and name, not by colour alone, and each point says its value as a title.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.rules import MEANINGS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from airflow_dataops.control_charts.chart import Chart
    from airflow_dataops.control_charts.observations import Array, Flags

MOST_POINTS = 400
_WIDTH, _LEFT, _RIGHT = 760, 16, 104
# A page whose policy allows no style but its own names this one by its hash.
STYLE = """\
.chart{--ink:var(--chart-ink,#1f2933);--line:var(--chart-line,#52606d);\
--limit:var(--chart-limit,#b44d12);--signal:var(--chart-signal,#c81e1e);\
--paper:var(--chart-paper,#ffffff);font:12px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.chart{--ink:var(--chart-ink,#e4e7eb);\
--line:var(--chart-line,#9aa5b1);--limit:var(--chart-limit,#f0b429);\
--signal:var(--chart-signal,#ff8080);--paper:var(--chart-paper,#14181d)}}
.chart text{fill:var(--ink)}.chart .paper{fill:var(--paper)}
.chart .center{stroke:var(--line);fill:none}
.chart .limit{stroke:var(--limit);stroke-dasharray:6 4;fill:none}
.chart .curve{stroke:var(--line);stroke-width:1.5;fill:none}
.chart .phase{stroke:var(--line);stroke-dasharray:2 3}
.chart .point{fill:var(--ink)}
.chart .violation{fill:var(--signal);stroke:var(--paper)}
.chart .name{fill:var(--signal);font-size:10px;text-anchor:middle}"""


def svg(chart: Chart, *, title: str | None = None, baseline: int | None = None) -> str:
    """The chart, and the chart of spread below it, as one standing SVG element.

    Of more than ``MOST_POINTS`` points the newest are drawn; the description says so.

    Args:
        chart: what to draw.
        title: the name that a screen reader says; the kind of chart if left out.
        baseline: how many leading points the limits were learned from, where not from all.
    """
    skipped = max(0, len(chart) - MOST_POINTS)
    parts = [_Panel(chart=chart.after(skipped), skipped=skipped, top=30, height=220)]
    if (spread := chart.spread) is not None:
        spread = spread.after(skipped)
        parts.append(_Panel(chart=spread, skipped=skipped, top=290, height=100))
    height = parts[-1].top + parts[-1].height + 30
    name = title or f"{chart.kind.replace('_', ' ')} control chart"
    drawn = "".join(line for part in parts for line in part.drawn(baseline))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="chart" role="img" width="{_WIDTH}" '
        f'height="{height}" viewBox="0 0 {_WIDTH} {height}" aria-label="{escape(name)}">\n'
        f"<title>{escape(name)}</title>\n<desc>{escape(description(chart, skipped))}</desc>\n"
        f'<style>{STYLE}</style>\n<rect class="paper" width="{_WIDTH}" height="{height}"/>\n'
        f'<text x="{_LEFT}" y="18">{escape(name)}</text>\n{drawn}</svg>\n'
    )


def description(chart: Chart, skipped: int = 0) -> str:
    """What the picture shows, in words: how many points, the lines, and the signals."""
    signals = chart.signals
    lines = ", ".join(
        _told(name, line)
        for name, line in (
            ("lower limit", chart.lower),
            ("centre", chart.center),
            ("upper limit", chart.upper),
        )
    )
    told = ", ".join(f"{i} ({', '.join(chart.broken_at(i - 1))})" for i in signals[:20])
    more = f" and {len(signals) - 20} more" if len(signals) > 20 else ""
    found = f"Signals at points {told}{more}." if signals else "No signals."
    newest = f" Drawn are the newest {len(chart) - skipped}." if skipped else ""
    return f"{len(chart)} points; {lines}. {found}{newest}"


def _told(name: str, line: float | Array) -> str:
    if isinstance(line, np.ndarray):
        return f"varying {name}"
    return f"no {name} yet" if math.isnan(line) else f"{name} {number(line)}"


def _told_rule(rule: str) -> str:
    return f"{rule}: {MEANINGS[rule]}" if rule in MEANINGS else rule


def number(value: float) -> str:
    """A number as short as it can be told: up to six significant digits."""
    return f"{value:.6g}"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Panel:
    """One set of axes: where each point and line of a chart comes to lie."""

    chart: Chart
    skipped: int
    top: int
    height: int

    def drawn(self, baseline: int | None) -> Iterator[str]:
        low, high = self._span()
        scale = self.height / (high - low)

        def y(value: float) -> float:
            return self.top + (high - value) * scale

        yield from self._phase(baseline)
        for css, name, line in self._lines():
            known = line[~np.isnan(line)]
            if not known.size:
                continue
            newest = float(known[-1])
            yield self._line(css, line, y)
            yield (
                f'<text x="{_WIDTH - _RIGHT + 8}" y="{y(newest) + 4:.1f}">'
                f"{name} {number(newest)}</text>\n"
            )
        for curve, rules in self.chart.plotted():
            yield self._line("curve", curve, y)
            yield from self._points(curve, rules, y)

    def _lines(self) -> list[tuple[str, str, Array]]:
        chart, points = self.chart, len(self.chart)
        center = 0.0 if chart.kind == "cusum" else chart.center
        return [
            (css, name, np.broadcast_to(np.asarray(line, dtype=np.float64), (points,)))
            for css, name, line in (
                ("limit", "UCL", chart.upper),
                ("center", "centre", center),
                ("limit", "LCL", chart.lower),
            )
        ]

    def _span(self) -> tuple[float, float]:
        drawn = np.concatenate(
            [*(curve for curve, _ in self.chart.plotted()), *(line for _, _, line in self._lines())]
        )
        drawn = drawn[~np.isnan(drawn)]
        low, high = (float(drawn.min()), float(drawn.max())) if drawn.size else (0.0, 0.0)
        margin = 0.08 * (high - low) or max(1.0, abs(high)) * 0.08
        return low - margin, high + margin

    def _x(self, index: int) -> float:
        width = _WIDTH - _LEFT - _RIGHT - 16
        return _LEFT + 8 + width * (index + 0.5) / len(self.chart)

    def _line(self, css: str, line: Array, y: Callable[[float], float]) -> str:
        """A line that pauses where points are missing."""
        path, pen = [], "M"
        for index, value in enumerate(line.tolist()):
            if value != value:  # noqa: PLR0124 - NaN alone differs from itself
                pen = "M"
                continue
            path.append(f"{pen}{self._x(index):.1f} {y(value):.1f}")
            pen = "L"
        return f'<path class="{css}" d="{" ".join(path)}"/>\n'

    def _phase(self, baseline: int | None) -> Iterator[str]:
        if baseline is None or not 0 < baseline - self.skipped < len(self.chart):
            return
        x = (self._x(baseline - self.skipped - 1) + self._x(baseline - self.skipped)) / 2
        yield (
            f'<line class="phase" x1="{x:.1f}" x2="{x:.1f}" y1="{self.top}" '
            f'y2="{self.top + self.height}"><title>baseline until here</title></line>\n'
        )

    def _points(
        self, curve: Array, rules: Mapping[str, Flags], y: Callable[[float], float]
    ) -> Iterator[str]:
        named: list[str] = []
        for index in np.flatnonzero(~np.isnan(curve)).tolist():
            x, height = self._x(index), y(float(curve[index]))
            told = f"point {index + 1 + self.skipped}: {number(float(curve[index]))}"
            broken = [rule for rule, flags in rules.items() if flags[index]]
            if not broken:
                yield (
                    f'<circle class="point" cx="{x:.1f}" cy="{height:.1f}" r="2.5">'
                    f"<title>{told}</title></circle>\n"
                )
            else:
                why = "; ".join(_told_rule(rule) for rule in broken)
                yield (
                    f'<path class="violation" d="M{x:.1f} {height - 6:.1f}l6 6l-6 6l-6 -6z">'
                    f"<title>{told}, {escape(why)}</title></path>\n"
                )
            # A rule is named where it begins to fire; its name over each point would be a blot.
            if begun := [rule for rule in broken if rule not in named]:
                # On the side where no curve comes down to a low point, or up to a high one.
                is_low = height > self.top + self.height / 2
                yield (
                    f'<text class="name" x="{x:.1f}" y="{height + (16 if is_low else -9):.1f}">'
                    f"{escape(_short(begun))}</text>\n"
                )
            named = broken


def _short(rules: list[str]) -> str:
    """Names short enough to stand over a point: N1 for nelson_1, M3 for mean_of_3."""
    short = {"nelson_": "N", "western_electric_": "W", "mean_of_": "M", "_": " "}
    for long, letter in short.items():
        rules = [name.replace(long, letter) for name in rules]
    return " ".join(rules)
