"""The platform's tasks, from ``execute`` to the API server's tables and to the tools."""

from __future__ import annotations

import json
import threading
import time
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
import uvicorn
import yaml
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException
from structlog.testing import capture_logs

from airflow_dataops import bootstrap, config
from airflow_dataops.adapters.airflow_connections import as_connection
from airflow_dataops.domain import names
from airflow_dataops.domain.release_environment import Tool
from airflow_dataops.errors import CredentialRefused, OutsideSystemError
from airflow_dataops.operators.janitor import JanitorOperator
from airflow_dataops.operators.provision import ProvisionOperator
from tests.web.conftest import write_environments
from tests.web.test_janitor import create_ending

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
NOBODY = "postgresql://maker:the-makers@127.0.0.1:9/nowhere"


def execute(operator, **conf):
    """What a task's process does with an operator, in a run with this conf."""
    context = {"dag_run": SimpleNamespace(conf=conf or None)}
    return type(operator).execute.__wrapped__(operator, context)


@contextmanager
def served(app):
    """An app on a port of this host; its address."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        (port,) = [socket.getsockname()[1] for socket in server.servers[0].sockets]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


@contextmanager
def making(retail, monkeypatch, **more):
    """The lab's base kitchen as it is being made, and its worker's connections."""
    write_environments(retail.file, retail.origins, lab={"owner": "chris", **more})
    operation = retail.create("demo_lab", "demo_dev", by="chris")["id"]
    with served(retail.client.app) as url:

        def log_in(dag="provision", environment="lab"):
            bearer = retail.task_bearer(retail.platform_task(environment, dag))["Authorization"]
            login = {"conn_type": "http", "host": url, "password": bearer.split()[1]}
            monkeypatch.setenv("AIRFLOW_CONN_DATAOPS", json.dumps(login))

        log_in()
        for tool in ("REDSHIFT", "VAULT"):
            monkeypatch.setenv(f"AIRFLOW_CONN_{tool}", NOBODY)
        yield SimpleNamespace(
            site=retail, operation=operation, log_in=log_in, set=monkeypatch.setenv
        )


@pytest.fixture
def lab(retail, monkeypatch):
    """A lab whose tools cannot be reached."""
    with making(retail, monkeypatch) as lab:
        yield lab


def shown(lab, operation=None):
    return lab.site.ask("GET", f"/operations/{operation or lab.operation}", by="chris").json()


def provision(lab, *, attempt=1, operation=None):
    operator = ProvisionOperator(task_id="provision")
    return execute(operator, operation=operation or lab.operation, attempt=attempt)


@pytest.mark.service
def test_kitchens_are_made_and_unmade_in_their_tools(retail, embedded_stack, monkeypatch):
    file = embedded_stack.addresses.environments_file
    declared = yaml.safe_load(file.read_text())["projects"]["retail"]["environments"]
    with making(retail, monkeypatch, vault=declared["development"]["vault"]) as lab:
        vault = bootstrap.secret_store(config.environments().environment("lab"))
        for tool in ("redshift", "vault"):
            login = vault.read(names.provision_secret(tool))
            made = as_connection(Tool(name=tool), login, schema=None)
            lab.set(f"AIRFLOW_CONN_{tool.upper()}", made.as_json())

        def secret():
            return vault.read(names.kitchen_secret("in_lab", "redshift"))

        provision(lab)
        assert shown(lab)["progress"] == "done"
        creation = lab.site.create("in_lab", "demo_dev", by="chris", environment="lab")["id"]
        provision(lab, operation=creation)
        assert (shown(lab, creation)["progress"], secret()["login"]) == ("done", "kitchen_in_lab")
        deletion = lab.site.delete("in_lab", by="chris")["id"]
        provision(lab, operation=deletion)
        assert (shown(lab, deletion)["progress"], secret()) == ("done", None)


def test_a_part_that_cannot_be_made_is_told_and_the_try_fails(lab):
    with pytest.raises(OutsideSystemError) as refused:
        provision(lab)
    told = shown(lab)
    assert (told["progress"], told["error"]) == ("failed", str(refused.value))
    assert [step["progress"] for step in told["steps"]] == ["done", "done", "failed"]
    assert "the-makers" not in json.dumps(told)


def test_the_text_of_an_error_that_is_not_ours_stays_in_the_tasks_log(lab):
    lab.set("AIRFLOW_CONN_REDSHIFT", "{")
    with pytest.raises(AirflowNotFoundException):
        provision(lab)
    assert shown(lab)["error"] == "AirflowNotFoundException; the log of the run's task says more"


def test_an_attempt_that_was_taken_over_ends_for_good_and_tells_nothing(lab):
    lab.site.workers.alive.clear()
    lab.site.create("demo_lab", "demo_dev", by="chris")
    with pytest.raises(AirflowFailException, match="attempt"):
        provision(lab, attempt=1)
    assert shown(lab)["error"] is None


@pytest.mark.parametrize(
    "conf", [{}, {"operation": "0b"}, {"operation": "0b", "attempt": "first"}], ids=str
)
def test_a_run_by_hand_says_how_kitchens_are_made(conf):
    with pytest.raises(AirflowFailException, match="`airflow dataops kitchen`"):
        execute(ProvisionOperator(task_id="provision"), **conf)


def test_another_environments_task_is_refused(lab):
    lab.log_in(environment="development")
    with pytest.raises((CredentialRefused, OutsideSystemError)):
        provision(lab)
    assert shown(lab)["error"] is None


def said(logged):
    return [line["event"] % line.get("positional_args", ()) for line in logged]


def test_the_janitor_says_what_it_did(lab):
    create_ending(lab.site, "over", days=-1)
    create_ending(lab.site, "soon", days=1)
    lab.log_in("janitor", "development")
    with capture_logs() as logged:
        execute(JanitorOperator(task_id="janitor"))
    assert said(logged) == ["warned about: soon", "began to delete: over", "went on with: none"]


def test_a_kitchen_that_cannot_be_looked_after_fails_the_task_once_the_others_are(lab):
    for name in ("a_stuck", "b_over"):
        create_ending(lab.site, name, days=-1)
    hook = lab.site.origins["retail"].path / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" = refs/heads/a_stuck ] && exit 1\nexit 0\n')
    hook.chmod(0o755)
    lab.log_in("janitor", "development")
    with capture_logs() as logged, pytest.raises(OutsideSystemError, match="a_stuck: git could"):
        execute(JanitorOperator(task_id="janitor"))
    assert "began to delete: b_over" in said(logged)
