"""Stages that publish: the tasks around theirs, and what is refused when they are built."""

from __future__ import annotations

import pytest
from airflow.providers.standard.operators.bash import BashOperator
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

from airflow_dataops import file, stage, table
from airflow_dataops.dag_factory.authoring import collecting_stages
from airflow_dataops.errors import PipelineError
from airflow_dataops.operators.publishing import ResumesTables

ORDERS, LINES = table("redshift", "orders"), table("redshift", "lines")
FILE = file("s3", key="orders.csv", bucket="b")
TEST = ORDERS.row_count().between(1, 10)


def after(dag, task_id):
    return set(dag.get_task(task_id).downstream_task_ids)


def test_what_a_stage_writes_is_tested_and_then_published():
    with collecting_stages(), DAG("k.p", schedule=None) as dag:
        with stage("load", publish=ORDERS) as load:
            EmptyOperator(task_id="a") >> EmptyOperator(task_id="b")
            load.test(TEST, FILE.row_count().between(1, 10))
        with stage("report"):
            EmptyOperator(task_id="c")
    order = {
        "load.file_tests": {"load.prepare"},
        "load.prepare": {"load.to_publish.a"},
        "load.to_publish.a": {"load.to_publish.b"},
        "load.to_publish.b": {"load.data_tests"},
        "load.data_tests": {"load.publish"},
        "load.publish": {"report.c"},
        "report.c": set(),
    }
    assert {task.task_id: after(dag, task.task_id) for task in dag.tasks} == order
    assert dag.get_task("load.data_tests").tests == [TEST]


def test_setup_and_teardown_keep_their_meaning():
    with collecting_stages(), DAG("k.p", schedule=None) as dag:
        with stage("load", publish=ORDERS) as load:
            up = EmptyOperator(task_id="up").as_setup()
            down = EmptyOperator(task_id="down").as_teardown(setups=up)
            up >> EmptyOperator(task_id="work") >> down
            load.test(TEST)
        with stage("report"):
            EmptyOperator(task_id="c")
    assert after(dag, "load.to_publish.work") == {"load.to_publish.down", "load.data_tests"}
    assert after(dag, "load.to_publish.down") == set()
    assert dag.get_task("load.to_publish.down").is_teardown
    assert after(dag, "load.publish") == {"report.c"}


def test_every_task_finds_its_tables_and_keeps_what_its_author_wants_before_it():
    with (
        collecting_stages(),
        DAG("k.p", schedule=None) as dag,
        stage("load", publish=ORDERS) as load,
    ):
        BashOperator(task_id="plain", bash_command="true", pre_execute=print)
        BashOperator.partial(task_id="mapped", pre_execute=print).expand(bash_command=["true"])
        load.test(TEST)
    plain = dag.get_task("load.to_publish.plain")._pre_execute_hook
    mapped = dag.get_task("load.to_publish.mapped").partial_kwargs["pre_execute"]
    for hook in (plain, mapped):
        assert isinstance(hook, ResumesTables)
        assert hook._then is print


@pytest.mark.parametrize(
    ("publish", "complaint"),
    [
        ((ORDERS, LINES), "publishes lines without any test of it; add one"),
        ((ORDERS, ORDERS), "publishes orders of redshift twice"),
        (("orders",), r"publishes orders; give tables: publish=table\(…\)"),
    ],
)
def test_what_cannot_be_published_is_refused(publish, complaint):
    def build():
        with (
            collecting_stages(),
            DAG("k.p", schedule=None),
            stage("load", publish=publish) as load,
        ):
            EmptyOperator(task_id="a")
            load.test(TEST)

    with pytest.raises(PipelineError, match=complaint):
        build()


@pytest.mark.parametrize(("low", "may_be"), [(0, ["orders"]), (1, [])])
def test_a_table_may_be_empty_where_a_test_says_so(low, may_be):
    with (
        collecting_stages(),
        DAG("k.p", schedule=None) as dag,
        stage("load", publish=ORDERS) as load,
    ):
        EmptyOperator(task_id="a")
        load.test(ORDERS.row_count().between(low, 10))
    assert dag.get_task("load.publish").may_be_empty == may_be


def test_a_stage_that_publishes_is_serialised_without_what_runs_before_its_tasks():
    from airflow.serialization.serialized_objects import DagSerialization

    with (
        collecting_stages(),
        DAG("k.p", schedule=None) as dag,
        stage("load", publish=ORDERS) as load,
    ):
        EmptyOperator(task_id="a")
        load.test(TEST)
    first, second = (DagSerialization.to_dict(dag) for _ in range(2))
    assert first == second
    assert "ResumesTables" not in str(first)
