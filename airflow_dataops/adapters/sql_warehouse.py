"""Warehouse on PostgreSQL, and on what speaks its protocol.

Data tests run in read-only sessions. No message that leaves this room holds a value of a row:
PostgreSQL quotes values in its messages, so those are cut, and its DETAIL and CONTEXT lines,
which show whole rows, are left out.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, LiteralString, cast

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL, Composed, Identifier

from airflow_dataops.domain.csv_records import CsvText, read_header, with_constants
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.errors import BadDataFile, OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from airflow_dataops.domain.data_tests import Measure

_CONNECT_TIMEOUT_SECONDS = 10
# A worker that vanished with its network must not hold a slice's lock for hours.
_NOTICE_LOST_CLIENTS = SQL(
    "set local tcp_keepalives_idle = 30; set local tcp_keepalives_interval = 10;"
    " set local tcp_keepalives_count = 3"
)
_SLICE = Identifier("the slice")
_AGGREGATES: Mapping[str, LiteralString] = {
    "row_count": "count(*)",
    "null_count": "count(*) - count({column})",
    "sum": "sum({column})",
    "mean": "avg({column})",
    "minimum": "min({column})",
    "maximum": "max({column})",
    # count(distinct …) would forbid a parallel plan to all other aggregates of the select.
    "distinct_count": (
        "(select count({column}) from (select {column} {source} group by {column}) as q)"
    ),
}
_PLACE_IN_FILE = re.compile(r"^COPY .*?, line (\d+)(?:, column ([^:\n]+))?", re.MULTILINE)
_QUOTED_VALUE = re.compile(r'(: | )?".*"', re.DOTALL)
_DATA_EXCEPTION, _BAD_COPY_FORMAT, _NOT_IN_ENCODING = "22", "22P04", "22021"
_BROKEN_CONSTRAINT = "23"
# Lost connections, serialisation failures, a full or stopping server.
_MAY_PASS_LATER = ("08", "40", "53", "57P")


class SqlWarehouse:
    """A database, reached anew for each call.

    Args:
        login: libpq's parameters: ``host``, ``port``, ``dbname``, ``user``, ``password``,
            ``options`` (``-c search_path=…`` sets where unqualified names live), ``sslmode`` …
    """

    def __init__(self, login: Mapping[str, str | int]) -> None:
        self._conninfo = make_conninfo("", **{"connect_timeout": _CONNECT_TIMEOUT_SECONDS, **login})

    def holds_tables(self, schema: str) -> bool:
        """Whether a schema has tables, views or the like; one that does not exist has none."""
        found = SQL(
            "select 1 from pg_class join pg_namespace on pg_namespace.oid = relnamespace"
            " where nspname = %s limit 1"
        )
        with self._reading() as connection:
            return connection.execute(found, [schema]).fetchone() is not None

    def create_schema(self, name: str) -> None:
        """Create a schema; one that exists is no error."""
        with self._writing() as connection:
            connection.execute(SQL("create schema if not exists {}").format(Identifier(name)))

    def drop_schema(self, name: str) -> None:
        """Drop a schema with all it holds; one that is gone is no error."""
        with self._writing() as connection:
            connection.execute(SQL("drop schema if exists {} cascade").format(Identifier(name)))

    def measures(self, measures: Sequence[Measure]) -> list[float | None]:
        """One number per measure, in their order: one select per slice, all on the same state."""
        slices: dict[Table, list[int]] = {}
        for position, measure in enumerate(measures):
            slices.setdefault(_table(measure), []).append(position)
        numbers: list[float | None] = [None] * len(measures)
        with self._reading() as connection:
            for table, positions in slices.items():
                asked = [measures[position] for position in positions]
                row = connection.execute(_select(table, asked)).fetchone()
                for position, value in zip(positions, row or (), strict=True):
                    numbers[position] = _number(value, measures[position])
        return numbers

    def count_rows(self, sql: str, *, table: Table | None = None) -> int:
        """How many rows a query finds; ``{table}`` in it stands for the table's slice."""
        # The line ends keep a comment at the end of the query from hiding the bracket.
        counting = SQL("select count(*) from (\n{}\n) as q")
        query = sql.strip().rstrip(";")
        if table is None:
            statement = counting.format(_raw(query))
        else:
            # As a name of its own the slice can be aliased, joined and used more than once.
            statement = SQL("with {} as (select * {}) ").format(_SLICE, _source(table))
            statement += counting.format(_raw(query.replace("{table}", _SLICE.as_string())))
        with self._reading() as connection:
            row = connection.execute(statement).fetchone()
        return int(row[0]) if row else 0

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
        _check_constants(text, constants)
        with self._writing(header_lines=text.header_lines) as connection:
            connection.execute(_NOTICE_LOST_CLIENTS)
            _lock(connection, table, where)
            _check_columns(connection, table, [*text.columns, *constants], types=columns)
            connection.execute(SQL("delete {}").format(_rows(table, where)))
            loaded = _copy(connection, text, table, constants)
            if where is not None:
                _check_slice(connection, table, where, loaded)
        return loaded

    @contextmanager
    def _reading(self) -> Iterator[psycopg.Connection]:
        with self._writing() as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            yield connection

    @contextmanager
    def _writing(self, *, header_lines: int = 0) -> Iterator[psycopg.Connection]:
        """One transaction on a connection of its own; the database's errors become ours."""
        try:
            with psycopg.connect(self._conninfo) as connection:
                yield connection
        except psycopg.Error as error:
            # Without its cause: the database's own message shows the row.
            raise _told(error, header_lines) from None


