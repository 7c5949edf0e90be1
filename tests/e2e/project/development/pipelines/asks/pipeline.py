"""Asks for production's credential by every name and on every way that it can think of."""

import gc
import json
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

NAMES = (
    "redshift",
    "redshift_prod",
    "production/redshift",
    "../production/redshift",
    "%2e%2e/production/redshift",
    "tools/redshift",
    "redshift_default",
    "metastore_redshift",
    "from_environment",
    "AIRFLOW_CONN_REDSHIFT",
    "demo_production.redshift",
    "dataops",
)


def by_hook(name):
    from airflow.sdk import BaseHook

    return BaseHook.get_connection(name)


def by_connection(name):
    from airflow.sdk import Connection

    return Connection.get(name)


def by_supervisor(name):
    from airflow.sdk.execution_time.comms import GetConnection
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    return SUPERVISOR_COMMS.send(GetConnection(conn_id=name))


def by_template(name, context):
    from airflow.sdk.execution_time.context import ConnectionAccessor

    return getattr(context["conn"], name) if context else ConnectionAccessor()


def outcome(call, *arguments):
    try:
        found = call(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"
    login = getattr(found, "login", None)
    return f"login {login}" if login else f"{type(found).__name__}: {found}"


def others(run):
    """What else a task can say to its supervisor, about production."""
    from airflow.sdk import Variable
    from airflow.sdk.execution_time import comms
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    xcom = {"dag_id": "demo_production.ledger", "run_id": run, "task_id": "profit"}
    asked = {
        "read xcom": comms.GetXCom(key="return_value", **xcom),
        "write xcom": comms.SetXCom(key="return_value", value="forged", **xcom),
        "delete xcom": comms.DeleteXCom(key="return_value", **xcom),
        "trigger": comms.TriggerDagRun(dag_id="demo_production.ledger", run_id="by_asks"),
        "state": comms.GetDagRunState(dag_id="demo_production.ledger", run_id=run),
        "previous": comms.GetPreviousTI(dag_id="demo_production.ledger", task_id="profit"),
        "asset": comms.GetAssetByName(name="production_orders"),
    }
    found = {name: outcome(SUPERVISOR_COMMS.send, message) for name, message in asked.items()}
    found["read variable"] = outcome(Variable.get, "threshold")
    found["default variable"] = outcome(lambda: Variable.get("threshold", default="mine"))
    found["write variable"] = outcome(Variable.set, "threshold", "forged")
    found["delete variable"] = outcome(Variable.delete, "threshold")
    return found


def tokens():
    """Everything in this process's memory that looks like a token."""
    texts = {
        value
        for holder in gc.get_objects()
        if isinstance(holder, dict)
        for value in list(holder.values())
        if isinstance(value, str) and "eyJ" in value[:20] and value.count(".") == 2
    }
    return len(texts)


def ask(params, **context):
    from airflow.sdk import BaseHook

    found = {
        f"{way.__name__} {name}": outcome(way, name)
        for name in NAMES
        for way in (by_hook, by_connection, by_supervisor)
    }
    found["by_template redshift"] = outcome(by_template, "redshift", context)
    found["tokens"] = tokens()
    found |= others(params["ledger_run"])
    Path(params["report"]).write_text(json.dumps(found))
    for tool in ("redshift", "s3", "sftp"):
        # A careless print: Airflow's log has to hide it.
        print(f"the password is {BaseHook.get_connection(tool).password}")  # noqa: T201
    return "asked"


@pipeline(params={"report": "", "ledger_run": ""})
def asks():
    PythonOperator(
        task_id="ask",
        python_callable=ask,
        op_kwargs={"rendered": "{{ conn.redshift.password }}"},
    )
