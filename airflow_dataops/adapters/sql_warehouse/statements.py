"""SQL that measures tables, in the words that PostgreSQL and Redshift share."""

from __future__ import annotations

from typing import TYPE_CHECKING, LiteralString, cast

from psycopg.sql import SQL, Composed, Identifier

from airflow_dataops.domain.data_assets import Table
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.data_tests import Measure

_SLICE = Identifier("the slice")
_AGGREGATES: Mapping[str, LiteralString] = {
    "row_count": "count(*)",
    "null_count": "count(*) - count({column})",
    "sum": "sum({column})",
    "mean": "avg({column})",
    "minimum": "min({column})",
    "maximum": "max({column})",
    # count(distinct …) would forbid a parallel plan to all other aggregates of the select.
    "distinct_count": (
        "(select count({column}) from (select {column} {source} group by {column}) as q)"
    ),
}


def by_slice(measures: Sequence[Measure]) -> dict[Table, list[int]]:
    """Positions of the measures that one select can answer together."""
    slices: dict[Table, list[int]] = {}
    for position, measure in enumerate(measures):
        slices.setdefault(_table(measure), []).append(position)
    return slices


def counting(sql: str, table: Table | None) -> Composed:
    """Count the rows that an author's query finds; ``{table}`` in it is the table's slice."""
    # The line ends keep a comment at the end of the query from hiding the bracket.
    count = SQL("select count(*) from (\n{}\n) as q")
    query = sql.strip().rstrip(";")
    if table is None:
        return count.format(raw(query))
    # As a name of its own the slice can be aliased, joined and used more than once.
    statement = SQL("with {} as (select * {}) ").format(_SLICE, _source(table))
    return statement + count.format(raw(query.replace("{table}", _SLICE.as_string())))


def _table(measure: Measure) -> Table:
    if not isinstance(measure.asset, Table):
        message = f"{measure} is no measure of a table"
        raise TypeError(message)
    return measure.asset


def select(table: Table, measures: Sequence[Measure]) -> Composed:
    """One row with the measures of a slice, in their order."""
    source = _source(table)
    aggregates = SQL(", ").join(
        SQL(_AGGREGATES[measure.aggregate]).format(
            column=Identifier(measure.column or ""), source=source
        )
        for measure in measures
    )
    statement = SQL("select {}").format(aggregates)
    if all(measure.aggregate == "distinct_count" for measure in measures):
        return statement
    return statement + SQL(" ") + source


def number(value: object, measure: Measure) -> float | None:
    """What a database answered for a measure.

    Raises:
        OutsideSystemError: it is no number.
    """
    if value is None:
        return None
    try:
        return float(cast("float", value))
    except (TypeError, ValueError):
        message = f"{measure} is of type {type(value).__name__}, not a number"
        raise OutsideSystemError(message) from None


def _source(table: Table) -> Composed:
    return rows(table.name, table.where)


def rows(table: str, where: str | None) -> Composed:
    """``from`` a table, where a condition holds."""
    source = SQL("from {}").format(identifier(table))
    if where is None:
        return source
    # The line ends keep a comment in the condition from hiding the bracket.
    return source + SQL(" where (\n{}\n)").format(raw(where))


def identifier(table: str) -> Identifier:
    """A table's name, with its schema where it has one."""
    return Identifier(*table.split("."))


def raw(text: str) -> SQL:
    """SQL that a pipeline's author wrote, who may write any."""
    return SQL(text)
