"""A query's result, read from the server some thousands of rows at a time."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from airflow_dataops.adapters.sql_warehouse.statements import raw
from airflow_dataops.domain.result_columns import Kind, ResultColumn
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import psycopg

_BATCH_ROWS = 5000
# Type numbers of PostgreSQL, which Redshift has kept.
_KINDS = {
    16: Kind.BOOLEAN,
    17: Kind.BYTES,
    **dict.fromkeys((20, 21, 23, 26), Kind.INTEGER),
    **dict.fromkeys((700, 701), Kind.FLOAT),
    1082: Kind.DATE,
    1083: Kind.TIME,
    1114: Kind.TIMESTAMP,
    1184: Kind.MOMENT,
}
_NUMERIC = 1700


class Result:
    """A result while it is read; implements ``Rows``.

    Args:
        columns: of the result.
        batches: rows as the driver gives them.
    """

    def __init__(
        self, columns: Sequence[ResultColumn], batches: Iterator[Sequence[tuple[Any, ...]]]
    ) -> None:
        self.columns = columns
        self._batches = batches
        self._texts = [n for n, column in enumerate(columns) if column.kind is Kind.TEXT]

    def batches(self) -> Iterator[Sequence[tuple[object, ...]]]:
        """The rows in order; can be read once."""
        for batch in self._batches:
            yield [self._row(row) for row in batch]

    def _row(self, row: tuple[Any, ...]) -> tuple[object, ...]:
        if all(isinstance(row[n], (str, type(None))) for n in self._texts):
            return row
        values = list(row)
        for n in self._texts:
            values[n] = _as_text(values[n])
        return tuple(values)


@contextmanager
def reading(connection: psycopg.Connection, sql: str) -> Iterator[Result]:
    """What a query finds, while the block lasts.

    Raises:
        OutsideSystemError: it is no query that gives rows.
    """
    with connection.cursor("extract") as cursor:
        cursor.execute(raw(sql.strip().rstrip(";")))
        if cursor.description is None:
            message = "the query gives no rows; an extract needs a select"
            raise OutsideSystemError(message)
        columns = [
            column(each.name, each.type_code, each.precision, each.scale)
            for each in cursor.description
        ]
        yield Result(columns, _batches(cursor))


def column(name: str, type_code: int, precision: int | None, scale: int | None) -> ResultColumn:
    """A column by the number of its type."""
    if type_code == _NUMERIC:
        if not precision:
            return ResultColumn(name=name, kind=Kind.FLOAT)
        return ResultColumn(name=name, kind=Kind.DECIMAL, precision=precision, scale=scale or 0)
    return ResultColumn(name=name, kind=_KINDS.get(type_code, Kind.TEXT))


def _batches(cursor: psycopg.ServerCursor[Any]) -> Iterator[list[tuple[Any, ...]]]:
    while batch := cursor.fetchmany(_BATCH_ROWS):
        yield batch


def _as_text(value: object) -> object:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, (dict, list)):
        return json.dumps(value, default=str)
    return str(value)
