"""Redshift's own driver, hook and operators, and ours, on PostgreSQL behind a protocol shim.

What this does not prove is said in the shim.
"""

from __future__ import annotations

import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest
import redshift_connector
from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook
from airflow.providers.amazon.aws.transfers.s3_to_redshift import S3ToRedshiftOperator
from airflow.providers.common.sql.operators.sql import (
    SQLColumnCheckOperator,
    SQLExecuteQueryOperator,
)
from pyarrow import parquet

from airflow_dataops import file, table, task_tools
from airflow_dataops.adapters.sql_warehouse.redshift import RedshiftSessions
from airflow_dataops.domain.publishing import StageRun
from airflow_dataops.errors import BadDataFile, OutsideSystemError, ToolUnreachable
from airflow_dataops.operators import DataTestsOperator, ExtractOperator, FileToTableOperator
from tests.redshift_shim import RedshiftShim

pytestmark = pytest.mark.service

DAY = "day = '2017-01-02'"
SALES = table("redshift", "sales", where=DAY)
COLUMNS = {"n": "int", "price": "numeric(8,2)", "day": "date"}
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BY = StageRun(dag_id="k.sales", run_id="monday", stage="load")


class _Try:
    dag_id, run_id, task_id, map_index, try_number = "k.sales", "monday", "x", -1, 1


class _Run:
    dag_id, run_id, logical_date, run_after = "k.sales", "monday", None, NOON


CONTEXT = {"ti": _Try(), "dag_run": _Run()}


@pytest.fixture(scope="module")
def shim(embedded_stack):
    where = embedded_stack.addresses
    shim = RedshiftShim((where.postgres_host, where.postgres_port), where.s3_url)
    yield shim
    shim.close()


@pytest.fixture
def schema(login):
    return login["options"].partition("=")[2]


@pytest.fixture
def connect(shim, login, schema, monkeypatch, database, tools_as_connections):  # noqa: ARG001
    """Connection ``redshift``: the kitchen's own user, whose sessions begin in its schema."""
    database.execute(f"alter role {login['user']} set search_path = {schema}")

    def set_connection(*, is_pending=False):
        extra = {"ssl": False}
        if is_pending:
            extra["search_path"] = f"{schema}__pending,{schema}"
        fields = {
            "conn_type": "kitchen_redshift" if is_pending else "redshift",
            "host": "127.0.0.1",
            "port": shim.port,
            "schema": login["dbname"],
            "login": login["user"],
            "password": login["password"],
            "extra": extra,
        }
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(fields))

    set_connection()
    yield set_connection
    database.execute(f"alter role {login['user']} reset search_path")
    database.execute(f"drop schema if exists {schema}__pending cascade")


@pytest.fixture
def put(s3, bucket):
    def put(key, body):
        s3.put_object(Bucket=bucket, Key=f"redshift/{key}", Body=body)
        return file("s3", key=f"redshift/{key}", bucket=bucket)

    return put


def run(operator):
    return type(operator).execute.__wrapped__(operator, CONTEXT)


def load(source, **options):
    about = {"columns": COLUMNS, "constants": {"day": "2017-01-02"}, **options}
    return run(FileToTableOperator(task_id="copy", source=source, target=SALES, **about))


def found(database):
    return database.execute("select n, price::text, day::text from sales order by n").fetchall()


@pytest.mark.usefixtures("connect")
def test_the_providers_operators_run_unchanged(put, bucket, schema, database):
    put("orders.csv", b"1,2.50\n2,3.00\n")
    make = "create table orders (n int encode az64, price numeric(8,2)) distkey(n) sortkey(n)"
    run(SQLExecuteQueryOperator(task_id="make", conn_id="redshift", sql=make))
    copy = S3ToRedshiftOperator(
        task_id="copy",
        schema=schema,
        table="orders",
        s3_bucket=bucket,
        s3_key="redshift/orders.csv",
        redshift_conn_id="redshift",
        aws_conn_id="s3",
        copy_options=["csv"],
    )
    run(copy)
    check = SQLColumnCheckOperator(
        task_id="check",
        conn_id="redshift",
        table="orders",
        column_mapping={"price": {"max": {"equal_to": 3}}},
    )
    run(check)
    assert database.execute("select count(*) from orders").fetchone() == (2,)
    assert RedshiftSQLHook("redshift").get_first("select sum(price) from orders") == [5.5]


