"""Excel's own format: one sheet, a frozen header line, texts that stay texts.

A text that begins with ``=`` is no formula, one that looks like a number or an address is no
number and no link: whoever fills the table must not run anything on the reader's desk. Numbers
that Excel would round (it keeps 15 digits) are written as texts, too.
"""

from __future__ import annotations

import tempfile
from contextlib import closing
from datetime import UTC, date, datetime, time
from decimal import Decimal
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from airflow_dataops.errors import BadDataFile, ConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.domain.result_columns import Rows

_MOST_ROWS, _MOST_COLUMNS, _LONGEST_TEXT = 1_048_576, 16_384, 32_767
# Excel counts a 29 February 1900 that never was; dates before are a day off.
_FIRST_DAY = date(1900, 3, 1)
_EXACT_INTEGERS = 10**15
_EXACT_DIGITS = 15
_CHUNK_BYTES = 1 << 20
_FORMATS = {
    datetime: "yyyy-mm-dd hh:mm:ss",
    date: "yyyy-mm-dd",
    time: "hh:mm:ss",
}


def write(rows: Rows, out: BinaryIO) -> int:
    """Write a result; the number of rows. Memory stays flat, a temporary file is used.

    Raises:
        BadDataFile: it has more rows, columns or letters in a cell than Excel takes.
    """
    with tempfile.TemporaryDirectory(prefix="dataops-xlsx-") as folder:
        place = Path(folder) / "extract.xlsx"
        count = _write_file(rows, place)
        with place.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                out.write(chunk)
    return count


def _write_file(rows: Rows, place: Path) -> int:
    if len(rows.columns) > _MOST_COLUMNS:
        message = f"the query gives {len(rows.columns)} columns, Excel takes {_MOST_COLUMNS}"
        raise BadDataFile(message)
    options = {
        "constant_memory": True,
        "tmpdir": str(place.parent),
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "default_date_format": _FORMATS[datetime],
    }
    with closing(_xlsxwriter().Workbook(str(place), options)) as book:
        sheet = _Sheet(book)
        sheet.write_header([column.name for column in rows.columns])
        for batch in rows.batches():
            for row in batch:
                sheet.write_row(row)
    return sheet.count


class _Sheet:
    """The one sheet of a book, written from the top down."""

    def __init__(self, book: Any) -> None:
        self.count = 0
        self._sheet = book.add_worksheet("extract")
        self._bold = book.add_format({"bold": True})
        self._formats = {
            kind: book.add_format({"num_format": text}) for kind, text in _FORMATS.items()
        }
        self._writers: dict[type, Callable[[int, int, Any], object]] = {
            str: self._text,
            bool: self._sheet.write_boolean,
            int: self._integer,
            float: self._float,
            Decimal: self._decimal,
            datetime: self._moment,
            date: self._day,
            time: self._time,
        }

    def write_header(self, names: list[str]) -> None:
        """Write and freeze the first line."""
        self._sheet.freeze_panes(1, 0)
        for column, name in enumerate(names):
            self._sheet.write_string(0, column, name, self._bold)
            self._sheet.set_column(column, column, max(10, min(len(name) + 2, 40)))

    def write_row(self, row: tuple[object, ...]) -> None:
        """Write the next line."""
        self.count += 1
        if self.count >= _MOST_ROWS:
            message = (
                f"the query gives more than {_MOST_ROWS - 1:,} rows, which is all that Excel"
                " takes below a header; narrow the query, or write .csv or .parquet"
            )
            raise BadDataFile(message)
        for column, value in enumerate(row):
            if value is not None:
                write = self._writers.get(type(value), self._any)
                write(self.count, column, value)

    def _text(self, row: int, column: int, value: str) -> None:
        if len(value) > _LONGEST_TEXT:
            message = (
                f"row {row}, column {column + 1}: a text of {len(value):,} letters, Excel takes"
                f" {_LONGEST_TEXT:,} in a cell; shorten it in the query, or write .csv or .parquet"
            )
            raise BadDataFile(message)
        self._sheet.write_string(row, column, value)

    def _integer(self, row: int, column: int, value: int) -> None:
        if abs(value) < _EXACT_INTEGERS:
            self._sheet.write_number(row, column, value)
        else:
            self._text(row, column, str(value))

    def _float(self, row: int, column: int, value: float) -> None:
        if isfinite(value):
            self._sheet.write_number(row, column, value)
        else:
            self._text(row, column, str(value))

    def _decimal(self, row: int, column: int, value: Decimal) -> None:
        if value.is_finite() and len(value.normalize().as_tuple().digits) <= _EXACT_DIGITS:
            self._sheet.write_number(row, column, float(value))
        else:
            self._text(row, column, str(value))

    def _moment(self, row: int, column: int, value: datetime) -> None:
        # Excel knows no zones: moments are in UTC, timestamps as they are.
        plain = value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo else value
        if plain.date() < _FIRST_DAY:
            self._text(row, column, plain.isoformat(sep=" "))
        else:
            self._sheet.write_datetime(row, column, plain, self._formats[datetime])

    def _day(self, row: int, column: int, value: date) -> None:
        if value < _FIRST_DAY:
            self._text(row, column, value.isoformat())
        else:
            self._sheet.write_datetime(row, column, value, self._formats[date])

    def _time(self, row: int, column: int, value: time) -> None:
        if value.tzinfo:
            self._text(row, column, value.isoformat())
        else:
            self._sheet.write_datetime(row, column, value, self._formats[time])

    def _any(self, row: int, column: int, value: object) -> None:
        text = f"\\x{value.hex()}" if isinstance(value, bytes) else str(value)
        self._text(row, column, text)


def _xlsxwriter() -> Any:
    try:
        import xlsxwriter  # type: ignore[import-untyped]
    except ImportError as error:
        message = (
            "Excel files need XlsxWriter on the worker:"
            " pip install 'airflow-provider-dataops[xlsx]'"
        )
        raise ConfigurationError(message) from error
    return xlsxwriter
