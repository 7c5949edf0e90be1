"""Where and when a kitchen's tasks, triggers and callbacks run, whatever its DAGs say."""

from __future__ import annotations

import pickle

import pytest

from tests.live_airflow import read_json

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def test_a_task_that_wants_to_be_productions_is_developments_and_comes_last(attacked):
    attacked.live.task("dev_kitchen.spoofs", "attack", "elsewhere")
    ((queue, pool_slots, weight, executor, config, state),) = attacked.live.rows(
        "select queue, pool_slots, priority_weight, executor, executor_config, state "
        "from task_instance where dag_id = 'dev_kitchen.spoofs' and task_id = 'elsewhere'"
    )
    assert (queue, pool_slots, weight, executor, state) == ("development", 1, 0, None, "success")
    assert pickle.loads(config) == {}  # noqa: S301 - Airflow writes it so


def test_a_dag_that_wants_a_thousand_runs_at_a_time_has_its_environments_limit(attacked):
    limits = attacked.live.rows(
        "select dag_id, max_active_runs from dag "
        "where dag_id in ('dev_kitchen.spoofs', 'demo_production.ledger') order by dag_id"
    )
    assert limits == [("demo_production.ledger", 16), ("dev_kitchen.spoofs", 4)]


@pytest.mark.parametrize("task", ["program", "own_code", "deletes", "answers"])
def test_a_task_has_nothing_called_in_the_triggerer(attacked, task):
    assert attacked.live.task("dev_kitchen.spoofs", "attack", task)["state"] == "failed"
    assert attacked.live.rows("select count(*) from trigger") == [(0,)]


@pytest.mark.parametrize(
    ("task", "reason"),
    [
        ("program", "'subprocess.Popen' is no trigger that kitchens may wait for"),
        ("deletes", "FileDeleteTrigger' is no trigger that kitchens may wait for"),
        ("answers", "it waits for the answer to another task's question"),
    ],
)
def test_a_refused_deferral_is_in_the_tasks_log_and_the_api_servers(attacked, task, reason):
    airflow = attacked.live.airflow
    logs = airflow.homes["worker-development"] / "logs"
    (log,) = logs.glob(f"dag_id=dev_kitchen.spoofs/**/task_id={task}/*.log")
    assert reason in log.read_text()
    said = (attacked.live.stack.home.logs / "api-server.log").read_text()
    assert "dev_kitchen.spoofs is refused PATCH /task-instances/" in said
    assert reason in said


@pytest.mark.parametrize(
    ("dag_id", "reason"),
    [
        ("dev_kitchen.started", "a task starts from trigger 'subprocess.Popen'"),
        ("dev_kitchen.overdue", "it has a deadline"),
        ("dev_kitchen.watched", "asset 'dev_kitchen.orders' has watchers"),
    ],
)
def test_a_dag_that_has_servers_call_its_code_is_not_there(attacked, dag_id, reason):
    ((text,),) = attacked.live.rows("select stacktrace from import_error")
    assert f"DAG '{dag_id}' is refused: {reason}" in text
    assert not attacked.live.has_dag(dag_id)


def test_a_dag_that_wants_to_run_inside_of_the_scheduler_is_not_there(attacked):
    errors = attacked.live.rows("select stacktrace from import_error")
    assert ["'inside' specifies executor 'LocalExecutor'" in text for (text,) in errors] == [True]


def test_a_tasks_callback_gets_what_its_kitchen_has(attacked):
    found = read_json(attacked.callbacks / "task.json")
    assert found.pop("redshift").startswith("login ")
    assert len(found) == 2
    assert not [text for text in found.values() if text.startswith("login")]


def test_a_dags_callback_gets_nothing(attacked):
    found = read_json(attacked.callbacks / "dag.json")
    assert len(found) == 3
    refusals = [text for text in found.values() if "isn't defined" in text]
    assert len(refusals) == len(found), found
