"""Reads of a single statement, asked for so often that the trips to the database count.

psycopg needs little help: without transactions it makes one trip, and prepares by itself what it
sends repeatedly. psycopg2 (Airflow's usual driver) is told here to do the same.
"""

from __future__ import annotations

import hashlib
from contextlib import contextmanager
from functools import lru_cache
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy.exc import DBAPIError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from sqlalchemy import Connection, Dialect, Engine, Select

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
        try:
            return _prepared_rows(connection, statement, name, asked)
        except DBAPIError as error:
            if error.connection_invalidated:
                raise
            # Behind a PgBouncer the next statement may be another session's. Whatever is wrong
            # with the statement itself shows again below.
            connection.rollback()
            _forgetful.add(connection.engine)
    return connection.execute(statement, {name: asked}).all()


def _prepared_rows(
    connection: Connection, statement: Select[Any], name: str, asked: object
) -> Sequence[Any]:
    text, title = _text_and_title(statement, name, connection.dialect)
    of_session = connection.connection.info
    if title not in of_session:
        connection.exec_driver_sql(f"PREPARE {title} AS {text}")
        of_session[title] = True
    return connection.exec_driver_sql(f"EXECUTE {title} (%s)", (str(asked),)).all()


@lru_cache(maxsize=4)
def _text_and_title(statement: Select[Any], name: str, dialect: Dialect) -> tuple[str, str]:
    text = str(statement.compile(dialect=dialect)).replace(f"%({name})s", "$1")
    # Named after its text: whoever prepared it in this session meant the same.
    return text, f"dataops_{hashlib.sha256(text.encode()).hexdigest()[:16]}"


@lru_cache(maxsize=4)
def _in_autocommit(engine: Engine) -> Engine:
    return engine.execution_options(isolation_level="AUTOCOMMIT")
