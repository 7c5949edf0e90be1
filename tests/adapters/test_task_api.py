"""The client of our own API, against a server that answers as it is told to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace

import pytest

from airflow_dataops.adapters.task_api import TaskApi
from airflow_dataops.domain.provisioning import OperationKind, Part, PartKind
from airflow_dataops.errors import CredentialRefused, OutsideSystemError, Superseded

KITCHEN = {
    "id": "1", "name": "padma", "project": "retail", "environment": "development",
    "branch": "padma", "parent": "demo_dev", "created_at": "2026-03-02T12:00:00Z",
    "created_by": "padma", "state": "creating", "settings": {"ends_at": None},
}  # fmt: skip
SCHEMA = Part(kind=PartKind.SCHEMA, tool="redshift", what="padma")


@dataclass
class Server:
    """Answers with what waits in ``answers``, the last one again and again."""

    answers: list = field(default_factory=list)
    asked: list = field(default_factory=list)
    url: str = ""

    def answer(self, asked):
        self.asked.append(asked)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def server():
    found = Server()

    class Handler(BaseHTTPRequestHandler):
        def serve(self):
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            status, content = found.answer(
                SimpleNamespace(
                    what=f"{self.command} {self.path}",
                    token=self.headers["authorization"],
                    body=json.loads(body) if body else None,
                )
            )
            if status is None:  # as a server does that is killed
                self.connection.close()
                return
            text = json.dumps(content).encode() if content is not None else b""
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = serve  # noqa: N815 - the library's names

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as serving:
        found.url = f"http://127.0.0.1:{serving.server_port}"
        thread = threading.Thread(target=serving.serve_forever)
        thread.start()
        yield found
        serving.shutdown()
        thread.join()


@pytest.fixture
def api(server):
    """A client whose every look at the connection mints another token."""
    minted = iter(range(1, 100))

    def login():
        return SimpleNamespace(host=server.url, password=f"token-{next(minted)}")

    api = TaskApi(login, pauses_seconds=(0.01, 0.01))
    yield api
    api.close()


def test_work_is_what_is_left_of_an_operation(server, api):
    left = [{"kind": "schema", "tool": "redshift", "what": "padma"}]
    vault = {"kind": "hashicorp", "url": "http://v", "mount": "dev", "timeout_seconds": 3}
    environment = {
        "vault": vault,
        "base_kitchen": {"name": "demo_dev", "branch": "demo_dev"},
        "tools": [{"name": "redshift", "schema_per_kitchen": True}],
    }
    told = {"kind": "create", "attempt": 2, "kitchen": KITCHEN, "environment": environment}
    server.answers = [(200, told | {"left": left})]
    work = api.work("abc", attempt=2)
    assert work.environment.tool("redshift").schema_per_kitchen
    assert (work.environment.name, work.environment.vault.mount) == ("development", "dev")
    assert (work.kind, work.left) == (OperationKind.CREATE, (SCHEMA,))
    assert (work.kitchen.name, work.kitchen.id) == ("padma", "1")
    assert work.kitchen.created_at.utcoffset().total_seconds() == 0
    (asked,) = server.asked
    assert asked.what == "GET /dataops/api/v1/task/operations/abc?attempt=2"
    assert asked.token == "Bearer token-1"  # noqa: S105


def test_each_part_is_told_of_before_and_after(server, api):
    server.answers = [(204, None)]
    report = api.report("abc", attempt=1)
    report.begins(SCHEMA)
    report.is_done(SCHEMA, "made")
    assert [asked.body for asked in server.asked] == [
        {"attempt": 1, "part": "schema:redshift", "progress": "running", "detail": ""},
        {"attempt": 1, "part": "schema:redshift", "progress": "done", "detail": "made"},
    ]


def test_whoever_was_overtaken_is_told_to_stop(server, api):
    server.answers = [(409, {"detail": "attempt 2 has taken over"})]
    with pytest.raises(Superseded, match="attempt 2 has taken over"):
        api.report("abc", attempt=1).begins(SCHEMA)
    assert len(server.asked) == 1


def test_a_token_that_is_too_old_is_replaced_once(server, api):
    server.answers = [(204, None), (403, {"detail": "too old"}), (204, None)]
    api.end("abc", attempt=1)
    api.end("abc", attempt=1)
    assert [asked.token for asked in server.asked] == [
        "Bearer token-1", "Bearer token-1", "Bearer token-2",
    ]  # fmt: skip


def test_a_fresh_token_that_is_refused_is_a_refusal(server, api):
    server.answers = [(403, {"detail": "no platform's task"})]
    with pytest.raises(CredentialRefused, match="no platform's task"):
        api.end("abc", attempt=1)
    assert len(server.asked) == 1


@pytest.mark.parametrize("fault", [(None, None), (502, {"detail": "down"}), (500, None)])
def test_a_server_that_comes_back_is_asked_again(server, api, fault):
    server.answers = [fault, fault, (204, None)]
    api.end("abc", attempt=1)
    assert len(server.asked) == 3


def test_a_server_that_stays_away_is_named(server, api):
    server.answers = [(503, {"detail": "the vault is sealed"})]
    with pytest.raises(OutsideSystemError, match="the API server answers 503: the vault is sealed"):
        api.end("abc", attempt=1)


def test_nobody_listening_makes_a_failure_no_worse(server, api, caplog):
    server.answers = [(409, {"detail": "is over"})]
    api.failed("abc", attempt=1, error="the database refuses")
    assert "the server was not told of the failure: is over" in caplog.text
    assert server.asked[0].body == {"attempt": 1, "error": "the database refuses"}


def test_a_refused_request_says_what_was_asked(server, api):
    server.answers = [(422, {"detail": "schema:redshift is left"})]
    with pytest.raises(OutsideSystemError, match=r"POST /operations/abc/end with 422: schema:"):
        api.end("abc", attempt=1)


def test_a_round_is_reported_by_kitchens_names(server, api):
    server.answers = [
        (
            200,
            {
                "warned": ["a"], "deleted": ["b"], "resumed": [], "waiting": {"c": ["d"]},
                "failed": {"e": "why"},
            },
        )
    ]  # fmt: skip
    done = api.janitor()
    assert (done.warned, done.deleted, done.resumed) == (("a",), ("b",), ())
    assert (done.waiting, done.failed) == ({"c": ["d"]}, {"e": "why"})
