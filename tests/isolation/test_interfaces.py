"""What a kitchen's task may say to the API server, whatever token it shows: its own things."""

from __future__ import annotations

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]
LEDGER = "demo_production.ledger"
FOREIGN = f"{LEDGER} is not a pipeline of kitchen dev_kitchen"
SUPERVISOR = {
    "reading an XCom": FOREIGN,
    "writing an XCom": FOREIGN,
    "deleting an XCom": FOREIGN,
    "starting a run": FOREIGN,
    "starting a run again": FOREIGN,
    "a run's state": FOREIGN,
    "states of tasks": FOREIGN,
    "an asset": f"is used by {LEDGER}, which is not of kitchen dev_kitchen",
    "events of an asset": f"is used by {LEDGER}, which is not of kitchen dev_kitchen",
    "a question to people": "it is about another task",
    "an answer of people": "Unhandled request",
    "writing a variable": "kitchens' tasks may not write variables",
    "reading a variable": "VARIABLE_NOT_FOUND",
}


def of(found, kind):
    return {name: text for name, text in found.items() if name.startswith(kind)}


def test_no_forged_token_is_taken(attacked):
    answers = of(attacked.interfaces, "forged: ")
    assert len(answers) == 5
    assert set(answers.values()) == {'403: {"detail":"Invalid auth token"}'}


def test_the_token_of_the_connection_dataops_opens_nothing_else(attacked):
    answers = of(attacked.interfaces, "dataops: ")
    assert len(answers) == 12
    assert {name: text for name, text in answers.items() if not text.startswith("403: ")} == {}


def test_a_task_that_is_no_test_task_gives_itself_no_verdicts(attacked):
    answer = attacked.interfaces["dataops: its own green verdicts"]
    assert "speak runs no stage's tests; only its data_tests have results" in answer
    assert attacked.live.rows(
        "select count(*) from dataops_result where pipeline = 'interfaces'"
    ) == [(0,)]


@pytest.mark.parametrize("attack", SUPERVISOR)
def test_a_message_to_the_supervisor_about_production_is_refused(attacked, attack):
    assert SUPERVISOR[attack] in attacked.interfaces[f"supervisor: {attack}"]


def test_no_name_of_a_connection_leads_to_production(attacked):
    answers = of(attacked.interfaces, "connection: ")
    assert len(answers) == 12
    assert [name for name, text in answers.items() if text.startswith("login")] == []


@pytest.mark.parametrize(
    "path",
    [
        "//xcoms/{}/first/profit/return_value",
        "/xcoms//{}/first/profit/return_value",
        "/./xcoms/{}/first/profit/return_value",
        "/dags/../xcoms/{}/first/profit/return_value",
        "/xcoms/demo_production%2Eledger/first/profit/return_value",
        "/xcoms/demo%5Fproduction.ledger/first/profit/return_value",
        "/XCOMS/{}/first/profit/return_value",
        "/xcoms/{}/first/profit/return_value/",
        "/xcoms/dev_kitchen.interfaces/..%2f..%2f{}/first/profit/return_value",
        "/dag-runs/count?dag_id=dev_kitchen.host&dag_id={}",
        "/dag-runs/count?dag_id=dev_kitchen.host&dag%5Fid={}",
        "/dag-runs/count?dag_id={}%00",
        "/task-instances/states?dag_id={}&DAG_ID=dev_kitchen.host",
    ],
)
def test_no_way_to_write_a_path_gets_past_the_rules(attacked, waiting, path):
    answer = attacked.live.execution(waiting, "GET", path.format(LEDGER))
    assert answer.status_code in (307, 400, 403, 404, 405, 422), answer.text
    assert "4711" not in answer.text


def test_the_same_token_opens_what_is_the_kitchens_own(attacked, waiting):
    answer = attacked.live.execution(
        waiting, "GET", "/dag-runs/count?dag_id=dev_kitchen.interfaces"
    )
    assert (answer.status_code, answer.json()) == (200, 1)


def test_productions_result_is_what_production_made(attacked):
    rows = attacked.live.rows
    assert rows("select count(*), min(run_id) from dag_run where dag_id = :dag", dag=LEDGER) == [
        (1, "first")
    ]
    ((value,),) = rows("select value::text from xcom where dag_id = :dag", dag=LEDGER)
    assert "4711" in value
    assert rows("select count(*) from variable") == [(0,)]
    assert rows("select count(*) from hitl_detail") == [(0,)]