def _copy(
    connection: psycopg.Connection, text: CsvText, table: str, constants: Mapping[str, str]
) -> int:
    names = SQL(", ").join(Identifier(name) for name in (*text.columns, *constants))
    statement = SQL("copy {} ({}) from stdin (format csv, encoding 'UTF8')").format(
        _identifier(table), names
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


def _check_constants(text: CsvText, constants: Mapping[str, str]) -> None:
    twice = [name for name in constants if name in text.columns]
    if twice:
        message = f"given as constants, yet columns of the file: {', '.join(twice)}"
        raise BadDataFile(message)


def _check_columns(
    connection: psycopg.Connection,
    table: str,
    needed: Sequence[str],
    *,
    types: Mapping[str, str] | None,
) -> None:
    """Create the table where it is missing; refuse names that it lacks."""
    known = _columns(connection, table)
    if not known and types:
        definitions = SQL(", ").join(
            SQL("{} {}").format(Identifier(name), _raw(kind)) for name, kind in types.items()
        )
        connection.execute(
            SQL("create table if not exists {} ({})").format(_identifier(table), definitions)
        )
        known = list(types)
    if not known:
        message = (
            f"there is no table {table}; create it in an earlier task, or give the SQL type of"
            " each column (columns={…}) to have it created"
        )
        raise OutsideSystemError(message)
    unknown = [name for name in needed if name not in known]
    if unknown:
        message = (
            f"table {table} has no column {', '.join(unknown)}; it has: {', '.join(known)}."
            " Names must be the same in the file's header and in the table, letter case included"
        )
        raise BadDataFile(message)


def _columns(connection: psycopg.Connection, table: str) -> list[str]:
    """Names of a table's columns in their order; none where there is no such table."""
    rows = connection.execute(
        "select attname from pg_attribute where attrelid = to_regclass(%s)"
        " and attnum > 0 and not attisdropped order by attnum",
        [_identifier(table).as_string()],
    )
    return [name for (name,) in rows]


def _check_slice(connection: psycopg.Connection, table: str, where: str, loaded: int) -> None:
    """Refuse rows that the next load of this slice would not take away again."""
    row = connection.execute(SQL("select count(*) {}").format(_rows(table, where))).fetchone()
    inside = int(row[0]) if row else 0
    if inside < loaded:
        message = (
            f"{loaded - inside} of {loaded} rows lie outside of the slice they replace ({where}),"
            " so a second load would double them; nothing was loaded. Correct the slice, the"
            " file, or give the column that it is about (constants={…})"
        )
        raise BadDataFile(message)


def _table(measure: Measure) -> Table:
    if not isinstance(measure.asset, Table):
        message = f"{measure} is no measure of a table"
        raise TypeError(message)
    return measure.asset


def _select(table: Table, measures: Sequence[Measure]) -> Composed:
    source = _source(table)
    aggregates = SQL(", ").join(
        SQL(_AGGREGATES[measure.aggregate]).format(
            column=Identifier(measure.column or ""), source=source
        )
        for measure in measures
    )
    statement = SQL("select {}").format(aggregates)
    if all(measure.aggregate == "distinct_count" for measure in measures):
        return statement
    return statement + SQL(" ") + source


def _number(value: object, measure: Measure) -> float | None:
    if value is None:
        return None
    try:
        return float(cast("float", value))
    except (TypeError, ValueError):
        message = f"{measure} is of type {type(value).__name__}, not a number"
        raise OutsideSystemError(message) from None


def _source(table: Table) -> Composed:
    return _rows(table.name, table.where)


def _rows(table: str, where: str | None) -> Composed:
    """``from`` a table, where a condition holds."""
    source = SQL("from {}").format(_identifier(table))
    if where is None:
        return source
    # The line ends keep a comment in the condition from hiding the bracket.
    return source + SQL(" where (\n{}\n)").format(_raw(where))


def _identifier(table: str) -> Identifier:
    return Identifier(*table.split("."))


def _raw(text: str) -> SQL:
    """SQL that a pipeline's author wrote, who may write any."""
    return SQL(text)


def _told(error: psycopg.Error, header_lines: int) -> OutsideSystemError:
    state = error.sqlstate or ""
    if isinstance(error, psycopg.OperationalError) and (
        not state or state.startswith(_MAY_PASS_LATER)
    ):
        reason = error.diag.message_primary or str(error).partition("\n")[0]
        return ToolUnreachable(f"the database does not answer: {reason}")
    reason = error.diag.message_primary or type(error).__name__
    if state == _NOT_IN_ENCODING:
        reason = "not UTF-8"
    elif state.startswith(_DATA_EXCEPTION) and state != _BAD_COPY_FORMAT:
        reason = _QUOTED_VALUE.sub(" …", reason).removesuffix(" …")
    place = _PLACE_IN_FILE.search(error.diag.context or "")
    if place and state.startswith((_DATA_EXCEPTION, _BROKEN_CONSTRAINT)):
        column = f", column {place[2]}" if place[2] else ""
        line = int(place[1]) + header_lines
        return BadDataFile(f"line {line} of the file{column}: {reason}; nothing was loaded")
    return OutsideSystemError(f"the database refused: {reason}")
