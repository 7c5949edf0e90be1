"""What the platform's tasks ask and report, and who else is refused there."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from tests.registry.airflow_rows import add_dag, add_running_task
from tests.web.conftest import token, write_environments

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


class Worker:
    """A task that makes a kitchen of the lab."""

    def __init__(self, site):
        self.site = site
        self.task = site.platform_task("lab")
        self.headers = site.task_bearer(self.task)
        self.operation = None

    def get(self, attempt=1, **how):
        path = f"/task/operations/{self.operation}?attempt={attempt}"
        return self.site.ask("GET", path, **{"headers": self.headers, **how})

    def post(self, what, *, headers=None, **body):
        path = f"/task/operations/{self.operation}/{what}"
        body = {"attempt": 1, **body}
        return self.site.ask("POST", path, json=body, headers=headers or self.headers)

    def does(self, *parts, attempt=1):
        for part in parts:
            for progress in ("running", "done"):
                answer = self.post("steps", attempt=attempt, part=part, progress=progress)
                assert answer.status_code == 204, answer.text


@pytest.fixture
def worker(retail):
    """A worker for the lab's base kitchen, of which the schema is left to make."""
    write_environments(retail.file, retail.origins, lab={"owner": "chris"})
    worker = Worker(retail)
    worker.operation = retail.create("demo_lab", "demo_dev", by="chris")["id"]
    return worker


def test_a_worker_is_told_what_is_left(worker):
    told = worker.get().json()
    assert (told["id"], told["kind"], told["attempt"]) == (worker.operation, "create", 1)
    assert told["left"] == [{"kind": "schema", "tool": "redshift", "what": "demo_lab"}]
    assert told["kitchen"]["name"] == "demo_lab"
    assert told["kitchen"]["environment"] == "lab"
    assert told["kitchen"]["settings"]["shared"] is True
    assert told["environment"]["base_kitchen"]["name"] == "demo_lab"
    assert [tool["name"] for tool in told["environment"]["tools"]] == ["redshift"]
    assert set(told["environment"]["vault"]) == {
        "kind", "url", "mount", "database_mount", "timeout_seconds"
    }  # fmt: skip


def test_a_kitchen_is_ready_when_its_worker_says_so(worker):
    worker.does("schema:redshift")
    shown = worker.site.ask("GET", f"/operations/{worker.operation}", by="chris").json()
    assert [step["progress"] for step in shown["steps"]] == ["done", "done", "done"]
    assert worker.get().json()["left"] == []
    assert worker.post("end").status_code == 204
    kitchen = worker.site.ask("GET", "/kitchens/demo_lab", by="chris").json()
    assert kitchen["state"] == "ready"
    done = worker.site.ask("GET", "/kitchens/demo_lab/history", by="chris").json()[0]
    # Who asked for it did it; a task saw it end.
    assert (done["action"], done["by"]) == ("created", "chris")
    assert done["source"] == "task dataops.lab.provision"


def test_nothing_ends_while_something_is_left(worker):
    assert worker.post("end").status_code == 422
    kitchen = worker.site.ask("GET", "/kitchens/demo_lab", by="chris").json()
    assert kitchen["state"] == "creating"


def test_a_failure_is_shown_and_the_next_try_goes_on(worker):
    said = "connection refused by redshift"
    assert worker.post("failed", error=said).status_code == 204
    shown = worker.site.ask("GET", f"/operations/{worker.operation}", by="chris").json()
    assert (shown["progress"], shown["error"]) == ("failed", said)
    worker.does("schema:redshift")
    assert worker.post("end").status_code == 204


def test_an_attempt_that_was_taken_over_is_told_to_stop(worker):
    worker.site.workers.alive.clear()
    assert worker.site.create("demo_lab", "demo_dev", by="chris")["attempt"] == 2
    answers = [
        worker.get(),
        worker.post("steps", part="schema:redshift", progress="done"),
        worker.post("end"),
        worker.post("failed", error="late"),
    ]
    assert [answer.status_code for answer in answers] == [409] * 4
    assert answers[0].json()["type"].endswith(":superseded")
    worker.does("schema:redshift", attempt=2)
    assert worker.post("end", attempt=2).status_code == 204
    # And once it is over.
    assert worker.get(attempt=2).status_code == 409
    assert worker.post("end", attempt=2).status_code == 409


def test_a_kitchen_is_unmade_the_same_way(worker):
    worker.does("schema:redshift")
    worker.post("end")
    site = worker.site
    site.create("in_lab", "demo_dev", by="chris", environment="lab")
    operation = site.delete("in_lab", by="chris")
    worker.operation = operation["id"]
    left = [(part["kind"], part["tool"]) for part in worker.get().json()["left"]]
    in_tool = ["credential", "schema", "database_role"]
    assert left == [*((kind, "redshift") for kind in in_tool), ("secrets", None)]
    worker.does(*(f"{kind}:redshift" for kind in in_tool), "secrets")
    assert worker.post("end").status_code == 204
    assert "in_lab" not in site.names(by="chris")


