"""SQL that measures tables, in the words that PostgreSQL and Redshift share."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composed, Identifier, Literal

if TYPE_CHECKING:
    from airflow_dataops.domain.data_assets import Table

_SLICE = Identifier("the slice")


def counting(sql: str, table: Table | None) -> Composed:
    """Count the rows that an author's query finds; ``{table}`` in it is the table's slice."""
    # The line ends keep a comment at the end of the query from hiding the bracket.
    return _around(SQL("select count(*) from (\n{}\n) as q"), sql, table)


def some(sql: str, table: Table, *, at_most: int) -> Composed:
    """A few of the rows that an author's query finds."""
    return _around(SQL("select * from (\n{}\n) as q"), sql, table) + SQL(" limit {}").format(
        Literal(at_most)
    )


def _around(statement: SQL, sql: str, table: Table | None) -> Composed:
    query = sql.strip().rstrip(";")
    if table is None:
        return statement.format(raw(query))
    # As a name of its own the slice can be aliased, joined and used more than once.
    slice_of = SQL("with {} as (select * {}) ").format(_SLICE, _source(table))
    return slice_of + statement.format(raw(query.replace("{table}", _SLICE.as_string())))


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
