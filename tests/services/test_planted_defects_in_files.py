"""Each ready-made kind of data test finds the same in CSV and Parquet files as in tables."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.parquet
import pytest

from airflow_dataops import task_tools
from airflow_dataops.domain.data_assets import file
from airflow_dataops.domain.judging import Point
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable
from airflow_dataops.services.data_testing import Places, run_tests
from tests.services import planted_defects
from tests.services.planted_defects import KINDS
from tests.services.test_planted_defects import plant

pytestmark = pytest.mark.service
NOW = datetime(2026, 3, 2, tzinfo=UTC)
# Columns and types are files' own; the defects of these two are planted below.
OF_TABLES = {"schema drift, declared", "schema drift, since the last run"}
FORMATS = ("csv", "parquet")
# A column of a CSV without a single value has no type, so that nothing compares with it.
UNTYPED = {("csv", "custom SQL rows", "good_2"), ("csv", "custom condition", "good_2")}


class Folder:
    """Files in memory, as a store gives them; implements ``FileStore``."""

    def __init__(self):
        self.files, self.asked, self.is_silent = {}, [], False

    def __call__(self, _tool):
        return self

    def chunks(self, *, bucket, key):  # noqa: ARG002 - the port's
        self.asked.append(key)
        return _Reading(self, key)

    def opened(self, *, bucket, key):  # noqa: ARG002 - the port's
        return io.BytesIO(self.files[key])


class _Reading:
    def __init__(self, folder, key):
        self._folder, self._key = folder, key

    def __enter__(self):
        if self._folder.is_silent:
            message = "s3 does not answer"
            raise ToolUnreachable(message)
        if self._key not in self._folder.files:
            message = f"there is no object {self._key}"
            raise OutsideSystemError(message)
        content = self._folder.files[self._key]
        return iter([content[:7], content[7:]])

    def __exit__(self, *_):
        return None


@pytest.fixture
def folder():
    return Folder()


def run(folder, tests, history=()):
    places = Places(
        warehouse_for=lambda _: None,
        file_store_for=folder,
        history_of=lambda _: history,
        count_parquet_rows=task_tools.count_parquet_rows,
        measures_of_files=task_tools.measures_of_files,
    )
    return run_tests(tests, places)


def written(database, name, kind):
    """A table as a file of a format."""
    if kind == "csv":
        # A second column: a null alone on its line would be an empty line, which is no record.
        rows = f"select *, 0 as beside from {name}"  # noqa: S608 - our own name
        with database.cursor().copy(f"copy ({rows}) to stdout csv header") as copy:
            return b"".join(map(bytes, copy))
    cursor = database.execute(f"select * from {name}")  # noqa: S608 - our own name
    names = [column.name for column in cursor.description]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    types = {"int4": pa.int32(), "numeric": pa.float64(), "date": pa.date32(), "text": pa.string()}
    fields = [
        (c.name, types.get(c.type_display.partition("(")[0], pa.timestamp("us")))
        for c in cursor.description
    ]
    target = io.BytesIO()
    for row in rows:
        row |= {k: float(v) for k, v in row.items() if type(v).__name__ == "Decimal"}
        row |= {k: v.astimezone(UTC).replace(tzinfo=None) for k, v in row.items()
                if isinstance(v, datetime) and v.tzinfo}  # fmt: skip
    pyarrow.parquet.write_table(pa.Table.from_pylist(rows, schema=pa.schema(fields)), target)
    return target.getvalue()


@pytest.mark.parametrize("suffix", FORMATS)
def test_planted_defects_are_found_in_files_and_sound_files_pass(
    database, folder, monkeypatch, suffix
):
    monkeypatch.setattr(planted_defects, "OTHER", file("s3", key=f"other.{suffix}", bucket="b"))
    wrong = {}
    for name, kind in KINDS.items():
        if name in OF_TABLES:
            continue
        sets = {f"good_{n}": rows for n, rows in enumerate(kind.good)}
        sets |= {f"bad_{n}": rows for n, rows in enumerate(kind.bad)}
        database.execute("drop table if exists t_other; " + "; ".join(
            f"drop table if exists {each}" for each in sets))  # fmt: skip
        if kind.other:
            plant(database, "t_other", *kind.other)
            folder.files[f"other.{suffix}"] = written(database, "t_other", suffix)
        for each, rows in sets.items():
            plant(database, each, kind.columns, rows)
            folder.files[f"{each}.{suffix}"] = written(database, each, suffix)
        history = [
            Point(at=NOW - timedelta(days=len(kind.history) - n), numbers=numbers)
            for n, numbers in enumerate(kind.history)
        ]
        tests = [kind.make(file("s3", key=f"{each}.{suffix}", bucket="b")) for each in sets]
        for each, verdict in zip(sets, run(folder, tests, history), strict=True):
            expected = "pass" if each.startswith("good") else "fail"
            if (suffix, name, each) in UNTYPED:
                expected = "error"
            if str(verdict.outcome) != expected:
                wrong[name, each] = (str(verdict.outcome), verdict.detail)
    assert not wrong, "\n".join(map(str, wrong.items()))
