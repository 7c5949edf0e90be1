"""CSV as a stream of bytes: its header, its records, and columns added on the way.

Quotes are counted and nothing is decoded: a line end belongs to a value exactly when an odd
number of quotes stands before it. PostgreSQL's COPY reads CSV by the same rule, so what is
counted here is what is loaded there. Values are separated by commas, lines end with LF or CR LF,
the text is UTF-8 with or without a BOM.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from itertools import chain
from typing import TYPE_CHECKING

from airflow_dataops.errors import BadDataFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

_BOM = b"\xef\xbb\xbf"
_LONGEST_HEADER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class CsvText:
    """A CSV file whose header was read.

    Attributes:
        line_end: as the header ends.
        header_lines: lines that the header takes; more than one where a name holds a line end.
        body: what follows the header, in order; can be read once.
    """

    columns: Sequence[str]
    line_end: bytes
    header_lines: int
    body: Iterator[bytes]


def read_header(chunks: Iterable[bytes]) -> CsvText:
    """Read as far as the header goes.

    Raises:
        BadDataFile: there is no header, or its names are not unique.
    """
    rest = iter(chunks)
    begun = b""
    end = -1
    for chunk in rest:
        begun += chunk
        end = _end_of_first_record(begun)
        if end >= 0:
            break
        if len(begun) > _LONGEST_HEADER_BYTES:
            message = "no header line ends within the first megabyte; is it a CSV file?"
            raise BadDataFile(message)
    header = begun if end < 0 else begun[: end + 1]
    return CsvText(
        columns=_names(header.removeprefix(_BOM)),
        line_end=b"\r\n" if header.endswith(b"\r\n") else b"\n",
        header_lines=header.count(b"\n"),
        body=chain([begun[len(header) :]], rest),
    )


def count_records(chunks: Iterable[bytes]) -> int:
    """Number of records after the header, blank lines left out."""
    records = 0
    in_quotes = False
    is_begun = False
    held = b""
    for chunk in chunks:
        # A CR at the end may be the first half of a line end.
        data = held + chunk
        held = b"\r" if data.endswith(b"\r") else b""
        lines, in_quotes = _lines(data.removesuffix(b"\r"), b"\n", in_quotes=in_quotes)
        *ended, last = lines
        records += len(ended) - ended.count(b"") - ended.count(b"\r")
        if ended:
            records += is_begun and ended[0] in {b"", b"\r"}
            is_begun = False
        is_begun = is_begun or in_quotes or bool(last)
    return max(records + is_begun - 1, 0)


def with_constants(text: CsvText, values: Sequence[str]) -> Iterator[bytes]:
    """The body of a CSV file with the same values added at the end of every record."""
    added = b"".join(b"," + _quoted(value) for value in values)
    end = text.line_end
    in_quotes = False
    is_begun = False
    held = b""
    for chunk in text.body:
        data = held + chunk
        held = b"\r" if end == b"\r\n" and data.endswith(b"\r") else b""
        data = data.removesuffix(held)
        lines, in_quotes = _lines(data, end, in_quotes=in_quotes)
        yield (added + end).join(lines)
        if data:
            is_begun = in_quotes or not data.endswith(end)
    if is_begun or held:
        yield held + added


def _lines(data: bytes, end: bytes, *, in_quotes: bool) -> tuple[list[bytes], bool]:
    """Data cut at the line ends that end a record; and whether it stops in quotes."""
    lines = data.split(end)
    if not in_quotes and b'"' not in data:
        return lines, False
    odd = [line.count(b'"') & 1 for line in lines]
    if not in_quotes and not any(odd[:-1]):
        return lines, bool(odd[-1])
    whole: list[bytes] = []
    begun: list[bytes] = []
    for line, is_odd in zip(lines, odd, strict=True):
        begun.append(line)
        in_quotes ^= bool(is_odd)
        if not in_quotes:
            whole.append(end.join(begun))
            begun = []
    if begun:
        whole.append(end.join(begun))
    return whole, in_quotes


def _end_of_first_record(data: bytes) -> int:
    """Index of the LF that ends the first record; -1 where it goes on."""
    end = data.find(b"\n")
    while end >= 0 and data.count(b'"', 0, end) % 2:
        end = data.find(b"\n", end + 1)
    return end


def _names(header: bytes) -> list[str]:
    try:
        rows = list(csv.reader(StringIO(header.decode("utf-8"), newline=""), strict=True))
    except UnicodeDecodeError as error:
        message = "the header line is not UTF-8"
        raise BadDataFile(message) from error
    except csv.Error as error:
        message = f"the header line is not CSV: {error}"
        raise BadDataFile(message) from error
    names = rows[0] if rows else []
    if not names:
        message = "the file has no header line; its first line must name the columns"
        raise BadDataFile(message)
    if "" in names:
        message = f"column {names.index('') + 1} of {len(names)} has no name in the header line"
        raise BadDataFile(message)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        message = f"the header line names a column more than once: {', '.join(twice)}"
        raise BadDataFile(message)
    return names


def _quoted(value: str) -> bytes:
    return b'"' + value.replace('"', '""').encode() + b'"'
