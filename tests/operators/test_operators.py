from __future__ import annotations

import subprocess
import sys

import pytest
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_dataops.domain.data_assets import file, table
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.errors import ConfigurationError, DataTestsFailed
from airflow_dataops.operators import DataTestsOperator, FileToTableOperator
from airflow_dataops.operators.data_tests import verdict_lines

CONTEXT = {
    "run_date": "2017-01-02",
    "kitchen": type("Kitchen", (), {"prefix": "dev_kitchen/"})(),
    "tools": {"s3": {"bucket": "acme-development"}},
}
INCOMING = file("s3", key="{{ kitchen.prefix }}{{ run_date }}/orders.csv")
ORDERS = table("redshift", "orders", where="loaded_for = '{{ run_date }}'")


def run(operator):
    """What a task's process does: render the templates, then execute."""
    operator.render_template_fields(CONTEXT)
    return type(operator).execute.__wrapped__(operator, CONTEXT)


def test_templates_inside_of_tables_and_files_are_rendered():
    operator = FileToTableOperator(
        task_id="copy", source=INCOMING, target=ORDERS, constants={"loaded_for": "{{ run_date }}"}
    )
    operator.render_template_fields(CONTEXT)
    assert operator.source.key == "dev_kitchen/2017-01-02/orders.csv"
    assert operator.source.bucket == "acme-development"
    assert operator.target.where == "loaded_for = '2017-01-02'"
    assert operator.constants == {"loaded_for": "2017-01-02"}
    assert ORDERS.where == "loaded_for = '{{ run_date }}'"


def test_a_native_dag_keeps_a_date_a_text():
    with DAG("native", schedule=None, render_template_as_native_obj=True):
        operator = FileToTableOperator(
            task_id="copy", source=file("s3", key="{{ 20170102 }}", bucket="b"), target=ORDERS
        )
    operator.render_template_fields(CONTEXT)
    assert operator.source.key == "20170102"


def test_templates_inside_of_data_tests_are_rendered():
    tests = [
        ORDERS.row_count().between(1, 2),
        ORDERS.check("select * from {table} where day <> '{{ run_date }}'", name="{{ run_date }}"),
        INCOMING.row_count().between(1, 2),
    ]
    operator = DataTestsOperator(task_id="tests", tests=tests)
    operator.render_template_fields(CONTEXT)
    between, check, of_file = operator.tests
    assert between.asset.where == "loaded_for = '2017-01-02'"
    assert check.measures[0].arguments == ("select * from {table} where day <> '2017-01-02'",)
    assert check.name == "{{ run_date }}"
    assert of_file.asset.key == "dev_kitchen/2017-01-02/orders.csv"


def test_a_dag_with_our_operators_is_serialised():
    from airflow.serialization.serialized_objects import DagSerialization

    with DAG("dev_kitchen.orders", schedule=None) as dag:
        FileToTableOperator(task_id="copy", source=INCOMING, target=ORDERS)
        DataTestsOperator(task_id="tests", tests=[ORDERS.row_count().between(1, 2)])
    first, second = (DagSerialization.to_dict(dag) for _ in range(2))
    assert first == second
    assert "orders.csv" in str(first)


def test_verdicts_stand_in_columns():
    verdicts = [
        Verdict(
            test="row_count of orders between 1 and 9000000000",
            outcome=Outcome.PASS, measured=84213, detail="allowed 1 to 9e9",
        ),
        Verdict(test="no refunds", outcome=Outcome.ERROR, measured=None, detail="no table"),
    ]  # fmt: skip
    assert verdict_lines(verdicts) == [
        "pass   row_count of orders between 1 and 9000000000  measured 84213  allowed 1 to 9e9",
        "error  no refunds                                    measured     -  no table",
    ]


def test_parse_time_loads_nothing_that_is_costly():
    program = (
        "import airflow.sdk, sys; before = set(sys.modules)\n"
        "from airflow_dataops.operators import DataTestsOperator, FileToTableOperator\n"
        "added = set(sys.modules) - before\n"
        "for costly in ('psycopg', 'boto', 'pandas', 'numpy', 'airflow.providers', 'sqlalchemy',\n"
        "               'airflow_dataops.adapters', 'airflow_dataops.services'):\n"
        "    assert not [m for m in added if m.startswith(costly)], costly\n"
    )
    subprocess.run([sys.executable, "-W", "ignore", "-c", program], check=True)