@pytest.mark.usefixtures("connect")
def test_a_file_is_fetched_by_redshift_and_replaces_its_slice(put, database, shim):
    shim.statements.clear()
    database.execute("create table sales (n int, price numeric(8,2), day date)")
    database.execute("insert into sales values (9, 9, '2017-01-03'), (8, 8, '2017-01-02')")
    assert load(put("sales.csv", b"n,price\n1,2.5\n2,\n")) == 2
    rows = [(1, "2.50", "2017-01-02"), (2, None, "2017-01-02"), (9, "9.00", "2017-01-03")]
    assert found(database) == rows
    assert any(statement.lower().startswith("copy ") for statement in shim.statements)


@pytest.mark.usefixtures("connect")
def test_a_parquet_file_is_fetched_by_redshift(put, database):
    out = io.BytesIO()
    parquet.write_table(pa.table({"n": [1], "price": [Decimal("2.50")]}), out)
    assert load(put("sales.parquet", out.getvalue())) == 1
    assert found(database) == [(1, "2.50", "2017-01-02")]


@pytest.mark.usefixtures("connect")
@pytest.mark.parametrize(
    ("body", "options", "error", "complaint"),
    [
        (b"n,price\n1,secret\n", {}, OutsideSystemError, "refused: invalid input syntax"),
        (b"n,colour\n1,red\n", {}, BadDataFile, "has no column colour; it has: n, price, day"),
        (b"n\n1\n", {"constants": {"day": "2017-01-09"}}, BadDataFile, "1 of 1 rows lie outside"),
    ],
)
def test_a_file_that_does_not_fit_changes_nothing(put, database, body, options, error, complaint):
    load(put("good.csv", b"n,price\n1,2.5\n"))
    before = found(database)
    with pytest.raises(error, match=complaint) as raised:
        load(put("bad.csv", body), **options)
    assert found(database) == before
    assert "secret" not in str(raised.value)


def test_a_stage_publishes_what_passed_its_tests(connect, put, database):
    load(put("sales.csv", b"n,price\n7,7\n"))
    before = found(database)
    pending = task_tools.pending_tables("redshift")
    assert pending.begin([SALES], BY, is_over=lambda _: True) is None
    connect(is_pending=True)
    task_tools.pending_tables("redshift").resume([SALES], BY)
    load(put("next.csv", b"n,price\n1,2.5\n"))
    more = "insert into sales values (2, 3, '2017-01-02')"
    run(SQLExecuteQueryOperator(task_id="sql", conn_id="redshift", sql=more))
    connect()
    assert found(database) == before
    test = SALES.row_count().between(2, 2)
    run(DataTestsOperator(task_id="tests", tests=[test], stage="load", publishes=[SALES]))
    assert pending.publish([SALES], BY, may_be_empty=()) == [2]
    after = found(database)
    assert after == [(1, "2.50", "2017-01-02"), (2, "3.00", "2017-01-02")]
    assert pending.publish([SALES], BY, may_be_empty=()) == [2]
    assert found(database) == after


def test_the_first_publication_makes_the_table(connect, database):
    pending = task_tools.pending_tables("redshift")
    pending.begin([SALES], BY, is_over=lambda _: True)
    connect(is_pending=True)
    make = "create table sales as select 1 as n, 2.5 as price, date '2017-01-02' as day"
    run(SQLExecuteQueryOperator(task_id="sql", conn_id="redshift", sql=make))
    connect()
    assert pending.publish([SALES], BY, may_be_empty=()) == [1]
    assert found(database) == [(1, "2.5", "2017-01-02")]


def test_the_providers_own_hook_fails_rather_than_write_past_the_pending_table(connect):
    connect(is_pending=True)
    with pytest.raises(TypeError, match="search_path"):
        RedshiftSQLHook("redshift").get_conn()


@pytest.mark.usefixtures("connect")
def test_an_extract_keeps_the_types_of_redshifts_result(put, s3, bucket):
    load(put("sales.csv", b"n,price\n1,2.5\n2,\n"))
    target = file("s3", key="redshift/out.parquet", bucket=bucket)
    sql = "select n, price, day from sales order by n"
    assert run(ExtractOperator(task_id="x", sql=sql, conn_id="redshift", target=target)) == 2
    body = s3.get_object(Bucket=bucket, Key=target.key)["Body"].read()
    rows = parquet.read_table(io.BytesIO(body)).to_pylist()
    assert rows[0] == {"n": 1, "price": Decimal("2.50"), "day": date(2017, 1, 2)}


def test_a_redshift_that_is_down_may_be_tried_again():
    sessions = RedshiftSessions(_refused)
    with (
        pytest.raises(ToolUnreachable, match="the database does not answer: InterfaceError"),
        sessions.reading(),
    ):
        pass


def _refused():
    where = {"host": "127.0.0.1", "port": 1, "user": "u", "database": "d", "password": ""}
    return redshift_connector.connect(**where, ssl=False)
