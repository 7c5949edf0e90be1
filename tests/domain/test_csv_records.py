from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.csv_records import count_records, read_header, with_constants
from airflow_dataops.errors import BadDataFile

TEXTS = st.text(alphabet='ab,"\r\n\\ é\u2028', max_size=6)
ROWS = st.lists(st.lists(TEXTS, min_size=3, max_size=3), max_size=8)
LINE_ENDS = st.sampled_from(["\n", "\r\n"])


def written(rows: list[list[str]], line_end: str, *, is_ended: bool = True) -> bytes:
    text = io.StringIO(newline="")
    # Where lines end with LF the csv module leaves a lone CR without quotes, which is no CSV.
    has_lone_cr = line_end == "\n" and any("\r" in value for row in rows for value in row)
    quoting = csv.QUOTE_ALL if has_lone_cr else csv.QUOTE_MINIMAL
    csv.writer(text, lineterminator=line_end, quoting=quoting).writerows(rows)
    whole = text.getvalue()
    return (whole if is_ended else whole.removesuffix(line_end)).encode()


def cut(data: bytes, size: int) -> list[bytes]:
    return [data[start : start + size] for start in range(0, len(data), size)]


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline="")))


@given(rows=ROWS, line_end=LINE_ENDS, is_ended=st.booleans(), size=st.integers(1, 30))
def test_records_are_counted_as_the_csv_module_reads_them(rows, line_end, is_ended, size):
    data = written([["a", "b", "c"], *rows], line_end, is_ended=is_ended)
    assert count_records(cut(data, size)) == len(rows)


@given(rows=ROWS, line_end=LINE_ENDS, is_ended=st.booleans(), size=st.integers(1, 30), value=TEXTS)
def test_a_constant_becomes_the_last_value_of_each_record(rows, line_end, is_ended, size, value):
    data = written([["a", "b", "c"], *rows], line_end, is_ended=is_ended)
    body = b"".join(with_constants(read_header(cut(data, size)), [value, "x"]))
    assert read(body) == [[*row, value, "x"] for row in rows]


@given(
    names=st.lists(TEXTS.filter(bool), min_size=1, max_size=4, unique=True), size=st.integers(1, 9)
)
def test_the_header_is_read_as_the_csv_module_writes_it(names, size):
    data = b"\xef\xbb\xbf" + written([names, ["1"] * len(names)], "\n")
    text = read_header(cut(data, size))
    assert text.columns == names
    assert read(b"".join(text.body)) == [["1"] * len(names)]


def test_a_quoted_line_end_is_no_record():
    assert count_records([b'a,b\n1,"two\nlines"\n2,"and\r\nmore ""here"""\n']) == 2


def test_blank_lines_are_no_records():
    assert count_records([b"a,b\n1,2\n", b"\n", b"\r", b"\n3,4\n\n\n"]) == 2


@pytest.mark.parametrize("data", [b"", b"a,b", b"a,b\n", b"\xef\xbb\xbfa,b\r\n"])
def test_a_file_without_rows_has_0_records(data):
    assert count_records([data]) == 0


def test_a_header_of_two_lines_counts_as_two():
    assert read_header([b'a,"b\nc"\n1,2\n']).header_lines == 2


@pytest.mark.parametrize(
    ("data", "complaint"),
    [
        (b"", "no header line"),
        (b"a,b,a\n1,2,3\n", "more than once: a"),
        (b"a,,c\n", "column 2 of 3 has no name"),
        (b"a,\xff\n", "not UTF-8"),
        (b'a,"b\n1,2\n', "not CSV"),
        (b"x" * 1_100_000, "first megabyte"),
    ],
)
def test_a_bad_header_is_refused(data, complaint):
    with pytest.raises(BadDataFile, match=complaint):
        read_header(cut(data, 100_000))