@pytest.mark.parametrize(
    "part", ["schema:oracle", "branch", "access", "", "x" * 300, "schema:redshift\0", "'; --"]
)
def test_parts_that_are_no_workers(worker, part):
    assert worker.post("steps", part=part, progress="done").status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        {"attempt": 0},
        {"attempt": -1},
        {"attempt": "1"},
        {"attempt": 1.5},
        {"attempt": 10**30},
        {"attempt": None},
        {"attempt": True},
        {"progress": "failed"},
        {"progress": "pending"},
        {"detail": 5},
        {"detail": "d" * 10_001},
        {"more": 1},
    ],
)
def test_reports_that_cannot_be(worker, body):
    answer = worker.post("steps", **{"part": "schema:redshift", "progress": "done", **body})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_detail_with_a_zero_byte_is_kept_without_it(worker):
    answer = worker.post("steps", part="schema:redshift", progress="done", detail="a\0b")
    assert answer.status_code == 204
    shown = worker.site.ask("GET", f"/operations/{worker.operation}", by="chris").json()
    assert shown["steps"][2]["detail"] == "ab"


def test_a_task_of_another_environment_learns_nothing(worker):
    other = worker.site.task_bearer(worker.site.platform_task("development"))
    assert worker.get(headers=other).status_code == 404
    for what, body in (
        ("steps", {"part": "schema:redshift", "progress": "done"}),
        ("end", {}),
        ("failed", {"error": "x"}),
    ):
        assert worker.post(what, headers=other, **body).status_code == 404


def test_each_of_the_platforms_dags_has_its_own_routes(worker):
    janitor = worker.site.task_bearer(worker.site.platform_task("lab", "janitor"))
    assert worker.get(headers=janitor).status_code == 403
    assert worker.site.ask("POST", "/task/janitor", headers=worker.headers).status_code == 403
    assert worker.site.ask("POST", "/task/janitor", headers=janitor).status_code == 200


@pytest.mark.parametrize("state", ["success", "failed", "queued", "up_for_retry", "deferred", None])
def test_a_task_that_does_not_run_any_more_is_refused(worker, state):
    with worker.site.engine.begin() as connection:
        connection.execute(text("update task_instance set state = :state"), {"state": state})
    assert worker.get().status_code == 403


def test_the_token_of_an_earlier_try_is_refused(worker):
    assert worker.get().status_code == 200
    with worker.site.engine.begin() as connection:
        connection.execute(text("update task_instance set try_number = try_number + 1"))
    assert worker.get().status_code == 403


def test_the_token_of_a_task_that_is_gone_is_refused(worker):
    with worker.site.engine.begin() as connection:
        connection.execute(text("delete from task_instance"))
    assert worker.get().status_code == 403


def test_a_kitchens_own_task_is_refused_whatever_its_token_says(worker):
    from airflow_dataops.secrets import task_tokens

    site = worker.site
    bundle, version = "kitchens-development", "version-of-development"
    site.platform_task("development")
    add_dag(site.engine, "dev_kitchen.profit", bundle=bundle)
    task = add_running_task(site.engine, "dev_kitchen.profit", version=version)
    assert worker.get(headers=site.task_bearer(task)).status_code == 403
    # A token that claims to be the platform's, signed with the right key.
    from airflow_dataops import bootstrap

    forged = task_tokens.mint(bootstrap.identify(worker.task), task)
    assert worker.get(headers={"Authorization": f"Bearer {forged}"}).status_code == 403


def test_what_is_no_token_of_a_task_is_refused(worker):
    for headers in (
        {"Authorization": "Bearer junk"},
        {"Authorization": "Basic eDp5"},
        {"Authorization": ""},
        worker.site.bearer("chris"),
        {"Cookie": f"_token={token('chris')}"},
    ):
        assert worker.get(headers=headers).status_code == 403


def test_a_fault_of_ours_is_answered_without_its_words(worker, caplog):
    with worker.site.engine.begin() as connection:
        connection.execute(text("alter table dataops_operation rename to gone"))
    answer = worker.get()
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "dataops_operation" not in answer.text
    assert "failed" in caplog.text


def test_a_tasks_token_opens_nothing_that_is_peoples(worker):
    for path in ("/me", "/kitchens", "/audit", f"/operations/{worker.operation}"):
        assert worker.site.ask("GET", path, headers=worker.headers).status_code in {401, 403}
