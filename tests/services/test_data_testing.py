from __future__ import annotations

import pytest

from airflow_dataops.adapters.sql_warehouse import SqlWarehouse
from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.services.data_testing import Places, run_tests

pytestmark = pytest.mark.service

ORDERS = table("redshift", "orders")


@pytest.fixture
def orders(database):
    database.execute(
        "create table orders as select n, n * 1.5 as sales from generate_series(1, 4) n"
    )
    return ORDERS


@pytest.fixture
def incoming(s3, bucket):
    s3.put_object(Bucket=bucket, Key="testing/orders.csv", Body=b'n,note\n1,"two\nlines"\n2,\n')
    return file("s3", bucket=bucket, key="testing/orders.csv")


@pytest.fixture
def run(warehouse, object_store):
    places = Places(warehouse_for=lambda _: warehouse, file_store_for=lambda _: object_store)
    return lambda *tests: run_tests(tests, places)


def told(verdicts):
    return [(str(verdict.outcome), verdict.measured) for verdict in verdicts]


def test_each_test_gets_its_verdict_in_its_place(run, orders, incoming):
    verdicts = run(
        orders.sum("sales").between(15, 15),
        incoming.row_count().between(3, 9),
        orders.check("select * from {table} where sales > 5", name="small", on_violation="warn"),
        orders.row_count().between(1, 10),
        incoming.size_bytes().between(0, 1000),
    )
    assert told(verdicts) == [
        ("pass", 15.0), ("fail", 2), ("warn", 1), ("pass", 4.0), ("pass", 24),
    ]  # fmt: skip


def test_one_that_cannot_be_measured_hides_no_other(run, orders):
    verdicts = run(
        orders.row_count().between(1, 10),
        orders.sum("colour").between(1, 10),
        orders.check("select nonsense from {table}", name="sense"),
        orders.maximum("n").between(1, 3),
        table("redshift", "nope").row_count().between(1, 1),
    )
    assert told(verdicts) == [
        ("pass", 4.0), ("error", None), ("error", None), ("fail", 4.0), ("error", None),
    ]  # fmt: skip
    assert "colour" in verdicts[1].detail
    assert "nonsense" in verdicts[2].detail
    assert '"nope" does not exist' in verdicts[4].detail


def test_a_missing_file_is_an_error_of_its_own_tests(run, orders, bucket):
    missing = file("s3", bucket=bucket, key="testing/nope.csv")
    verdicts = run(missing.row_count().between(1, 2), orders.row_count().between(1, 10))
    assert told(verdicts) == [("error", None), ("pass", 4.0)]
    assert "there is no such object" in verdicts[0].detail


def test_a_tool_that_does_not_answer_is_asked_once(login, object_store, incoming):
    asked = []

    def warehouse_for(tool):
        asked.append(tool)
        return SqlWarehouse({**login, "port": 1})

    tests = [
        ORDERS.row_count().between(1, 2),
        ORDERS.sum("sales").between(1, 2),
        ORDERS.check("select 1", name="one"),
        incoming.row_count().between(1, 2),
    ]
    places = Places(warehouse_for=warehouse_for, file_store_for=lambda _: object_store)
    verdicts = run_tests(tests, places)
    assert [str(verdict.outcome) for verdict in verdicts] == ["error", "error", "error", "pass"]
    assert asked == ["redshift"]


def test_the_same_measure_of_a_file_is_read_once(incoming, object_store):
    asked = []

    def object_store_for(tool):
        asked.append(tool)
        return object_store

    tests = [incoming.row_count().between(1, 2), incoming.row_count().between(5, 6)]
    places = Places(warehouse_for=lambda _: None, file_store_for=object_store_for)
    verdicts = run_tests(tests, places)
    assert told(verdicts) == [("pass", 2), ("fail", 2)]
    assert asked == ["s3"]


def test_no_tests_give_no_verdicts(run):
    assert run() == []
