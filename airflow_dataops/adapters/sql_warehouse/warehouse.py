"""The warehouse of a kitchen's task, on PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse import loading, statements
from airflow_dataops.adapters.sql_warehouse.results import reading
from airflow_dataops.adapters.sql_warehouse.sessions import Login
from airflow_dataops.adapters.sql_warehouse.two_sessions import TwoSessions
from airflow_dataops.domain.csv_records import read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.results import Result
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure
    from airflow_dataops.domain.measured import Measured

DEFAULT_TEST_SECONDS = 3600.0


class SqlWarehouse:
    """A database, reached anew for each call.

    Args:
        login: libpq's parameters: ``host``, ``port``, ``dbname``, ``user``, ``password``,
            ``options`` (``-c search_path=…`` sets where unqualified names live), ``sslmode`` …
        is_pending: whether unqualified names mean pending tables first.
        test_seconds: after which a statement that measures is ended.
    """

    def __init__(
        self,
        login: Mapping[str, str | int],
        *,
        is_pending: bool = False,
        test_seconds: float = DEFAULT_TEST_SECONDS,
    ) -> None:
        self._login = Login(login, is_pending=is_pending)
        self._sessions = TwoSessions(self._login, seconds=test_seconds)

    def holds_tables(self, schema: str) -> bool:
        """Whether a schema has tables, views or the like; one that does not exist has none."""
        found = SQL(
            "select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = %s limit 1"
        )
        with self._login.reading() as connection:
            return connection.execute(found, [schema]).fetchone() is not None

    def create_schema(self, name: str) -> None:
        """Create a schema; one that exists is no error."""
        with self._login.writing() as connection:
            connection.execute(SQL("create schema if not exists {}").format(Identifier(name)))

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all it holds; one that is gone is no error."""
        with self._login.writing() as connection:
            connection.execute(SQL("drop schema if exists {} cascade").format(Identifier(name)))

    def measures(self, measures: Sequence[Measure]) -> list[Measured]:
        """One answer per measure, in their order, all of one state; on two connections at most.

        Raises:
            ToolUnreachable: the database does not answer at all.
        """
        return self._sessions.measure(measures)

    def cancel(self) -> None:
        """End what is measured at this moment; called from another thread or a signal."""
        self._sessions.cancel()

    def offenders(self, sql: str, table: Table, *, at_most: int) -> list[str]:
        """Rows that a query finds, each as one line, without the values of masked columns."""
        return self._sessions.offenders(sql, table, at_most=at_most)

    def schema_of(self, table: str) -> str:
        """The schema in which a table's name is found.

        Raises:
            OutsideSystemError: there is no such table.
        """
        found = SQL(
            "select relnamespace::regnamespace::text from pg_class where oid = {}::regclass"
        )
        with self._login.reading() as connection:
            name = statements.identifier(table).as_string(None)
            row = connection.execute(found.format(Literal(name))).fetchone()
        return str(row[0]) if row else ""

    def count_rows(self, sql: str, *, table: Table | None = None) -> int:
        """How many rows a query finds; ``{table}`` in it stands for the table's slice."""
        with self._login.reading() as connection:
            row = connection.execute(statements.counting(sql, table)).fetchone()
        return int(row[0]) if row else 0

    @contextmanager
    def rows(self, sql: str) -> Iterator[Result]:
        """What a query finds, read while the block lasts, all of one state."""
        with self._login.reading() as connection, reading(connection, sql) as result:
            yield result

    def load_csv(
        self,
        chunks: Iterable[bytes],
        *,
        table: str,
        where: str | None,
        columns: Mapping[str, str] | None = None,
        constants: Mapping[str, str] | None = None,
    ) -> int:
        """Replace a table's slice by CSV data with a header, in one transaction."""
        constants = constants or {}
        text = read_header(chunks)
        loading.check_constants(text, constants)
        with self._login.writing(header_lines=text.header_lines) as connection:
            return loading.replace_slice(
                connection, text, table=table, where=where, columns=columns, constants=constants
            )
