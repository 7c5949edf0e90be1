"""Reads of a single statement, asked for so often that the trips to the database count.

psycopg needs little help: without transactions it makes one trip, and prepares by itself what it
sends repeatedly. For psycopg2 (Airflow's usual driver) a few sessions are kept here beside the
engine's pool, with the statement prepared: the pool asks a session whether it still lives before
it gives it out, and that takes as long as the read itself.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections import deque, namedtuple
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import WeakKeyDictionary, WeakSet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from sqlalchemy import Connection, Dialect, Engine, Select

_MOST_KEPT = 4
# A session that waited longer may have been cut off on the way, and a read would wait for it.
_LONGEST_WAIT_SECONDS = 60.0
# PostgreSQL's codes for "no such prepared statement" and "there is one of this name".
_PREPARED_ELSEWHERE = frozenset({"26000", "42P05"})


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


def rows_of(engine: Engine, statement: Select[Any], **value: object) -> Sequence[Any]:
    """The rows that a statement with one parameter finds.

    PostgreSQL plans a statement of several tables for longer than it runs it, so each session
    keeps the plan.
    """
    ((name, asked),) = value.items()
    forgets = False
    if engine.driver == "psycopg2" and engine not in _forgetful:
        try:
            return _rows_of_kept(engine, _prepared(statement, name, engine.dialect), asked)
        except engine.dialect.loaded_dbapi.Error as error:
            # The database was restarted, or is reached through a PgBouncer, where the next
            # statement may be another session's. What is wrong with the statement shows below.
            forgets = error.pgcode in _PREPARED_ELSEWHERE
    with without_transactions(engine) as connection:
        rows = connection.execute(statement, {name: asked}).all()
    if forgets:
        _forgetful.add(engine)
    return rows


class _Prepared(NamedTuple):
    title: str
    text: str
    row: Callable[[Sequence[Any]], Any]


@dataclass(slots=True, kw_only=True)
class _Session:
    driver: Any
    prepared: set[str] = field(default_factory=set)
    process: int = field(default_factory=os.getpid)
    waits_since: float = field(default_factory=time.monotonic)


# Engines behind which a session does not keep what was prepared in it.
_forgetful: WeakSet[Engine] = WeakSet()
_kept: WeakKeyDictionary[Engine, deque[_Session]] = WeakKeyDictionary()


def _rows_of_kept(engine: Engine, prepared: _Prepared, asked: object) -> Sequence[Any]:
    kept = _kept.get(engine)
    if kept is None:
        kept = _kept.setdefault(engine, deque())
    session = _waiting(kept) or _opened(engine)
    try:
        rows = _rows(session, prepared, asked)
    except BaseException:
        session.driver.close()
        raise
    if len(kept) < _MOST_KEPT:
        session.waits_since = time.monotonic()
        kept.append(session)
    else:
        session.driver.close()
    return rows


def _rows(session: _Session, prepared: _Prepared, asked: object) -> Sequence[Any]:
    cursor = session.driver.cursor()
    if prepared.title not in session.prepared:
        cursor.execute(f"PREPARE {prepared.title} AS {prepared.text}")
        session.prepared.add(prepared.title)
    cursor.execute(f"EXECUTE {prepared.title} (%s)", (str(asked),))
    return [prepared.row(found) for found in cursor.fetchall()]


def _waiting(kept: deque[_Session]) -> _Session | None:
    while True:
        try:
            session = kept.pop()
        except IndexError:
            return None
        if session.process != os.getpid():
            continue  # of the process that this one was forked from, and in use there
        if session.waits_since + _LONGEST_WAIT_SECONDS > time.monotonic():
            return session
        session.driver.close()


def _opened(engine: Engine) -> _Session:
    # Made by the pool, so that it is made as the installation wants it, and taken out of it.
    fairy = engine.raw_connection()
    driver: Any = fairy.driver_connection
    fairy.detach()
    driver.autocommit = True
    return _Session(driver=driver)


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
