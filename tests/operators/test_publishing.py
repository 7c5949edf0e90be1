"""A stage that publishes, task by task, on the real database and object store."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_dataops import file, stage, table
from airflow_dataops.dag_factory.authoring import collecting_stages
from airflow_dataops.operators import FileToTableOperator

pytestmark = [pytest.mark.service, pytest.mark.usefixtures("tools_as_connections")]

INCOMING = file("s3", key="dev_kitchen/{{ run_date }}/orders.csv", bucket="acme-development")
ORDERS = table("redshift", "orders", where="day = '{{ run_date }}'")
TOTALS = table("redshift", "totals")
DAY = "2017-01-02"


class Run:
    """One run of a pipeline, as its tasks see it."""

    def __init__(self, dag, login, monkeypatch, *, run_id="monday"):
        self._dag = dag
        self._schema = login["options"].partition("=")[2]
        self._monkeypatch = monkeypatch
        self._connection = json.loads(os.environ["AIRFLOW_CONN_REDSHIFT"])
        self.going_on = set()
        moment = datetime(2026, 3, 2, tzinfo=UTC)
        about = {"dag_id": dag.dag_id, "run_id": run_id, "logical_date": None, "run_after": moment}
        self._about = type("DagRun", (), about)()

    def task(self, task_id):
        """What a task's process does: connections as the server gives them, render, execute."""
        task = self._dag.get_task(task_id)
        path = self._schema
        if ".to_publish." in task_id:
            path = f"{path}__pending,{path}"
        connection = {**self._connection, "extra": {"options": f"-c search_path={path}"}}
        self._monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", json.dumps(connection))
        context = {"run_date": DAY, "dag_run": self._about, "ti": self, "task": task}
        task.render_template_fields(context)
        if task._pre_execute_hook:
            task._pre_execute_hook(context)
        if task_id.endswith(".prepare"):
            return task.poke(context)
        return type(task).execute.__wrapped__(task, context)

    def get_dr_count(self, dag_id, *, run_ids, states):
        assert states == ["queued", "running"]
        return len(self.going_on & {(dag_id, run) for run in run_ids})


@pytest.fixture
def dag():
    with collecting_stages(), DAG("dev_kitchen.orders", schedule=None) as dag:
        with stage("load", publish=ORDERS) as load:
            FileToTableOperator(
                task_id="copy",
                source=INCOMING,
                target=ORDERS,
                columns={"n": "int", "sales": "numeric", "day": "date"},
                constants={"day": "{{ run_date }}"},
            )
            load.test(INCOMING.row_count().between(2, 9), ORDERS.minimum("sales").between(0, 99))
        with stage("total", publish=TOTALS) as total:
            SQLExecuteQueryOperator(
                task_id="sum",
                conn_id="redshift",
                sql=[
                    "drop table if exists totals",
                    "create table totals as select sum(sales) as sales from orders",
                ],
            )
            total.test(TOTALS.row_count().between(1, 1))
    return dag


@pytest.fixture
def run(dag, login, monkeypatch, database):
    yield Run(dag, login, monkeypatch)
    schema = login["options"].partition("=")[2]
    database.execute(f"drop schema if exists {schema}__pending cascade")


@pytest.fixture
def delivered(s3, bucket):
    def deliver(body):
        s3.put_object(Bucket=bucket, Key=f"dev_kitchen/{DAY}/orders.csv", Body=body)

    return deliver


def do(run, *tasks):
    for task in tasks:
        run.task(task)


LOAD = ("load.prepare", "load.to_publish.copy")
WHOLE = ("load.file_tests", *LOAD, "load.data_tests", "load.publish")


def test_stages_publish_what_passed_their_tests(run, delivered, database):
    delivered(b"n,sales\n1,1.5\n2,3\n")
    do(run, *WHOLE)
    do(run, "total.prepare", "total.to_publish.sum", "total.data_tests", "total.publish")
    assert database.execute("select n, day::text from orders order by n").fetchall() == [
        (1, DAY), (2, DAY),
    ]  # fmt: skip
    assert database.execute("select sales::text from totals").fetchall() == [("4.5",)]


def test_a_corrupted_file_leaves_the_published_table_as_it_was(run, delivered, database):
    delivered(b"n,sales\n1,1.5\n2,3\n")
    do(run, *WHOLE)
    bytes_before = "select string_agg(o.ctid::text || o::text, '|' order by n) from orders as o"
    before = database.execute(bytes_before).fetchone()
    delivered(b"n,sales\n1,-7\n2,3\n3,3\n")
    do(run, "load.file_tests", *LOAD)
    with pytest.raises(AirflowFailException, match=r"minimum\(sales\) of orders between"):
        run.task("load.data_tests")
    assert database.execute(bytes_before).fetchone() == before


def test_a_bad_file_is_found_before_anything_is_loaded(run, delivered):
    delivered(b"n,sales\n1,1.5\n")
    with pytest.raises(AirflowFailException, match=r"row_count of orders\.csv between 2 and 9"):
        run.task("load.file_tests")


def test_a_stage_waits_for_another_runs_tables_until_that_is_over(
    run, dag, login, monkeypatch, delivered
):
    delivered(b"n,sales\n1,1.5\n2,3\n")
    other = Run(dag, login, monkeypatch, run_id="tuesday")
    do(run, *LOAD)
    other.going_on = {("dev_kitchen.orders", "monday")}
    assert not other.task("load.prepare")
    other.going_on = set()
    assert other.task("load.prepare")
    for late in ("load.to_publish.copy", "load.data_tests", "load.publish"):
        with pytest.raises(AirflowFailException, match=r"is stage load of .* run tuesday's now"):
            run.task(late)
