"""A chart in plain characters, for a terminal or a task's log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.rules import MEANINGS
from airflow_dataops.control_charts.svg import description, number

if TYPE_CHECKING:
    from airflow_dataops.control_charts.chart import Chart

_ROWS = 17
_SIGNALS_TOLD = 20


def text_chart(chart: Chart, *, columns: int = 100, baseline: int | None = None) -> str:
    """Rows of text: ``o`` a point, ``X`` one with a violation, then each signal by name.

    A point takes one column; where there are more than fit, the newest are drawn.

    Args:
        chart: what to draw.
        columns: width of the terminal, at least 40.
        baseline: how many leading points the limits were learned from, where not from all.
    """
    room = max(40, columns) - 16
    skipped = max(0, len(chart) - room)
    seen = chart.after(skipped)
    lines = [f"{chart.kind} chart, {description(chart, skipped)}", *_rows(seen)]
    if baseline is not None:
        lines.append(f"limits from the first {baseline} points")
    curves = [curve for curve, _ in chart.plotted()]
    for index in (i - 1 for i in chart.signals[:_SIGNALS_TOLD]):
        told = " ".join(number(float(curve[index])) for curve in curves)
        why = "; ".join(f"{rule} ({MEANINGS[rule]})" for rule in chart.broken_at(index))
        lines.append(f"point {index + 1} at {told}: {why}")
    if len(chart.signals) > _SIGNALS_TOLD:
        lines.append(f"and {len(chart.signals) - _SIGNALS_TOLD} more")
    return "\n".join([*lines, *chart.notes]) + "\n"


def _rows(chart: Chart) -> list[str]:
    points = len(chart)
    center = 0.0 if chart.kind == "cusum" else chart.center
    marks = [("UCL", "-", chart.upper), ("centre", "=", center), ("LCL", "-", chart.lower)]
    lines = [np.broadcast_to(np.asarray(line, np.float64), (points,)) for _, _, line in marks]
    drawn = np.concatenate([*(curve for curve, _ in chart.plotted()), *lines])
    drawn = drawn[~np.isnan(drawn)]
    if not drawn.size:
        return []
    high = float(drawn.max())
    step = (high - float(drawn.min())) / (_ROWS - 1) or 1.0

    def row(value: float) -> int:
        return round((high - value) / step)

    grid = [[" "] * points for _ in range(_ROWS)]
    labels = [""] * _ROWS
    for (name, mark, _), line in zip(marks, lines, strict=True):
        for column in np.flatnonzero(~np.isnan(line)).tolist():
            grid[row(float(line[column]))][column] = mark
        if not np.isnan(line[-1]):
            labels[row(float(line[-1]))] = f" {name} {number(float(line[-1]))}"
    for curve, rules in chart.plotted():
        flagged = np.logical_or.reduce([np.zeros(points, dtype=np.bool_), *rules.values()])
        for column in np.flatnonzero(~np.isnan(curve)).tolist():
            grid[row(float(curve[column]))][column] = "X" if flagged[column] else "o"
    return [("".join(cells) + label).rstrip() for cells, label in zip(grid, labels, strict=True)]
