"""What a task of development may do to production through Airflow's execution API: nothing."""

from __future__ import annotations

import json

import pytest

pytestmark = [pytest.mark.airflow, pytest.mark.service]
LEDGER = "demo_production.ledger"
FOREIGN = f"{LEDGER} is not a pipeline of kitchen dev_kitchen"
XCOM = f"/xcoms/{LEDGER}/first/profit/return_value"
WRITTEN = "kitchens' tasks may not write variables"
UNTIL = "2026-03-02T12:00:00Z"


def refusal(waiting, method, path, body=None):
    answer = waiting.live.execution(waiting.task, method, path, body)
    assert answer.status_code == 403, answer.text
    return answer.json()["detail"]["message"]


@pytest.mark.parametrize(
    "wanted", ["read xcom", "write xcom", "delete xcom", "trigger", "state", "previous"]
)
def test_a_message_to_the_supervisor_about_production_is_refused(asked, wanted):
    assert FOREIGN in asked[wanted]


@pytest.mark.parametrize("wanted", ["write variable", "delete variable"])
def test_a_task_may_not_write_variables(asked, wanted):
    assert WRITTEN in asked[wanted]


def test_a_missing_variable_is_not_found_and_its_default_holds(asked):
    assert "VARIABLE_NOT_FOUND" in asked["read variable"]
    assert asked["default variable"] == "str: mine"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", XCOM),
        ("GET", f"{XCOM}/slice"),
        ("GET", f"{XCOM}/item/0"),
        ("POST", XCOM),
        ("DELETE", XCOM),
        ("POST", f"/dag-runs/{LEDGER}/forged"),
        ("POST", f"/dag-runs/{LEDGER}/first/clear"),
        ("GET", f"/dag-runs/{LEDGER}/first"),
        ("GET", f"/dag-runs/{LEDGER}/first/state"),
        ("GET", f"/dag-runs/count?dag_id={LEDGER}"),
        ("GET", f"/dag-runs/previous?dag_id={LEDGER}"),
        ("GET", f"/dags/{LEDGER}"),
        ("GET", f"/task-instances/count?dag_id={LEDGER}"),
        ("GET", f"/task-instances/states?dag_id=dev_kitchen.waits&dag_id={LEDGER}"),
        ("GET", f"/task-instances/previous/{LEDGER}/profit"),
    ],
)
def test_a_request_about_productions_pipelines_is_refused(waiting, method, path):
    assert refusal(waiting, method, path, {} if method == "POST" else None).endswith(FOREIGN)


@pytest.mark.parametrize(
    ("method", "path", "reason"),
    [
        ("PUT", "/variables/threshold", WRITTEN),
        ("DELETE", "/variables/threshold", WRITTEN),
        ("GET", "/variables/keys", "no kitchen's task may call this"),
        ("GET", "/dag-runs/count", "it names no pipeline"),
        ("GET", "/connection-tests/x/connection", "no kitchen's task may call this"),
    ],
)
def test_a_request_about_everybody_is_refused(waiting, method, path, reason):
    assert refusal(waiting, method, path, {"value": "1"}).endswith(reason)


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("PATCH", "task-instances/{}/state"),
        ("PATCH", "task-instances/{}/run"),
        ("PUT", "task-instances/{}/heartbeat"),
        ("PUT", "task-instances/{}/rtif"),
        ("GET", "store/ti/{}/key"),
        ("PUT", "store/ti/{}/key"),
        ("GET", "hitlDetails/{}"),
        ("GET", "task-reschedules/{}/start_date"),
    ],
)
def test_a_request_about_productions_task_is_refused(waiting, method, rest):
    ((task,),) = waiting.live.rows(
        "select id from task_instance where dag_id = :dag and run_id = 'first'", dag=LEDGER
    )
    body = {"state": "failed", "end_date": UNTIL}
    assert refusal(waiting, method, f"/{rest.format(task)}", body).endswith(
        "it is about another task"
    )


PRODUCTIONS = {"name": "demo_production.production_orders", "uri": "dataops://demo_production/x"}


