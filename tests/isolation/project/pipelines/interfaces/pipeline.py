"""Speaks with the API server: with forged tokens, with its own, and through its supervisor."""

import base64
import json
import time
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

LEDGER = "demo_production.ledger"
OURS = "/dataops/api/v1"
CONNECTIONS = ("redshift_prod", "production/redshift", "demo_production.redshift", "tools/redshift",
               "REDSHIFT", "redshift ", "provision/redshift", "kitchens/demo_production/redshift",
               "vault", "airflow_db", "aws_default", "\u0072edshift\u200b")  # fmt: skip


def outcome(call):
    try:
        return str(call())
    except Exception as error:  # noqa: BLE001 - whatever it is, it is reported
        return f"{type(error).__name__}: {error}"


def request(knows, method, path, token, body=None):
    import httpx

    headers = {"Authorization": f"Bearer {token}"}
    answer = httpx.request(method, knows["url"] + path, json=body, headers=headers, timeout=30)
    return f"{answer.status_code}: {answer.text}"


def part(content):
    return base64.urlsafe_b64encode(json.dumps(content).encode()).rstrip(b"=").decode()


def signed(claims, key, algorithm="HS512"):
    import jwt

    return jwt.encode(claims, key, algorithm=algorithm)


def claims_of(knows, **others):
    now = int(time.time())
    return {
        "sub": knows["ledger_task"], "aud": "urn:airflow.apache.org:task",
        "iat": now, "nbf": now, "exp": now + 600, **others,
    }  # fmt: skip


def forged(knows):
    """Tokens of production's task that somebody could make who has no key."""
    from airflow.configuration import conf

    own = conf.get("api_auth", "jwt_secret", fallback="") or "x" * 64
    claims = claims_of(knows)
    return {
        "signed with the worker's own key": signed(claims, own),
        "signed with an empty key": f"{part({'alg': 'HS512'})}.{part(claims)}.{part('')}",
        "without a signature": f"{part({'alg': 'none'})}.{part(claims)}.",
        "with a workload's scope": signed(claims_of(knows, scope="workload"), own),
        "that is no token": "eyJhbGciOiJIUzUxMiJ9",
    }


def altered(token, **claims):
    head, content, sign = token.split(".")
    said = json.loads(base64.urlsafe_b64decode(content + "=" * (-len(content) % 4)))
    return f"{head}.{part({**said, **claims})}.{sign}", said


def with_its_own(knows):
    """What the token of the connection ``dataops`` may not open."""
    from airflow.sdk import BaseHook

    token = BaseHook.get_connection("dataops").password
    other, said = altered(token, sub=knows["ledger_task"], dag=LEDGER, environment="production")
    longer, _ = altered(token, exp=said["exp"] + 10**6)
    unsigned = f"{part({'alg': 'none'})}.{part(said)}."
    results = {"results": [{"test": "rows", "outcome": "pass", "measured": 1.0, "detail": "x"}]}
    return {
        "credentials": lambda: request(knows, "GET", "/execution/connections/redshift", token),
        "Airflow's pipelines": lambda: request(knows, "GET", "/api/v2/dags", token),
        "Airflow's connections": lambda: request(knows, "GET", "/api/v2/connections", token),
        "a run of production": lambda: request(
            knows, "POST", f"/api/v2/dags/{LEDGER}/dagRuns", token, {"logical_date": None}
        ),
        "kitchens": lambda: request(knows, "GET", f"{OURS}/kitchens", token),
        "deleting production": lambda: request(
            knows, "DELETE", f"{OURS}/kitchens/demo_production", token
        ),
        "a login for a person": lambda: request(
            knows, "POST", f"{OURS}/kitchens/demo_production/credentials/redshift", token, {}
        ),
        "the platform's work": lambda: request(
            knows, "POST", f"{OURS}/task/janitor", token, {}
        ),
        "its own green verdicts": lambda: request(
            knows, "POST", f"{OURS}/kitchen-task/results", token, results
        ),
        "production's, altered": lambda: request(knows, "POST", f"{OURS}/kitchen-task/notes", other,
                                                  {"text": "x"}),
        "a longer life": lambda: request(knows, "POST", f"{OURS}/kitchen-task/notes", longer,
                                         {"text": "x"}),
        "no signature": lambda: request(knows, "POST", f"{OURS}/kitchen-task/notes", unsigned,
                                        {"text": "x"}),
    }  # fmt: skip


def through_the_supervisor(knows):
    from airflow.sdk import Variable
    from airflow.sdk.execution_time import comms
    from airflow.sdk.execution_time.task_runner import SUPERVISOR_COMMS

    xcom = {"dag_id": LEDGER, "run_id": "first", "task_id": "profit", "key": "return_value"}
    asked = {
        "reading an XCom": comms.GetXCom(**xcom),
        "writing an XCom": comms.SetXCom(value="forged", **xcom),
        "deleting an XCom": comms.DeleteXCom(**xcom),
        "starting a run": comms.TriggerDagRun(dag_id=LEDGER, run_id="by_kitchen"),
        "starting a run again": comms.TriggerDagRun(
            dag_id=LEDGER, run_id="first", reset_dag_run=True
        ),
        "a run's state": comms.GetDagRunState(dag_id=LEDGER, run_id="first"),
        "states of tasks": comms.GetTaskStates(dag_id=LEDGER),
        "an asset": comms.GetAssetByName(name="demo_production.production_orders"),
        "events of an asset": comms.GetAssetEventByAsset(
            name="demo_production.production_orders", uri=None
        ),
        "a question to people": comms.CreateHITLDetailPayload(
            ti_id=knows["ledger_task"], options=["Approve"], subject="Pay?"
        ),
        "an answer of people": comms.UpdateHITLDetail(
            ti_id=knows["ledger_task"], chosen_options=["Approve"], params_input={}
        ),
        "writing a variable": comms.PutVariable(key="threshold", value="1", description=None),
    }
    calls = {name: lambda m=message: SUPERVISOR_COMMS.send(m) for name, message in asked.items()}
    return {**calls, "reading a variable": lambda: Variable.get("production_only")}


def connection(name):
    from airflow.sdk import BaseHook

    found = BaseHook.get_connection(name)
    return f"login {found.login} password {found.password}"


def speak(params):
    knows = params["knows"]
    tokens = forged(knows)
    attacks = {
        **{f"forged: a token {name}": lambda token=token: request(
            knows, "GET", "/execution/connections/redshift", token
        ) for name, token in tokens.items()},
        **{f"dataops: {name}": call for name, call in with_its_own(knows).items()},
        **{f"supervisor: {name}": call for name, call in through_the_supervisor(knows).items()},
        **{f"connection: {name!r}": lambda name=name: connection(name) for name in CONNECTIONS},
    }  # fmt: skip
    found = {name: outcome(attack) for name, attack in attacks.items()}
    Path(params["report"]).write_text(json.dumps(found))


@pipeline(params={"report": "", "knows": {}})
def interfaces():
    PythonOperator(task_id="speak", python_callable=speak)
