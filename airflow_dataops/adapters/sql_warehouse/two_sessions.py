"""Measure on PostgreSQL: two read-only sessions of one snapshot, and an end to both."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, RLock
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Literal

from airflow_dataops.adapters.sql_warehouse import offenders, statements
from airflow_dataops.adapters.sql_warehouse.dialects import POSTGRES
from airflow_dataops.adapters.sql_warehouse.measuring import Answers, in_two
from airflow_dataops.adapters.sql_warehouse.plans import ruled_columns
from airflow_dataops.adapters.sql_warehouse.sessions import told
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from airflow_dataops.adapters.sql_warehouse.plans import Statement
    from airflow_dataops.adapters.sql_warehouse.sessions import Login
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.measured import Measured

# Fewer groups than this fit into a worker's memory, and checking each once is always cheaper.
_FEW_VALUES = 100_000
_CHECK_CLIENT = "5s"
_CANCEL_SECONDS = 5.0
# Not all servers have it, and one may refuse to check.
_NOTICE_DEAD_CLIENT = SQL(
    "select set_config(name, {}, true) from pg_settings"
    " where name = 'client_connection_check_interval'"
)
_DISTINCT = SQL(
    "select case when n_distinct < 0 then -n_distinct * reltuples else n_distinct end"
    " from pg_stats join pg_class on pg_class.oid = {}::regclass join pg_namespace"
    " on pg_namespace.oid = relnamespace and nspname = schemaname and relname = tablename"
    " where attname = {}"
)


class TwoSessions:
    """At most two connections that measure; others can end what they do.

    Args:
        login: where they begin.
        seconds: after which the server ends a statement.
    """

    def __init__(self, login: Login, *, seconds: float) -> None:
        self._login = login
        self._seconds = seconds
        self._open: set[psycopg.Connection] = set()
        # A signal may come while its own thread holds it.
        self._lock = RLock()
        self._is_ended = Event()

    def measure(self, measures: Sequence[Measure]) -> list[Measured]:
        """One answer per measure, in their order, all of one state.

        Raises:
            ToolUnreachable: the database does not answer at all.
        """
        self._is_ended.clear()
        with self._session() as session:
            few = {
                (table, column)
                for table, columns in ruled_columns(measures).items()
                for column in columns
                if session.has_few_values(table, column)
            }
            answers = Answers(measures, POSTGRES, lambda table, column: (table, column) in few)
            snapshot = session.exported() if answers.can_be_shared else None
            if snapshot is None:
                answers.work(session)
            else:
                in_two(answers, session, lambda: self._second(answers, snapshot))
            return answers.listed()

    def offenders(self, sql: str, table: Table, *, at_most: int) -> list[str]:
        """A few rows that a query finds, as lines without masked values."""
        with self._session() as session:
            return session.offenders(sql, table, at_most=at_most)

    def cancel(self) -> None:
        """Have the server end what is asked at this moment, and ask nothing more."""
        self._is_ended.set()
        with self._lock:
            for connection in self._open:
                connection.cancel_safe(timeout=_CANCEL_SECONDS)

    def _second(self, answers: Answers, snapshot: str) -> None:
        try:
            with self._session(snapshot) as session:
                answers.work(session, from_the_end=True)
        except OutsideSystemError:
            return  # the first session goes on with what waits

    @contextmanager
    def _session(self, snapshot: str | None = None) -> Iterator[_Session]:
        with self._login.reading(snapshot=snapshot) as connection:
            timeout = SQL("set local statement_timeout = {}; set local time zone 'UTC'")
            connection.execute(timeout.format(Literal(int(self._seconds * 1000))))
            connection.execute(_NOTICE_DEAD_CLIENT.format(Literal(_CHECK_CLIENT)))
            with self._lock:
                self._open.add(connection)
            try:
                yield _Session(connection, self._is_ended)
            except BaseException:
                self.cancel()
                raise
            finally:
                with self._lock:
                    self._open.discard(connection)


class _Session:
    def __init__(self, connection: psycopg.Connection, is_ended: Event) -> None:
        self._connection = connection
        self._is_ended = is_ended

    def ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        if self._is_ended.is_set():
            message = "the task was ended before this was measured; run it again"
            raise ToolUnreachable(message)
        return self._told(lambda: self._rows(statement.sql))

    def exported(self) -> str | None:
        """A name by which another session sees the same state; None where that cannot be."""
        try:
            return str(self._told(lambda: self._rows(SQL("select pg_export_snapshot()")))[0][0])
        except ToolUnreachable:
            raise
        except OutsideSystemError:
            return None

    def has_few_values(self, table: Table, column: str) -> bool:
        """Whether statistics say that a column has few values."""
        name = SQL(".").join(map(psycopg.sql.Identifier, table.name.split("."))).as_string(None)
        asked = _DISTINCT.format(Literal(name), Literal(column))
        try:
            rows = self._told(lambda: self._rows(asked))
        except ToolUnreachable:
            raise
        except OutsideSystemError:
            return False
        return bool(rows) and 0 < float(rows[0][0]) <= _FEW_VALUES

    def offenders(self, sql: str, table: Table, *, at_most: int) -> list[str]:
        """A few rows that a query finds, as lines."""
        try:
            cursor = self._connection.cursor(row_factory=tuple_row)
            rows = cursor.execute(statements.some(sql, table, at_most=at_most)).fetchall()
            names = [column.name for column in cursor.description or ()]
            masked = offenders.hidden(self._connection, cursor, table)
        except psycopg.Error as error:
            raise told(error) from None
        return offenders.lines(names, rows, hidden=masked)

    def _rows(self, sql: Any) -> list[tuple[Any, ...]]:
        # A savepoint: what fails must not end the transaction and its snapshot.
        with self._connection.transaction():
            return self._connection.cursor(row_factory=tuple_row).execute(sql).fetchall()

    def _told(self, question: Callable[[], list[tuple[Any, ...]]]) -> list[tuple[Any, ...]]:
        try:
            return question()
        except psycopg.Error as error:
            raise told(error) from None
