"""Rows that break a test, as lines to read, without what a table's author marked as masked.

Where a column is masked, a value is shown only if the server says that it comes straight from a
column of the same table that is not: an alias or an expression could carry the masked one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Identifier, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    import psycopg

    from airflow_dataops.domain.data_assets import Table

HIDDEN = "●●●"
_LONGEST_VALUE, _LONGEST_LINE = 60, 400


def lines(
    names: Sequence[str], rows: Sequence[Sequence[Any]], *, hidden: Collection[int] = ()
) -> list[str]:
    """Rows as lines.

    Args:
        names: of the columns.
        rows: their values.
        hidden: places of columns whose values are not shown.
    """
    return [
        ", ".join(
            f"{_one_line(name)} {HIDDEN if place in hidden else _shown(value)}"
            for place, (name, value) in enumerate(zip(names, row, strict=True))
        )[:_LONGEST_LINE]
        for row in rows
    ]


def hidden(connection: psycopg.Connection, cursor: psycopg.Cursor[Any], table: Table) -> set[int]:
    """Places of a result's columns that may hold a masked value."""
    places = range(len(cursor.description or ()))
    if not table.masked:
        return set()
    name = Identifier(*table.name.split(".")).as_string(None)
    found = connection.cursor().execute(
        SQL(
            "select attrelid::int8, attnum, attname from pg_attribute"
            " where attrelid = {}::regclass and attnum > 0"
        ).format(Literal(name))
    )
    open_columns = {
        (int(relation), int(number))
        for relation, number, column in found.fetchall()
        if column not in table.masked
    }
    result = cursor.pgresult
    return {
        place
        for place in places
        if result is None or (result.ftable(place), result.ftablecol(place)) not in open_columns
    }


def _shown(value: object) -> str:
    text = "null" if value is None else _one_line(str(value))
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _one_line(text: str) -> str:
    return " ".join(text.split())
