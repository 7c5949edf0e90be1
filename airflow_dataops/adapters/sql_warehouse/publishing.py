"""One pending table and its published one, inside of a transaction that somebody else holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.rows import class_row, scalar_row
from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse.statements import raw
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    import psycopg
    from psycopg.sql import Composed

_ORDINARY, _PARTITIONED = "r", "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a table is before and after it is published."""

    name: str
    published: str
    pending: str

    @property
    def target(self) -> Identifier:
        """The published table."""
        return Identifier(self.published, self.name)

    @property
    def source(self) -> Identifier:
        """The pending table."""
        return Identifier(self.pending, self.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Column:
    name: str
    type: str
    makes_itself: bool


def begin(connection: psycopg.Connection, place: Place) -> None:
    """Have an empty pending table, or none where nothing was published yet."""
    kind = _kind(connection, place.pending, place.name)
    if kind is not None:
        what = SQL("table" if kind in {_ORDINARY, _PARTITIONED} else "view")
        drop = SQL("drop {} {} cascade")
        connection.execute(drop.format(what, place.source))
    provide(connection, place)


def provide(connection: psycopg.Connection, place: Place) -> None:
    """Have a pending table wherever a published one could be meant in its place."""
    if _kind(connection, place.pending, place.name) is not None:
        return
    kind = _kind(connection, place.published, place.name)
    if kind is None:
        return
    if kind not in {_ORDINARY, _PARTITIONED}:
        message = f"{place.name} cannot be published: it is a view or the like, and no table"
        raise OutsideSystemError(message)
    like = SQL("create table {} (like {} including all)")
    connection.execute(like.format(place.source, place.target))


def check_written(connection: psycopg.Connection, place: Place) -> None:
    """Refuse to go on without a pending table.

    Raises:
        OutsideSystemError: there is none, or something that is no table.
    """
    if _kind(connection, place.pending, place.name) != _ORDINARY:
        message = (
            f"the stage wrote no table {place.name}: there is none in {place.pending}; write it"
            f" as {place.name}, without a schema, so that it becomes the pending one"
        )
        raise OutsideSystemError(message)


def publish(connection: psycopg.Connection, place: Place, where: str | None) -> int:
    """Put the pending rows in the place of a slice; the number of rows."""
    rows = _check_slice(connection, place, where)
    if _kind(connection, place.published, place.name) is None:
        move = SQL("alter table {} set schema {}")
        connection.execute(move.format(place.source, Identifier(place.published)))
        return rows
    # Who writes the table meanwhile waits, who reads it does not.
    lock = SQL("lock table {} in share row exclusive mode")
    connection.execute(lock.format(place.target))
    columns = SQL(", ").join(map(Identifier, _fit(connection, place)))
    connection.execute(SQL("delete from {}").format(place.target) + _slice(where))
    insert = SQL("insert into {} ({}) select {} from {}")
    connection.execute(insert.format(place.target, columns, columns, place.source))
    connection.execute(SQL("drop table {} cascade").format(place.source))
    return rows


def _check_slice(connection: psycopg.Connection, place: Place, where: str | None) -> int:
    """Number of pending rows; refuses those that the next run would not take away again."""
    count = SQL("select count(*) from {}").format(place.source)
    rows = _number(connection, count)
    inside = rows if where is None else _number(connection, count + _slice(where))
    if inside < rows:
        message = (
            f"{rows - inside} of {rows} rows of {place.name} lie outside of the slice that is"
            f" published ({where}), so a second run would double them; nothing was published."
            " Correct the slice, or what the stage writes"
        )
        raise OutsideSystemError(message)
    return rows


def _slice(where: str | None) -> Composed:
    # The line ends keep a comment in the condition from hiding the bracket.
    return SQL(" where (\n{}\n)").format(raw(where)) if where else SQL("").format()


def _fit(connection: psycopg.Connection, place: Place) -> list[str]:
    """Names of the columns to publish; the published table gets those that it lacks."""
    pending = _columns(connection, place.pending, place.name)
    published = _columns(connection, place.published, place.name)
    has = {column.name for column in pending}
    missing = [c.name for c in published if c.name not in has and not c.makes_itself]
    if missing:
        message = (
            f"the pending table {place.name} has no column {', '.join(missing)}, the published"
            " one has; write it, or drop it from the published table in a task of an earlier"
            " stage. Nothing was published"
        )
        raise OutsideSystemError(message)
    known = {column.name for column in published}
    for column in pending:
        if column.name not in known:
            add = SQL("alter table {} add column {} {}")
            connection.execute(add.format(place.target, Identifier(column.name), raw(column.type)))
    made = {column.name for column in published if column.makes_itself}
    return [column.name for column in pending if column.name not in made]


def _columns(connection: psycopg.Connection, schema: str, name: str) -> list[_Column]:
    """Columns in their order; identities and generated ones number and compute themselves."""
    found = SQL(
        "select attname as name, format_type(atttypid, atttypmod) as type,"
        " attidentity <> '' or attgenerated <> '' as makes_itself"
        " from pg_attribute join pg_class on pg_class.oid = attrelid"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = {} and relname = {} and attnum > 0 and not attisdropped order by attnum"
    ).format(Literal(schema), Literal(name))
    return connection.cursor(row_factory=class_row(_Column)).execute(found).fetchall()


def _kind(connection: psycopg.Connection, schema: str, name: str) -> str | None:
    """Kind of the relation of this name; None where there is none."""
    found = SQL(
        "select relkind::text from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = {} and relname = {}"
    ).format(Literal(schema), Literal(name))
    kind: str | None = connection.cursor(row_factory=scalar_row).execute(found).fetchone()
    return kind


def _number(connection: psycopg.Connection, query: Composed) -> int:
    return int(connection.cursor(row_factory=scalar_row).execute(query).fetchone() or 0)
