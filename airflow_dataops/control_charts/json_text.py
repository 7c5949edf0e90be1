"""A chart as JSON: what programs read. Missing points are null; NaN and infinity never appear."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from airflow_dataops.control_charts.chart import Chart
    from airflow_dataops.control_charts.observations import Array

ALL_POINTS_UP_TO = 1_000_000


def json_text(chart: Chart, *, baseline: int | None = None) -> str:
    """One JSON object and a line end.

    Above ``ALL_POINTS_UP_TO`` points, only those with a violation are listed, and a note says so.

    Args:
        chart: what to write.
        baseline: how many leading points the limits were learned from, where not from all.
    """
    notes = list(chart.notes)
    shown = np.arange(len(chart))
    if len(chart) > ALL_POINTS_UP_TO:
        shown = np.flatnonzero(chart.flagged())
        notes.append(f"points lists those with a violation, of {len(chart)} in all")
    document: dict[str, Any] = {
        "chart": chart.kind,
        "center": _line(chart.center),
        "sigma": _line(chart.sigma),
        "lcl": _line(chart.lower),
        "ucl": _line(chart.upper),
        **chart.facts,
        **{name: _line(curve) for name, curve in chart.curves.items()},
        "signals": chart.signals,
        "rules": list(chart.violations),
        "missing": [int(i) + 1 for i in np.flatnonzero(np.isnan(chart.values))],
    }
    if baseline is not None:
        document["baseline"] = baseline
    if chart.kind == "cusum":
        document["changes"] = [
            {"signal": c.signal, "began": c.began, "side": c.side, "mean": c.mean}
            for c in chart.changes
        ]
    if (spread := chart.spread) is not None:
        document[spread.kind] = _spread(spread)
    if notes:
        document["notes"] = notes
    document["points"] = _points(chart, shown)
    return json.dumps(document, allow_nan=False) + "\n"


def _points(chart: Chart, shown: np.ndarray[Any, np.dtype[np.intp]]) -> list[dict[str, Any]]:
    flagged = chart.flagged()[shown].tolist()
    return [
        {
            "index": i + 1,
            "value": value if value == value else None,  # noqa: PLR0124 - NaN alone differs from itself
            "violations": chart.broken_at(i) if is_flagged else [],
        }
        for i, value, is_flagged in zip(
            shown.tolist(), chart.values[shown].tolist(), flagged, strict=True
        )
    ]


def _spread(chart: Chart) -> dict[str, Any]:
    shown = {
        "center": _line(chart.center),
        "lcl": _line(chart.lower),
        "ucl": _line(chart.upper),
        "signals": chart.signals,
    }
    if len(chart) <= ALL_POINTS_UP_TO:
        shown["values"] = _line(chart.values)
    return shown


def _line(line: float | Array) -> Any:
    if not isinstance(line, np.ndarray):
        return float(line) if line == line else None  # noqa: PLR0124 - NaN alone differs from itself
    listed = line.tolist()
    return [None if v != v else v for v in listed] if np.isnan(line).any() else listed  # noqa: PLR0124
