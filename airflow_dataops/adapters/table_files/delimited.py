"""CSV: UTF-8, commas, LF, a header line; null is nothing, an empty text is ``""``.

That is what PostgreSQL's COPY reads and writes, so a file that is loaded again gives the table
it came from.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, BinaryIO

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.domain.result_columns import Rows

# Also a backslash and a dot alone, which COPY once took for the end of the data.
_NEEDS_QUOTES = re.compile(r'[",\r\n]|^\s|\s\Z|^\Z|^\\\.\Z')


def write(rows: Rows, out: BinaryIO) -> int:
    """Write a result; the number of rows."""
    count = 0
    out.write(_line(column.name for column in rows.columns).encode())
    for batch in rows.batches():
        out.write("".join(map(_line, batch)).encode())
        count += len(batch)
    return count


def _line(values: Iterable[object]) -> str:
    return ",".join(map(_field, values)) + "\n"


def _field(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return '"' + value.replace('"', '""') + '"' if _NEEDS_QUOTES.search(value) else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, bytes):
        return rf"\x{value.hex()}"
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    return str(value)
