"""One pending table and its published one, inside of a transaction that somebody else holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse.statements import raw
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from psycopg.sql import Composed

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.adapters.sql_warehouse.sessions import Session

_ORDINARY, _PARTITIONED = "r", "p"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a table is before and after it is published."""

    name: str
    published: str
    pending: str
    dialect: Dialect

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


def begin(session: Session, place: Place) -> None:
    """Have an empty pending table, or none where nothing was published yet."""
    there = kind(session, place.pending, place.name)
    if there is not None:
        what = SQL("table" if there in {_ORDINARY, _PARTITIONED} else "view")
        drop = SQL("drop {} {} cascade")
        session.rows(drop.format(what, place.source))
    provide(session, place)


def provide(session: Session, place: Place) -> None:
    """Have a pending table wherever a published one could be meant in its place."""
    if kind(session, place.pending, place.name) is not None:
        return
    published = kind(session, place.published, place.name)
    if published is None:
        return
    if published not in {_ORDINARY, _PARTITIONED}:
        message = f"{place.name} cannot be published: it is a view or the like, and no table"
        raise OutsideSystemError(message)
    _make_like(session, place.source, place.target, place.dialect)


def check_written(session: Session, place: Place) -> None:
    """Refuse to go on without a pending table.

    Raises:
        OutsideSystemError: there is none, or something that is no table.
    """
    if kind(session, place.pending, place.name) != _ORDINARY:
        message = (
            f"the stage wrote no table {place.name}: there is none in {place.pending}; write it"
            f" as {place.name}, without a schema, so that it becomes the pending one"
        )
        raise OutsideSystemError(message)


def publish(session: Session, place: Place, where: str | None) -> int:
    """Put the pending rows in the place of a slice; the number of rows."""
    rows = _check_slice(session, place, where)
    if kind(session, place.published, place.name) is None:
        if place.dialect.moves_tables:
            move = SQL("alter table {} set schema {}")
            session.rows(move.format(place.source, Identifier(place.published)))
            return rows
        _make_like(session, place.target, place.source, place.dialect)
    if place.dialect.lock_writers is not None:
        session.rows(place.dialect.lock_writers.format(place.target))
    columns = SQL(", ").join(map(Identifier, _fit(session, place)))
    session.rows(SQL("delete from {}").format(place.target) + _slice(where))
    insert = SQL("insert into {} ({}) select {} from {}")
    session.rows(insert.format(place.target, columns, columns, place.source))
    session.rows(SQL("drop table {} cascade").format(place.source))
    return rows


def _check_slice(session: Session, place: Place, where: str | None) -> int:
    """Number of pending rows; refuses those that the next run would not take away again."""
    count = SQL("select count(*) from {}").format(place.source)
    rows = _number(session, count)
    inside = rows if where is None else _number(session, count + _slice(where))
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


def _fit(session: Session, place: Place) -> list[str]:
    """Names of the columns to publish; the published table gets those that it lacks."""
    itself = place.dialect.makes_itself
    pending = _columns(session, place.pending, place.name, itself)
    published = _columns(session, place.published, place.name, itself)
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
            session.rows(add.format(place.target, Identifier(column.name), raw(column.type)))
    made = {column.name for column in published if column.makes_itself}
    return [column.name for column in pending if column.name not in made]


def _columns(session: Session, schema: str, name: str, makes_itself: SQL) -> list[_Column]:
    """Columns in their order; identities and generated ones number and compute themselves."""
    found = SQL(
        "select attname::varchar, format_type(atttypid, atttypmod)::varchar, {}"
        " from pg_attribute join pg_class on pg_class.oid = attrelid"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = {} and relname = {} and attnum > 0 and not attisdropped order by attnum"
    ).format(makes_itself, Literal(schema), Literal(name))
    return [
        _Column(name=name, type=kind, makes_itself=bool(itself))
        for name, kind, itself in session.rows(found)
    ]


def _make_like(session: Session, new: Identifier, like: Identifier, dialect: Dialect) -> None:
    make = SQL("create table {} (like {} {})")
    session.rows(make.format(new, like, dialect.like))


def kind(session: Session, schema: str, name: str) -> str | None:
    """Kind of the relation of this name, in PostgreSQL's letters; None where there is none."""
    found = SQL(
        "select relkind::varchar from pg_class"
        " join pg_namespace on pg_namespace.oid = relnamespace"
        " where nspname = {} and relname = {}"
    ).format(Literal(schema), Literal(name))
    rows = session.rows(found)
    return str(rows[0][0]) if rows else None


def _number(session: Session, query: Composed) -> int:
    return int(session.rows(query)[0][0])
