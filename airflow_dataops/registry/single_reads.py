"""Reads of a single statement, asked for so often that the trips to the database count.

psycopg needs little help: without transactions it makes one trip, and prepares by itself what it
sends repeatedly. psycopg2 (Airflow's usual driver) is told here to do the same.
"""

from __future__ import annotations

import hashlib
from collections import namedtuple
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Dialect, Engine, Select
    from sqlalchemy.pool import PoolProxiedConnection

# Engines behind which a session does not keep what was prepared in it.
_forgetful: WeakSet[Engine] = WeakSet()


@contextmanager
def without_transactions(engine: Engine) -> Iterator[Connection]:
    """A connection of the engine's pool, without a BEGIN and a ROLLBACK around what it reads."""
    if engine.driver != "psycopg2":
        with _in_autocommit(engine).connect() as connection:
            yield connection
        return
    with engine.connect() as connection:
        # By SQLAlchemy's own switch it takes longer to go to and fro than a transaction takes.
        session: Any = connection.connection.driver_connection
        session.autocommit = True
        try:
            yield connection
        finally:
            if not session.closed:
                session.autocommit = False


def rows_of(connection: Connection, statement: Select[Any], **value: object) -> Sequence[Any]:
    """The rows that a statement with one parameter finds.

    PostgreSQL plans a statement of several tables for longer than it runs it, so each session
    keeps the plan.
    """
    ((name, asked),) = value.items()
    if connection.engine.driver == "psycopg2" and connection.engine not in _forgetful:
        session = connection.connection
        try:
            return _prepared_rows(session, _prepared(statement, name, connection.dialect), asked)
        except connection.dialect.loaded_dbapi.Error:
            if session.driver_connection is None or session.driver_connection.closed:
                raise
            # Behind a PgBouncer the next statement may be another session's. Whatever is wrong
            # with the statement itself shows again below.
            connection.rollback()
            _forgetful.add(connection.engine)
    return connection.execute(statement, {name: asked}).all()


class _Prepared(NamedTuple):
    title: str
    text: str
    row: Callable[[Sequence[Any]], Any]


def _prepared_rows(
    session: PoolProxiedConnection, prepared: _Prepared, asked: object
) -> Sequence[Any]:
    # SQLAlchemy would look at the columns of each answer for as long as all of this takes.
    cursor = session.cursor()
    try:
        if prepared.title not in session.info:
            cursor.execute(f"PREPARE {prepared.title} AS {prepared.text}")
            session.info[prepared.title] = True
        cursor.execute(f"EXECUTE {prepared.title} (%s)", (str(asked),))
        return [prepared.row(found) for found in cursor.fetchall()]
    finally:
        cursor.close()


@lru_cache(maxsize=4)
def _prepared(statement: Select[Any], name: str, dialect: Dialect) -> _Prepared:
    text = str(statement.compile(dialect=dialect)).replace(f"%({name})s", "$1")
    # Named after its text: whoever prepared it in this session meant the same.
    title = f"dataops_{hashlib.sha256(text.encode()).hexdigest()[:16]}"
    row = namedtuple("Row", statement.selected_columns.keys())  # type: ignore[misc]
    return _Prepared(title, text, row._make)


@lru_cache(maxsize=4)
def _in_autocommit(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")