@pytest.mark.parametrize(
    "outlets",
    [
        {"task_outlets": [{**PRODUCTIONS, "type": "Asset"}], "outlet_events": []},
        {"task_outlets": [{"name": PRODUCTIONS["name"], "type": "AssetNameRef"}]},
        {"task_outlets": [], "outlet_events": [{"dest_asset_key": PRODUCTIONS, "extra": {}}]},
    ],
)
def test_a_success_that_names_productions_asset_is_refused(waiting, outlets):
    body = {"state": "success", "end_date": UNTIL, **outlets}
    reason = refusal(waiting, "PATCH", f"/task-instances/{waiting.task}/state", body)
    assert f"is used by {LEDGER}, which is not of kitchen dev_kitchen" in reason


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/assets/by-name?name=demo_production.production_orders"),
        ("GET", "/asset-events/by-asset?name=demo_production.production_orders&uri=x"),
        ("PUT", "/store/asset/by-name/value?name=demo_production.production_orders&key=k"),
        ("DELETE", "/store/asset/by-name/clear?name=demo_production.production_orders"),
    ],
)
def test_a_request_about_productions_asset_is_refused(waiting, method, path):
    reason = refusal(waiting, method, path, {"value": "1"} if method == "PUT" else None)
    assert "asset demo_production.production_orders" in reason
    assert f"is used by {LEDGER}, which is not of kitchen dev_kitchen" in reason


def test_a_task_whose_success_is_refused_ends_failed_and_does_not_hang(attack):
    """The supervisor gets the 403, sends no other state, and the task counts as failed."""
    live = attack.live
    live.trigger("dev_kitchen.outlets", "outlets")
    assert live.ended("dev_kitchen.outlets", "outlets", seconds=60) == "failed"
    assert live.task("dev_kitchen.outlets", "outlets", "pretend")["state"] == "failed"
    events = "select count(*) from asset_event where source_dag_id = 'dev_kitchen.outlets'"
    assert live.rows(events) == [(0,)]


def test_a_stranger_who_declares_productions_asset_does_not_stop_production(attack):
    assert attack.live.rows(
        "select count(*) from task_outlet_asset_reference r join asset a on a.id = r.asset_id "
        "where r.dag_id = 'dev_kitchen.scheduled' and a.name = 'demo_production.production_orders'"
    ) == [(1,)]
    attack.live.trigger(LEDGER, "second")
    assert attack.live.ended(LEDGER, "second") == "success"


@pytest.mark.usefixtures("asked", "waiting")
def test_productions_result_is_what_production_made(attack):
    assert attack.live.rows(
        "select count(*) from xcom where dag_id = :dag and run_id = 'first'", dag=LEDGER
    ) == [(1,)]
    assert attack.live.rows("select count(*) from variable") == [(0,)]
    assert {run for (run,) in attack.live.rows(
        "select run_id from dag_run where dag_id = :dag", dag=LEDGER
    )} <= {"first", "second"}  # fmt: skip


def test_names_in_an_ordinary_file_reach_its_own_kitchen_and_no_other(attack):
    """The same file is on both branches: asset, sensor, trigger and XCom stay on their side."""
    live, report = attack.live, attack.live.folder / "numbers.json"
    body = {"dag_run_id": "one", "logical_date": "2026-03-02T00:00:00Z"}
    run = {**body, "conf": {"report": str(report)}}
    live.api("POST", "/dags/demo_dev.report_numbers/dagRuns", run).raise_for_status()
    assert live.ended("demo_dev.report_numbers", "one") == "success"
    assert json.loads(report.read_text()) == {
        "xcom": "demo_dev.make_numbers",
        "events": [{"made": 3}],
    }
    assert live.rows(
        "select a.name, e.source_dag_id from asset_event e join asset a on a.id = e.asset_id "
        "where a.name like '%numbers'"
    ) == [("demo_dev.numbers", "demo_dev.make_numbers")]
    runs = "select count(*) from dag_run where dag_id like 'demo_production.%numbers'"
    assert live.has_dag("demo_production.make_numbers")
    assert live.rows(runs) == [(0,)]
