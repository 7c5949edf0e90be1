"""Warehouse on Redshift, through its own driver.

It loads from S3 by itself: a file does not pass through the worker. It has neither advisory
locks nor locks of rows; transactions that disagree fail there and are tried again.
"""

from __future__ import annotations

from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composed, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse import offenders, statements
from airflow_dataops.adapters.sql_warehouse.dialects import REDSHIFT
from airflow_dataops.adapters.sql_warehouse.measuring import Answers
from airflow_dataops.adapters.sql_warehouse.results import Result, column
from airflow_dataops.adapters.sql_warehouse.sessions import WHAT_TO_DO
from airflow_dataops.domain import names
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.plans import Statement
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.measured import Measured

_BATCH_ROWS = 5000
_NUMERIC = 1700
# Digits before and behind the point, as a type's modifier holds them.
_MODIFIER_BASE, _DIGIT_BITS = 4, 16
# Serialisation failures, a full or stopping server; Redshift's 1023 comes as XX000.
_MAY_PASS_LATER = ("08", "40", "53", "57P")
_NOT_SERIALIZABLE = "1023"


def redshift_warehouse(login: Mapping[str, Any]) -> RedshiftWarehouse:
    """The warehouse behind a login: ``host``, ``port``, ``database``, ``user``, ``password``."""

    def connect() -> Any:
        import redshift_connector

        return redshift_connector.connect(**login)

    return RedshiftWarehouse(RedshiftSessions(connect))


class RedshiftSessions:
    """Sessions of a login.

    Args:
        connect: opens a connection of Redshift's driver.
        is_pending: whether unqualified names mean pending tables first.
    """

    def __init__(self, connect: Callable[[], Any], *, is_pending: bool = False) -> None:
        self._connect = connect
        self._is_pending = is_pending

    @contextmanager
    def reading(self) -> Iterator[RedshiftSession]:
        """A transaction that changes nothing and sees one state throughout."""
        with self._open("begin read only") as session:
            yield session

    @contextmanager
    def writing(self) -> Iterator[RedshiftSession]:
        """A transaction; kept when the block ends, forgotten where it fails."""
        with self._open("begin") as session:
            yield session
            session.rows(SQL("commit"))

    @contextmanager
    def _open(self, begin: str) -> Iterator[RedshiftSession]:
        from redshift_connector.error import Error

        try:
            connection = self._connect()
            try:
                connection.autocommit = True
                session = RedshiftSession(connection.cursor())
                if self._is_pending:
                    session.look_at_pending()
                session.rows(SQL(begin))
                yield session
            finally:
                # What was begun and not committed ends with its connection.
                connection.close()
        except (Error, OSError) as error:
            # Without its cause: the database's own message may show the row.
            raise told(error) from None


class RedshiftSession:
    """A transaction.

    Args:
        cursor: of Redshift's driver.
    """

    def __init__(self, cursor: Any) -> None:
        self._cursor = cursor

    def rows(self, statement: Composed | SQL) -> list[tuple[Any, ...]]:
        """What a statement finds; nothing for one that finds none."""
        self._cursor.execute(statement.as_string(None))
        return [tuple(row) for row in self._cursor.fetchall()] if self._cursor.description else []

    def described(self) -> list[tuple[str, int, int]]:
        """Name, type and type modifier of each column that was found last."""
        found = self._cursor.ps["row_desc"]
        return [(each["label"].decode(), each["type_oid"], each["type_modifier"]) for each in found]

    def look_at_pending(self) -> None:
        """Have unqualified names mean pending tables first."""
        ((schema,),) = self.rows(SQL("select current_schema()::varchar"))
        path = SQL("set search_path to {}, {}")
        self.rows(path.format(Identifier(names.pending_schema(schema)), Identifier(schema)))


class _Asked:
    """A session; a statement that fails there ends it, so that the next begins another."""

    def __init__(self, session: RedshiftSession, sessions: RedshiftSessions) -> None:
        self._session: RedshiftSession | None = session
        self._sessions = sessions

    def ask(self, statement: Statement) -> list[tuple[Any, ...]]:
        session, self._session = self._session, None
        if session is None:
            with self._sessions.reading() as fresh:
                return fresh.rows(statement.sql)
        try:
            rows = session.rows(statement.sql)
        except Exception as error:  # noqa: BLE001 - the driver's errors, and a socket's
            raise told(error) from None
        self._session = session
        return rows


