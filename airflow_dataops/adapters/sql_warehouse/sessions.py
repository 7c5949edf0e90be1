"""One transaction on a connection of its own; the database's errors become ours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
from psycopg.conninfo import make_conninfo

from airflow_dataops.domain import names
from airflow_dataops.errors import BadDataFile, OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_CONNECT_TIMEOUT_SECONDS = 10
_PLACE_IN_FILE = re.compile(r"^COPY .*?, line (\d+)(?:, column ([^:\n]+))?", re.MULTILINE)
_QUOTED_VALUE = re.compile(r'(: | )?".*"', re.DOTALL)
_DATA_EXCEPTION, _BAD_COPY_FORMAT, _NOT_IN_ENCODING = "22", "22P04", "22021"
_BROKEN_CONSTRAINT = "23"
# Lost connections, serialisation failures, a full or stopping server.
_MAY_PASS_LATER = ("08", "40", "53", "57P")


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
    def reading(self) -> Iterator[psycopg.Connection]:
        """A transaction that changes nothing and sees one state throughout."""
        with self._open() as connection:
            connection.read_only = True
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
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
            raise _told(error, header_lines) from None

    def _look_at_pending(self, connection: psycopg.Connection) -> None:
        if self._is_pending:
            connection.execute(
                "select set_config('search_path', quote_ident(current_schema() || %s) || ', ' ||"
                " current_setting('search_path'), false)",
                [names.PENDING],
            )


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
