"""CSV data into a table's slice, in one transaction."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier

from airflow_dataops.adapters.sql_warehouse.fitting import check_columns, check_slice
from airflow_dataops.adapters.sql_warehouse.sessions import NOTICE_LOST_CLIENTS
from airflow_dataops.adapters.sql_warehouse.statements import identifier, rows
from airflow_dataops.domain.csv_records import CsvText, with_constants
from airflow_dataops.errors import BadDataFile

if TYPE_CHECKING:
    from collections.abc import Mapping

    import psycopg


def replace_slice(
    connection: psycopg.Connection,
    text: CsvText,
    *,
    table: str,
    where: str | None,
    columns: Mapping[str, str] | None,
    constants: Mapping[str, str],
) -> int:
    """Put CSV data in the place of a slice; the number of rows loaded."""
    # A worker that vanished with its network must not hold a slice's lock for hours.
    connection.execute(NOTICE_LOST_CLIENTS)
    _lock(connection, table, where)
    check_columns(
        table,
        [*text.columns, *constants],
        known=_columns(connection, table),
        types=columns,
        execute=connection.execute,
    )
    connection.execute(SQL("delete {}").format(rows(table, where)))
    loaded = _copy(connection, text, table, constants)
    if where is not None:
        row = connection.execute(SQL("select count(*) {}").format(rows(table, where))).fetchone()
        check_slice(where, loaded=loaded, inside=int(row[0]) if row else 0)
    return loaded


def _copy(
    connection: psycopg.Connection, text: CsvText, table: str, constants: Mapping[str, str]
) -> int:
    names = SQL(", ").join(Identifier(name) for name in (*text.columns, *constants))
    statement = SQL("copy {} ({}) from stdin (format csv, encoding 'UTF8')").format(
        identifier(table), names
    )
    body = with_constants(text, list(constants.values())) if constants else text.body
    cursor = connection.cursor()
    with cursor.copy(statement) as copy:
        for chunk in body:
            copy.write(chunk)
    return cursor.rowcount


def _lock(connection: psycopg.Connection, table: str, where: str | None) -> None:
    """Wait for another load of the same slice.

    A task that was given up for dead may still be loading when its next try starts: both would
    take the old rows away and both would add theirs.
    """
    connection.execute(
        "select pg_advisory_xact_lock(hashtextextended(current_schema() || ' ' || %s, 0))",
        [f"{table} {where or ''}"],
    )


def check_constants(text: CsvText, constants: Mapping[str, str]) -> None:
    """Refuse constants that are columns of the file."""
    twice = [name for name in constants if name in text.columns]
    if twice:
        message = f"given as constants, yet columns of the file: {', '.join(twice)}"
        raise BadDataFile(message)


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    """Names of a table's columns in their order; none where there is no such table."""
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s)"
        " and attnum > 0 and not attisdropped order by attnum",
        [identifier(table).as_string()],
    )
    return [name for (name,) in rows]
