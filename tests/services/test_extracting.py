"""Extracts are opened again by their readers, from the stores they were written to."""

from __future__ import annotations

import csv
import io
import json
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path

import openpyxl
import pytest
from pyarrow import parquet

from airflow_dataops import task_tools
from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.file_formats import written_format
from airflow_dataops.errors import BadDataFile, OutsideSystemError
from airflow_dataops.services import loading
from airflow_dataops.services.extracting import extract
from tests.services.extracting_program import main, store

pytestmark = pytest.mark.service

PROGRAM = Path(__file__).with_name("extracting_program.py")
QUERY = """select 1 as whole, 1.25::numeric(8,2) as price, 0.5 as share, 'a,"b"' as text,
    date '2017-01-02' as day, timestamp '2017-01-02 06:00' as at, true as yes,
    timestamptz '2017-01-02 06:00-06' as moment, null::int as nothing, '' as empty,
    '{"a": 1}'::jsonb as json, time '06:30' as hour
    union all select 2, 2::numeric(8,2), 3, '=1+1', '1899-12-31', '2017-01-02', false, now(),
    9007199254740993, 'x', null, '00:00' order by 1"""


@pytest.fixture
def write(warehouse, object_store, s3, bucket):
    """Extract a query; gives the bytes that are there then."""

    def write(sql, key):
        target = file("s3", key=f"extracts/{key}", bucket=bucket)
        extract(
            sql,
            target,
            warehouse=warehouse,
            store=object_store,
            write=task_tools.table_writer(written_format(key)),
            writer="test-1",
        )
        return s3.get_object(Bucket=bucket, Key=target.key)["Body"].read()

    return write


def test_csv_is_read_by_pythons_reader(write):
    header, first, second = csv.reader(io.StringIO(write(QUERY, "a.csv").decode(), newline=""))
    assert header[:4] == ["whole", "price", "share", "text"]
    assert first[:7] == ["1", "1.25", "0.5", 'a,"b"', "2017-01-02", "2017-01-02 06:00:00", "true"]
    assert first[7:] == ["2017-01-02 12:00:00+00:00", "", "", '{"a": 1}', "06:30:00"]
    assert second[3] == "=1+1"


def test_parquet_is_read_by_arrow_with_its_types(write):
    found = parquet.read_table(io.BytesIO(write(QUERY, "a.parquet")))
    types = [str(field.type) for field in found.schema]
    assert types == [
        "int64", "decimal128(8, 2)", "double", "string", "date32[day]", "timestamp[us]", "bool",
        "timestamp[us, tz=UTC]", "int64", "string", "string", "time64[us]",
    ]  # fmt: skip
    first = found.to_pylist()[0]
    assert first["price"] == Decimal("1.25")
    assert first["moment"].astimezone(UTC) == datetime(2017, 1, 2, 12, tzinfo=UTC)
    assert (first["nothing"], first["empty"], first["json"]) == (None, "", '{"a": 1}')


def test_excel_is_read_by_openpyxl_and_texts_stay_texts(write):
    sheet = openpyxl.load_workbook(io.BytesIO(write(QUERY, "a.xlsx"))).active
    header, first, second = (list(row) for row in sheet.iter_rows())
    assert [cell.value for cell in header[:3]] == ["whole", "price", "share"]
    assert sheet.freeze_panes == "A2"
    values = [cell.value for cell in first]
    days = [datetime(2017, 1, 2), datetime(2017, 1, 2, 6)]  # noqa: DTZ001 - Excel has no zones
    assert values[:7] == [1, 1.25, 0.5, 'a,"b"', *days, True]
    noon = datetime(2017, 1, 2, 12)  # noqa: DTZ001 - Excel has no zones
    assert values[7:] == [noon, None, "", '{"a": 1}', time(6, 30)]
    assert (second[3].value, second[3].data_type) == ("=1+1", "s")
    assert second[4].value == "1899-12-31"
    assert second[8].value == "9007199254740993"  # Excel would keep 15 digits of the number