@pytest.mark.service
@pytest.mark.usefixtures("tools_as_connections")
class TestAgainstTheStack:
    @pytest.fixture
    def incoming(self, s3, bucket):
        body = b"n,sales\n1,1.5\n2,3.0\n"
        s3.put_object(Bucket=bucket, Key="dev_kitchen/2017-01-02/orders.csv", Body=body)
        return file("s3", key="{{ kitchen.prefix }}{{ run_date }}/orders.csv", bucket=bucket)

    @pytest.fixture
    def loaded(self, incoming):
        return run(
            FileToTableOperator(
                task_id="copy",
                source=incoming,
                target=ORDERS,
                columns={"n": "int", "sales": "numeric", "loaded_for": "date"},
                constants={"loaded_for": "{{ run_date }}"},
            )
        )

    def test_a_file_is_loaded_into_the_kitchens_schema(self, loaded, database):
        assert loaded == 2
        found = database.execute("select n, loaded_for::text from orders order by n").fetchall()
        assert found == [(1, "2017-01-02"), (2, "2017-01-02")]

    @pytest.mark.usefixtures("tools_as_connections", "loaded")
    def test_tests_that_pass_let_the_task_succeed(self):
        tests = [ORDERS.row_count().between(1, 5)]
        run(DataTestsOperator(task_id="tests", tests=tests))

    @pytest.mark.usefixtures("tools_as_connections", "loaded")
    def test_a_failed_test_fails_the_task_without_a_retry(self):
        tests = [
            ORDERS.row_count().between(1, 5),
            ORDERS.sum("sales").between(100, 200, name="enough sales"),
            ORDERS.sum("colour").between(1, 2, name="colours"),
        ]
        with pytest.raises(AirflowFailException) as raised:
            run(DataTestsOperator(task_id="tests", tests=tests))
        assert isinstance(raised.value.__cause__, DataTestsFailed)
        assert str(raised.value) == (
            "2 of 3 data tests stop the line: enough sales (fail); colours (error)"
        )

    def test_an_outage_uses_the_tasks_retries(self, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", "postgres://u:secret-password@127.0.0.1:1/d")
        tests = [ORDERS.row_count().between(1, 5)]
        with pytest.raises(DataTestsFailed) as raised:
            run(DataTestsOperator(task_id="tests", tests=tests))
        assert "secret-password" not in str(raised.value)

    @pytest.mark.usefixtures("tools_as_connections", "loaded")
    def test_each_verdict_is_a_line_of_the_log(self, capsys):
        tests = [
            ORDERS.row_count().between(1, 5),
            ORDERS.maximum("sales").between(0, 1, name="cheap", on_violation="warn"),
        ]
        run(DataTestsOperator(task_id="tests", tests=tests))
        passed, warned = capsys.readouterr().out.splitlines()[-2:]
        assert "[info     ] pass  row_count of orders between 1 and 5  measured 2  allow" in passed
        assert "[warning  ] warn  cheap                                measured 3  allow" in warned

    def test_a_tool_that_is_no_warehouse_is_refused_by_its_type(self, monkeypatch):
        monkeypatch.setenv("AIRFLOW_CONN_REDSHIFT", "mysql://u:p@127.0.0.1:1/d")
        tests = [ORDERS.row_count().between(1, 5)]
        with pytest.raises(ConfigurationError, match="type 'mysql'; a warehouse needs one of"):
            run(DataTestsOperator(task_id="tests", tests=tests))


def test_verdicts_are_counted_in_airflows_own_metrics():
    from airflow.sdk._shared.observability.metrics.stats import NoStatsLogger
    from airflow.sdk.observability import stats

    from airflow_dataops.operators.telling import count_outcomes

    counted = []

    class Counting:
        """Airflow's interface of a metrics backend."""

        def incr(self, stat, count=1, _rate=1, *, tags=None):
            counted.append((stat, count, tags))

        def timing(self, stat, dt, *, tags=None):
            counted.append((stat, dt.total_seconds(), tags))

    def verdict(outcome, seconds=None):
        return Verdict(test="t", outcome=outcome, measured=1, detail="", seconds=seconds)

    stats.initialize(factory=Counting, export_legacy_names=False)
    try:
        said = [verdict(Outcome.PASS, 0.5), verdict(Outcome.PASS, 2.0), verdict(Outcome.FAIL)]
        count_outcomes(said, dag_id="dev_kitchen.profit", task_id="load.data_tests")
    finally:
        stats.initialize(factory=NoStatsLogger, export_legacy_names=False)
    tags = {"dag_id": "dev_kitchen.profit", "task_id": "load.data_tests"}
    assert counted == [
        ("dataops.data_tests.pass", 2, tags),
        ("dataops.data_tests.fail", 1, tags),
        ("dataops.data_tests.slowest", 2.0, tags),
    ]
