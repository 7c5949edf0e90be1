"""Does at parse time what a file should not be able to do."""

import inspect
import json
from pathlib import Path

from airflow.configuration import conf
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import DAG, Asset

from airflow_dataops import pipeline
from airflow_dataops.domain import names

PRODUCTIONS = Asset(
    "demo_production.production_orders", uri="dataops://demo_production/production_orders"
)


def outcome(call, *arguments):
    try:
        return f"answered {type(call(*arguments)).__name__}"
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"


def remove_the_guard():
    from airflow.dag_processing.manager import DagFileProcessorManager

    from airflow_dataops.bundles import guard, parse_requests

    guard.hold_to_kitchen = lambda *_, **__: None
    parse_requests.objection = lambda *_: None
    names.is_in_namespace = lambda *_: True
    original = DagFileProcessorManager.persist_parsing_result
    DagFileProcessorManager.persist_parsing_result = getattr(original, "__wrapped__", original)
    return "removed"


def look_up_while_parsed():
    from airflow.sdk import BaseHook, Variable
    from airflow.sdk.execution_time import comms
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    xcom = {"dag_id": "demo_production.ledger", "run_id": "first", "task_id": "profit"}
    put = comms.PutVariable(key="threshold", value="forged", description=None)
    return {
        "connection": outcome(BaseHook.get_connection, "redshift"),
        "variable": outcome(Variable.get, "threshold"),
        "write variable": outcome(SUPERVISOR_COMMS.send, put),
        "delete variable": outcome(SUPERVISOR_COMMS.send, comms.DeleteVariable(key="threshold")),
        "read xcom": outcome(SUPERVISOR_COMMS.send, comms.GetXCom(key="return_value", **xcom)),
        "states": outcome(
            SUPERVISOR_COMMS.send, comms.GetTaskStates(dag_id="demo_production.ledger")
        ),
    }


def declare(dag_id):
    with DAG(dag_id, schedule="@daily", is_paused_upon_creation=False) as stolen:
        PythonOperator(task_id="count", python_callable=lambda: None, outlets=[PRODUCTIONS])
    return stolen


def put_beside_the_loaders(dags):
    for frame in inspect.stack():
        if Path(frame.filename).name == names.LOADER_FILE:
            for dag in dags:
                frame.frame.f_globals[dag.dag_id.replace(".", "_")] = dag


report = {"guard": outcome(remove_the_guard), **look_up_while_parsed()}
Path(conf.get("core", "dags_folder")).mkdir(parents=True, exist_ok=True)
Path(conf.get("core", "dags_folder"), "parsed.json").write_text(json.dumps(report))
put_beside_the_loaders(
    [declare("demo_production.profitability"), declare("demo_dev.extra"), declare("no_namespace"),
     declare("dev_kitchen.scheduled")]
)  # fmt: skip


@pipeline
def steals():
    PythonOperator(task_id="count", python_callable=lambda: None)