@pytest.mark.parametrize("key", ["b.csv", "b.parquet"])
def test_an_extract_that_is_loaded_again_gives_the_same_table(
    write, key, warehouse, object_store, database, bucket
):
    database.execute(f"create table orders as {QUERY}")
    database.execute("insert into orders (text) values (' x'), (E'line\nbreak'), ('\\.'), ('é')")
    write("select * from orders", key)
    database.execute("create table again (like orders)")
    loaded = loading.load(
        file("s3", key=f"extracts/{key}", bucket=bucket),
        table("redshift", "again"),
        files=loading.DataFiles(store=object_store, read_parquet=task_tools.read_parquet),
        warehouse=warehouse,
    )
    assert loaded == 6
    for left in (
        "select * from orders except all select * from again",
        "select * from again except all select * from orders",
    ):
        assert database.execute(left).fetchall() == []


def test_an_extract_that_fails_leaves_the_file_that_was_there(write, s3, bucket):
    before = write("select 1 as n", "long.xlsx")
    with pytest.raises(
        BadDataFile, match=r"row 1, column 1: a text of 40,000 letters, Excel takes"
    ):
        write("select repeat('x', 40000) as n", "long.xlsx")
    after = s3.get_object(Bucket=bucket, Key="extracts/long.xlsx")["Body"].read()
    assert after == before


@pytest.mark.parametrize("sql", ["create table a as select 1", "select 1; select 2", "selct"])
def test_what_is_no_query_is_refused(write, sql):
    with pytest.raises(OutsideSystemError, match="the database refused: "):
        write(sql, "no.csv")


def test_a_name_without_a_format_is_refused():
    with pytest.raises(BadDataFile, match=r"End the name in \.csv, \.parquet or \.xlsx"):
        written_format("extracts/profit")


@pytest.fixture
def places(embedded_stack, bucket):
    """An object store and a file server, and a file in each."""
    where = embedded_stack.addresses
    ours = where.environments["development"]
    return {
        "s3": {
            "key": "extracts/killed.csv",
            "bucket": bucket,
            "s3": {
                "endpoint_url": where.s3_url,
                "region_name": where.s3_region,
                "aws_access_key_id": ours.s3_key.access_key,
                "aws_secret_access_key": ours.s3_key.secret_key,
            },
        },
        "sftp": {
            "key": "/outbox/extracts/killed.csv",
            "bucket": "",
            "sftp": {
                "host": where.sftp_host,
                "port": where.sftp_port,
                "login": ours.sftp_login,
                "password": ours.sftp_password,
            },
        },
    }


# An object store gets its first part of several after 16 MB, a file server all as it comes.
@pytest.mark.parametrize(("place", "count"), [("s3", 190_000), ("sftp", 30_000)])
def test_an_extract_killed_half_way_leaves_the_file_that_was_there(
    place, count, places, login, embedded_stack
):
    """After the retry the file is the same as from a run without a kill."""
    setup = {"rows": 3, "login": login, **places[place]}

    def content():
        with store(setup).chunks(bucket=setup["bucket"], key=setup["key"]) as chunks:
            return b"".join(chunks)

    main({**setup, "attempt": 1})
    before = content()
    assert before == b"n\n" + b"".join(b"%0100d\n" % n for n in (1, 2, 3))
    more = {**setup, "rows": count, "attempt": 2, "stop_after": count - 20_000}
    command = [sys.executable, str(PROGRAM), json.dumps(more)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as killed:
        assert b"here\n" in iter(killed.stdout.readline, b"")
        killed.send_signal(signal.SIGKILL)
    assert content() == before
    main({**more, "attempt": 3, "stop_after": None})
    assert content() == b"n\n" + b"".join(b"%0100d\n" % n for n in range(1, count + 1))
    folder = embedded_stack.addresses.environments["development"].sftp_root / "outbox/extracts"
    if place == "sftp":
        assert [path.name for path in folder.iterdir()] == ["killed.csv"]


def test_dates_before_the_calendar_of_excel_are_texts(write):
    sheet = openpyxl.load_workbook(io.BytesIO(write("select date '1850-05-01' as d", "d.xlsx")))
    assert sheet.active["A2"].value == date(1850, 5, 1).isoformat()
