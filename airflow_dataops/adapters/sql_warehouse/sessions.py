"""One transaction on a connection of its own; the database's errors become ours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import tuple_row
from psycopg.sql import SQL, Literal

from airflow_dataops.domain import names
from airflow_dataops.errors import BadDataFile, OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from contextlib import AbstractContextManager

    from psycopg.sql import Composed

NOTICE_LOST_CLIENTS = SQL(
    "set local tcp_keepalives_idle = 30; set local tcp_keepalives_interval = 10;"
    " set local tcp_keepalives_count = 3"
)
_CONNECT_TIMEOUT_SECONDS = 10
_PLACE_IN_FILE = re.compile(r"^COPY .*?, line (\d+)(?:, column ([^:\n]+))?", re.MULTILINE)
_QUOTED_VALUE = re.compile(r'(: | )?".*"', re.DOTALL)
_DATA_EXCEPTION, _BAD_COPY_FORMAT, _NOT_IN_ENCODING = "22", "22P04", "22021"
_BROKEN_CONSTRAINT = "23"
# Lost connections, serialisation failures, a full or stopping server.
_MAY_PASS_LATER = ("08", "40", "53", "57P")
_OTHER_TYPE = "; the column's type does not allow it: look at its type, or cast it in SQL"
_OTHER_VALUE = "; a value is not of the column's type: look at the type, and at the values given"
WHAT_TO_DO = {
    "22007": _OTHER_VALUE,
    "22008": _OTHER_VALUE,
    "22012": "; divide by nullif(…, 0)",
    "2201B": "; correct the regular expression",
    "22P02": _OTHER_VALUE,
    "42501": "; the login of this kitchen has no right to it: name a table of the kitchen's own, or"
    " have the right granted",
    "42601": "; correct the SQL",
    "42804": _OTHER_TYPE,
    "42846": _OTHER_TYPE,
    "42883": _OTHER_TYPE,
    "42P01": "; unqualified names are looked up in the kitchen's schema: does a stage before"
    " this write the table?",
    "42703": "; correct the column's name, or the stage that writes the table",
    "57014": "; a statement may take as long as [dataops] data_test_seconds says: limit the slice"
    " with 'where', or raise it",
}


class Session(Protocol):
    """A transaction, as pending tables need it on every kind of warehouse."""

    def rows(self, statement: Composed | SQL) -> list[tuple[Any, ...]]:
        """What a statement finds; nothing for one that finds none."""


class Sessions(Protocol):
    """Where sessions begin; their errors are ours."""

    def reading(self) -> AbstractContextManager[Session]:
        """A transaction that changes nothing and sees one state throughout."""

    def writing(self) -> AbstractContextManager[Session]:
        """A transaction; kept when the block ends, forgotten where it fails."""


class PostgresSessions:
    """Sessions of a login.

    Args:
        login: where they begin.
    """

    def __init__(self, login: Login) -> None:
        self._login = login

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A transaction that changes nothing and sees one state throughout."""
        with self._login.reading() as connection:
            yield _PostgresSession(connection)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        """A transaction; kept when the block ends, forgotten where it fails."""
        with self._login.writing() as connection:
            # A worker that vanished with its network must not hold a lock for hours.
            connection.execute(NOTICE_LOST_CLIENTS)
            yield _PostgresSession(connection)


class _PostgresSession:
    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection

    def rows(self, statement: Composed | SQL) -> list[tuple[Any, ...]]:
        cursor = self._connection.cursor(row_factory=tuple_row)
        cursor.execute(statement)
        return cursor.fetchall() if cursor.description else []


class Login:
    """Where sessions begin.

    Args:
        parameters: libpq's: ``host``, ``port``, ``dbname``, ``user``, ``password``, ``options``
            (``-c search_path=…`` sets where unqualified names live), ``sslmode`` …
        is_pending: whether unqualified names mean pending tables first.
    """

    def __init__(self, parameters: Mapping[str, str | int], *, is_pending: bool = False) -> None:
        self._is_pending = is_pending
        self._conninfo = make_conninfo(
            "", **{"connect_timeout": _CONNECT_TIMEOUT_SECONDS, **parameters}
        )

    @contextmanager
    def reading(self, *, snapshot: str | None = None) -> Iterator[psycopg.Connection]:
        """A transaction that changes nothing and sees one state throughout.

        Args:
            snapshot: exported by another session whose state it is to see.
        """
        with self._open() as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            if snapshot is not None:
                connection.execute(SQL("set transaction snapshot {}").format(Literal(snapshot)))
            self._look_at_pending(connection)
            yield connection

    @contextmanager
    def writing(self, *, header_lines: int = 0) -> Iterator[psycopg.Connection]:
        """A transaction.

        Args:
            header_lines: of the file that is loaded, so that errors count lines as its reader.
        """
        with self._open(header_lines=header_lines) as connection:
            self._look_at_pending(connection)
            yield connection

    @contextmanager
    def _open(self, *, header_lines: int = 0) -> Iterator[psycopg.Connection]:
        try:
            with psycopg.connect(self._conninfo) as connection:
                yield connection
        except psycopg.Error as error:
            # Without its cause: the database's own message shows the row.
            raise told(error, header_lines) from None

    def _look_at_pending(self, connection: psycopg.Connection) -> None:
        if self._is_pending:
            connection.execute(
                "select set_config('search_path', quote_ident(current_schema() || %s) || ', ' ||"
                " current_setting('search_path'), false)",
                [names.PENDING],
            )


def told(error: psycopg.Error, header_lines: int = 0) -> OutsideSystemError:
    """What a database's error says, without any value of a row."""
    state = error.sqlstate or ""
    if isinstance(error, psycopg.OperationalError) and (
        not state or state.startswith(_MAY_PASS_LATER)
    ):
        reason = error.diag.message_primary or str(error).partition("\n")[0]
        message = f"the database does not answer: {reason}; once it does, the task is run again"
        return ToolUnreachable(message)
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
    return OutsideSystemError(f"the database refused: {reason}{WHAT_TO_DO.get(state, '')}")
