"""A git host calls: signed or refused, and nothing in it is believed."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from sqlalchemy import text

from tests.web.conftest import API

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
SECRET = "a-secret-of-this-git-host-" * 2


@pytest.fixture
def secret(monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__WEBHOOK_SECRET", SECRET)


@pytest.fixture(autouse=True)
def _nothing_is_asked_for(retail):
    with retail.engine.begin() as connection:
        connection.execute(text("delete from dag_priority_parsing_request"))


def digest(body, key=SECRET):
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def github(body):
    return {"X-Hub-Signature-256": f"sha256={digest(body)}"}


def call(site, body, headers=None, project="retail"):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = github(content) if headers is None else headers
    return site.client.post(f"{API}/push/{project}", content=content, headers=headers)


def asked_for(site):
    with site.engine.connect() as connection:
        query = text("select relative_fileloc from dag_priority_parsing_request")
        return set(connection.scalars(query))


def to(branch):
    return {"ref": f"refs/heads/{branch}"}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "headers",
    [
        github,
        lambda body: {"X-Gitea-Signature": digest(body)},
        lambda body: {"X-Forgejo-Signature": digest(body)},
        lambda _: {"X-Gitlab-Token": SECRET},
    ],
    ids=["github", "gitea", "forgejo", "gitlab"],
)
def test_a_push_has_the_kitchens_of_its_branch_read_now(retail, headers):
    body = json.dumps(to("dev_kitchen")).encode()
    answer = call(retail, body, headers(body))
    assert (answer.status_code, answer.json()) == (202, {"kitchens": 1})
    assert asked_for(retail) == {"dev_kitchen/dataops_kitchen.py"}


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "body",
    [to("unknown"), to("dev_kitchen/x"), {"ref": "refs/tags/dev_kitchen"}, {"zen": "ping"}, {},
     {"ref": ["refs/heads/dev_kitchen"]}],
    ids=str,
)  # fmt: skip
def test_what_concerns_no_kitchen_is_taken_and_nothing_is_read(retail, body):
    answer = call(retail, body)
    assert (answer.status_code, answer.json()) == (202, {"kitchens": 0})
    assert asked_for(retail) == set()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Hub-Signature-256": "sha256=" + "0" * 64},
        {"X-Hub-Signature-256": "sha256=" + digest(b"another body")},
        {"X-Hub-Signature-256": digest(b'{"ref": "refs/heads/dev_kitchen"}', key="other")},
        {"X-Hub-Signature-256": "é", "X-Gitlab-Token": SECRET},
        {"X-Gitlab-Token": SECRET[:-1]},
        {"X-Gitlab-Token": ""},
        {"Authorization": f"Bearer {SECRET}"},
    ],
    ids=str,
)
def test_a_call_without_the_secret_is_refused_without_telling_it(retail, headers):
    sent = {name: value.encode() for name, value in headers.items()}
    answer = call(retail, b'{"ref": "refs/heads/dev_kitchen"}', sent)
    assert answer.status_code == 403
    assert SECRET not in answer.text
    assert asked_for(retail) == set()


@pytest.mark.parametrize("configured", ["", "too short"])
def test_an_installation_without_a_secret_takes_no_calls(retail, monkeypatch, configured):
    monkeypatch.setenv("AIRFLOW__DATAOPS__WEBHOOK_SECRET", configured)
    body = json.dumps(to("dev_kitchen")).encode()
    for secret in ("", "too short"):
        answer = call(retail, body, {"X-Hub-Signature-256": f"sha256={digest(body, secret)}"})
        assert answer.status_code in {403, 503}
    assert asked_for(retail) == set()


@pytest.mark.usefixtures("secret")
@pytest.mark.parametrize(
    ("body", "project", "status"),
    [
        (b"ref=refs/heads/dev_kitchen", "retail", 422),
        (b"[1]", "retail", 422),
        (b"\xff", "retail", 422),
        (b"[" * 50_000, "retail", 422),
        (b"{}", "no_project", 404),
        (b" " * (4 * 1024 * 1024 + 1), "retail", 413),
    ],
    ids=["form", "list", "bytes", "nested", "project", "large"],
)
def test_a_genuine_call_that_makes_no_sense_is_told_why(retail, body, project, status):
    answer = call(retail, body, project=project)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.usefixtures("secret")
def test_a_push_of_many_commits_is_taken(retail):
    commits = [{"id": "0" * 40, "message": "x" * 500} for _ in range(2000)]
    answer = call(retail, {**to("dev_kitchen"), "commits": commits})
    assert answer.json() == {"kitchens": 1}


@pytest.mark.usefixtures("secret")
def test_another_projects_kitchens_are_left_alone(retail):
    assert call(retail, to("dev_kitchen"), project="banking").json() == {"kitchens": 0}
    assert asked_for(retail) == set()
