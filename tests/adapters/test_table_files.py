"""Limits of Excel, and files that are no Parquet."""

from __future__ import annotations

import io

import pytest
import xlsxwriter

from airflow_dataops.adapters.table_files import parquet, xlsx
from airflow_dataops.domain.result_columns import Kind, ResultColumn
from airflow_dataops.errors import BadDataFile


class Rows:
    def __init__(self, columns, rows):
        self.columns = columns
        self._rows = rows

    def batches(self):
        yield self._rows


def column(name, kind=Kind.TEXT, **digits):
    return ResultColumn(name=name, kind=kind, **digits)


def test_the_last_row_of_a_sheet_is_written_and_none_after_it():
    with xlsxwriter.Workbook(io.BytesIO(), {"constant_memory": True}) as book:
        sheet = xlsx._Sheet(book)
        sheet.count = 1_048_574
        sheet.write_row((1,))
        with pytest.raises(BadDataFile, match=r"more than 1,048,575 rows, .* below a header"):
            sheet.write_row((2,))


def test_more_columns_than_a_sheet_has_are_refused():
    columns = [column(f"c{n}") for n in range(16_385)]
    with pytest.raises(BadDataFile, match="16385 columns, Excel takes 16384"):
        xlsx.write(Rows(columns, []), io.BytesIO())


def test_what_is_no_parquet_file_is_refused_without_its_content():
    for read in (parquet.row_count, lambda file: list(parquet.csv_chunks(file))):
        with pytest.raises(BadDataFile, match="cannot be read") as raised:
            read(io.BytesIO(b"n,secret\n1,2\n" * 9))
        assert "secret" not in str(raised.value)


def test_a_number_that_does_not_fit_its_column_is_refused():
    columns = [column("price", Kind.DECIMAL, precision=4, scale=2)]
    with pytest.raises(BadDataFile, match="numbers that do not fit") as raised:
        parquet.write(Rows(columns, [(12345678,)]), io.BytesIO())
    assert "12345678" not in str(raised.value)


def test_more_digits_than_parquet_has_are_refused():
    columns = [column("price", Kind.DECIMAL, precision=40, scale=2)]
    with pytest.raises(BadDataFile, match="price has 40 digits, Parquet takes 38; cast it"):
        parquet.write(Rows(columns, []), io.BytesIO())