class RedshiftWarehouse:
    """A Redshift database, reached anew for each call.

    Args:
        sessions: of the login.
    """

    def __init__(self, sessions: RedshiftSessions) -> None:
        self._sessions = sessions

    def holds_tables(self, schema: str) -> bool:
        """Whether a schema has tables, views or the like; one that does not exist has none."""
        found = SQL(
            "select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = {} limit 1"
        )
        with self._sessions.reading() as session:
            return bool(session.rows(found.format(Literal(schema))))

    def create_schema(self, name: str) -> None:
        """Create a schema; one that exists is no error."""
        with self._sessions.writing() as session:
            session.rows(SQL("create schema if not exists {}").format(Identifier(name)))

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all it holds; one that is gone is no error."""
        with self._sessions.writing() as session:
            session.rows(SQL("drop schema if exists {} cascade").format(Identifier(name)))

    def measures(self, measures: Sequence[Measure]) -> list[Measured]:
        """One answer per measure, in their order; all of one state but those that failed once.

        Raises:
            ToolUnreachable: the database does not answer at all.
        """
        answers = Answers(measures, REDSHIFT, lambda _table, _column: False)
        while answers.waiting:
            with self._sessions.reading() as session:
                answers.work(_Asked(session, self._sessions))
        return answers.listed()

    def cancel(self) -> None:
        """Leave what is measured to its connection's end: the driver cannot cancel."""

    def offenders(self, sql: str, table: Table, *, at_most: int) -> list[str]:
        """Rows that a query finds, each as one line; none of a table with masked columns."""
        if table.masked:  # whether a value comes from one of them is not told here
            return []
        with self._sessions.reading() as session:
            rows = session.rows(statements.some(sql, table, at_most=at_most))
            names = [name for name, *_ in session.described()]
        return offenders.lines(names, rows)

    def count_rows(self, sql: str, *, table: Table | None = None) -> int:
        """How many rows a query finds; ``{table}`` in it stands for the table's slice."""
        with self._sessions.reading() as session:
            return int(session.rows(statements.counting(sql, table))[0][0])

    @contextmanager
    def rows(self, sql: str) -> Iterator[Result]:
        """What a query finds, read while the block lasts, all of one state."""
        query = statements.raw(sql.strip().rstrip(";"))
        fetch = SQL("fetch {} from extract").format(Literal(_BATCH_ROWS))
        with self._sessions.reading() as session:
            session.rows(SQL("declare extract cursor for {}").format(query))
            first = session.rows(fetch)
            columns = [
                column(name, kind, *_digits(kind, modifier))
                for name, kind, modifier in session.described()
            ]
            rest = iter(lambda: session.rows(fetch), [])
            yield Result(columns, chain([first] if first else [], rest))

    def load_csv(
        self,
        chunks: Iterable[bytes],  # noqa: ARG002 - Redshift reads from S3 alone
        *,
        table: str,
        where: str | None,  # noqa: ARG002
        columns: Mapping[str, str] | None = None,  # noqa: ARG002
        constants: Mapping[str, str] | None = None,  # noqa: ARG002
    ) -> int:
        """Refuse: rows that pass through a worker would take hours.

        Raises:
            OutsideSystemError: always.
        """
        message = f"Redshift loads {table} from S3 alone; put the file into an object store first"
        raise OutsideSystemError(message)


def _digits(kind: int, modifier: int) -> tuple[int | None, int | None]:
    if kind != _NUMERIC or modifier < _MODIFIER_BASE:
        return None, None
    digits = modifier - _MODIFIER_BASE
    return digits >> _DIGIT_BITS, digits & ((1 << _DIGIT_BITS) - 1)


def told(error: Exception) -> OutsideSystemError:
    """What a database's error says, without any value of a row."""
    said = error.args[0] if error.args else ""
    if not isinstance(said, dict):
        return ToolUnreachable(f"the database does not answer: {type(error).__name__}")
    state, reason = str(said.get("C", "")), str(said.get("M", ""))
    # Values of rows stand in quotes, after a colon.
    shown = reason.partition(': "')[0]
    if state.startswith(_MAY_PASS_LATER) or reason.startswith(_NOT_SERIALIZABLE):
        return ToolUnreachable(f"the database does not answer: {shown}")
    return OutsideSystemError(f"the database refused: {shown}{WHAT_TO_DO.get(state, '')}")
