"""The warehouse of a kitchen's task, on PostgreSQL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier

from airflow_dataops.adapters.sql_warehouse import loading, statements
from airflow_dataops.adapters.sql_warehouse.results import reading
from airflow_dataops.adapters.sql_warehouse.sessions import Login
from airflow_dataops.domain.csv_records import read_header

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.results import Result
    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import Measure


class SqlWarehouse:
    """A database, reached anew for each call.

    Args:
        login: libpq's parameters: ``host``, ``port``, ``dbname``, ``user``, ``password``,
            ``options`` (``-c search_path=…`` sets where unqualified names live), ``sslmode`` …
        is_pending: whether unqualified names mean pending tables first.
    """

    def __init__(self, login: Mapping[str, str | int], *, is_pending: bool = False) -> None:
        self._login = Login(login, is_pending=is_pending)

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

    def measures(self, measures: Sequence[Measure]) -> list[float | None]:
        """One number per measure, in their order: one select per slice, all on the same state."""
        numbers: list[float | None] = [None] * len(measures)
        with self._login.reading() as connection:
            for table, positions in statements.by_slice(measures).items():
                asked = [measures[position] for position in positions]
                row = connection.execute(statements.select(table, asked)).fetchone()
                for position, value in zip(positions, row or (), strict=True):
                    numbers[position] = statements.number(value, measures[position])
        return numbers

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
