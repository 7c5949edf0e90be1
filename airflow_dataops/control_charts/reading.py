"""What the command reads: JSON or CSV, turned into observations for the wanted chart."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_dataops.control_charts.observations import (
    Observations,
    UnusableData,
    counts,
    series,
    subgroups,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import date

OF_SUBGROUPS = ("xbar_r", "xbar_s")
OF_COUNTS = ("p", "np", "c", "u", "laney_p", "laney_u")
# Where a single count is all there is, the key may also be that of single values.
_KEYS: Mapping[str, tuple[str, ...]] = {
    **dict.fromkeys(OF_SUBGROUPS, ("subgroups",)),
    **dict.fromkeys(OF_COUNTS, ("counts", "x")),
    "g": ("counts", "x"),
    "t": ("x", "counts"),
}
_COLUMNS = {"values": ("x", "value", "y"), "counts": ("counts", "count", "x"), "n": ("n", "size")}


def observations(
    text: str, chart: str, *, holidays: Collection[date] | None = None
) -> Observations:
    """What a text holds for a chart.

    Args:
        text: JSON, or CSV with a header.
        chart: as the command spells it.
        holidays: days that are of a kind of their own; None where dates do not matter.

    Raises:
        UnusableData: not JSON or CSV, not what the chart needs, or not numbers.
    """
    stripped = text.lstrip("\ufeff \t\r\n")
    if not stripped:
        message = "the input is empty"
        raise UnusableData(message)
    given = _from_json(stripped) if stripped[0] in "{[" else _from_csv(stripped, chart)
    observed = _observed(given, chart)
    if holidays is None or "dates" not in given:
        if holidays:
            message = "there are holidays, but the points have no 'dates'"
            raise UnusableData(message)
        return observed
    from airflow_dataops.control_charts.seasons import dated

    return dated(observed, _dates(given["dates"]), holidays)


def _from_json(text: str) -> Mapping[str, Any]:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError) as error:
        message = f"the input is not JSON: {error}"
        raise UnusableData(message) from error
    return {"x": given} if isinstance(given, list) else given


def _observed(given: Mapping[str, Any], chart: str) -> Observations:
    keys = _KEYS.get(chart, ("x",))
    key = next((key for key in keys if key in given), None)
    if key is None:
        message = (
            f"a {chart} chart needs {keys[0]!r}; the input has {', '.join(given) or 'nothing'}"
        )
        raise UnusableData(message)
    found = given[key]
    if not isinstance(found, (list, np.ndarray)):
        message = f"{key!r} is no list"
        raise UnusableData(message)
    if chart in OF_SUBGROUPS:
        return subgroups(found)
    if chart in OF_COUNTS:
        return counts(found, None if chart == "c" else given.get("n"))
    return counts(found, name=key) if chart == "g" else series(found, name=key)


def _from_csv(text: str, chart: str) -> Mapping[str, Any]:
    rows = [row for row in csv.reader(io.StringIO(text)) if any(cell.strip() for cell in row)]
    header, body = [cell.strip() for cell in rows[0]], rows[1:]
    if all(_is_number(cell) for cell in header):
        message = "the CSV needs a header: its first line is all numbers"
        raise UnusableData(message)
    if not body:
        message = "the CSV has a header and no rows"
        raise UnusableData(message)
    for line, row in enumerate(body, 2):
        if len(row) != len(header):
            message = f"CSV row {line} has {len(row)} cells, the header has {len(header)}"
            raise UnusableData(message)
    columns = dict(zip(header, zip(*body, strict=True), strict=True))
    if chart in OF_SUBGROUPS:
        return {"subgroups": _rows_of(columns)}
    if chart not in (*OF_COUNTS, "g"):
        values = _values(columns, _column(columns, _COLUMNS["values"]))
        day = next((name for name in columns if name.lower() == "date"), None)
        return {"x": values} if day is None else {"x": values, "dates": list(columns[day])}
    counted = _column(columns, _COLUMNS["counts"])
    sizes = next((name for name in columns if name.lower() in _COLUMNS["n"]), None)
    n = {} if sizes is None else {"n": _values(columns, sizes)}
    return {"counts": _values(columns, counted), **n}


def _dates(given: Any) -> list[date]:
    from datetime import date

    if not isinstance(given, list):
        message = "'dates' is no list"
        raise UnusableData(message)
    days = []
    for place, text in enumerate(given, 1):
        try:
            days.append(date.fromisoformat(text.strip()[:10]))
        except (AttributeError, ValueError):
            message = f"dates: point {place} is {str(text)[:40]!r}, not a date like 2026-01-31"
            raise UnusableData(message) from None
    return days


def _column(columns: Mapping[str, Sequence[str]], names: tuple[str, ...]) -> str:
    """A column of this name, else the only column of numbers."""
    for name in names:
        if found := [column for column in columns if column.lower() == name]:
            return found[0]
    taken = _COLUMNS["n"]
    numeric = [c for c in columns if _is_numeric(columns[c]) and c.lower() not in taken]
    if len(numeric) == 1:
        return numeric[0]
    if len(columns) == 1:
        return next(iter(columns))
    message = f"which column? Name one {names[0]!r}; the CSV has {', '.join(columns)}"
    raise UnusableData(message)


def _rows_of(columns: Mapping[str, Sequence[str]]) -> list[list[float | None]]:
    group = next((name for name in columns if name.lower() == "subgroup"), None)
    if group is None:
        listed = [_values(columns, name) for name in columns if _is_numeric(columns[name])]
        if not listed:
            message = "the CSV has no column of numbers"
            raise UnusableData(message)
        return [list(row) for row in zip(*listed, strict=True)]
    rest = {name: column for name, column in columns.items() if name != group}
    members: dict[str, list[float | None]] = {}
    for name, value in zip(
        columns[group], _values(rest, _column(rest, _COLUMNS["values"])), strict=True
    ):
        members.setdefault(name, []).append(value)
    return list(members.values())


def _values(columns: Mapping[str, Sequence[str]], name: str) -> list[float | None]:
    column = columns[name]
    try:
        return [float(cell) for cell in column]
    except ValueError:
        pass
    values: list[float | None] = []
    for line, cell in enumerate(column, 2):
        if cell.strip() and not _is_number(cell):
            message = f"CSV row {line}, column {name}: {cell.strip()[:40]!r} is not a number"
            raise UnusableData(message)
        values.append(float(cell) if cell.strip() else None)
    return values


def _is_numeric(column: Sequence[str]) -> bool:
    return all(not cell.strip() or _is_number(cell) for cell in column)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
