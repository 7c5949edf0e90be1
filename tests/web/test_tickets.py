"""A ticket through the product's own deeds: real API, tables, git and client, a double of Jira."""

# ruff: noqa: F811 - a fixture is an argument of what uses it

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.demo.jira_server import WORKFLOW
from airflow_dataops.domain.release_environment import TicketPlace
from airflow_dataops.services import ticketing, works
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.jira_host import TOKEN, jira_double
from tests.web.conftest import API, write_environments
from tests.web.test_merges import ask, push, street  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
STEPS = ("work", "merged", "released", "scheduled")
PLACE = TicketPlace(url="", transitions=dict(zip(STEPS, WORKFLOW[1:], strict=True)))
SECRET = "a-secret-of-this-tracker-" * 2
HURRY = {"acknowledged": [str(NOT_COMPARED)], "override": True, "reason": "no time"}


def tell(site, jira, after=timedelta(0)):
    from airflow_dataops.adapters.jira import JiraTickets
    from airflow_dataops.registry.tickets import TicketTable

    here = site.installation()
    project = here.projects.projects["retail"]
    found = works.works_of(project, here.audit_trail)
    place = project.environments["development"].tickets or PLACE
    places = ticketing.TicketPlaces(
        book=TicketTable(site.engine),
        tracker=lambda: JiraTickets(jira.url, token=TOKEN),
        clock=lambda: datetime.now(tz=UTC) + after,
        holder="one",
    )
    return ticketing.tell(found, place, places)


def merge_up(site, kitchen, by):
    ask(site, "POST", f"/kitchens/{kitchen}/merge/up", by=by, **HURRY)


def test_the_ticket_of_a_kitchen_follows_it_into_production(street):
    push(street, "dev_kitchen", {"notes.md": "new\n"})
    with jira_double() as jira:
        ask(street, "PATCH", "/kitchens/dev_kitchen", ticket="DATA-117")
        assert tell(street, jira) == 0
        assert jira.tickets["DATA-117"] == ["In Progress", "padma"]
        to = {"to": "carl", "note": "please look"}
        ask(street, "PUT", "/kitchens/dev_kitchen/work/assignee", **to)
        jira.mode = "down"
        merge_up(street, "dev_kitchen", "chris")
        assert tell(street, jira) == 1
        jira.mode = "up"
        merge_up(street, "demo_dev", "eric")
        found = ask(street, "GET", "/kitchens/dev_kitchen/work")
        assert (found["step"], found["assignee"], found["ticket"]) == (
            "released", "carl", "DATA-117",
        )  # fmt: skip
        # Jira was left alone for a while; what it missed comes in its order.
        assert tell(street, jira, after=timedelta(hours=1)) == 0
        assert jira.tickets["DATA-117"] == ["Ready", "carl"]
    assert [one["step"] for one in found["stays"]] == [
        "creation", "work", "work", "merged", "released",
    ]  # fmt: skip


def call(site, body, *, secret=SECRET, method="sha256"):
    content = json.dumps(body).encode()
    digest = hmac.new(secret.encode(), content, method).hexdigest()
    headers = {
        "X-Hub-Signature": f"{method}={digest}",
        "X-Atlassian-Webhook-Identifier": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    return site.client.post(f"{API}/push/retail/ticket", content=content, headers=headers)


@pytest.fixture
def declared(street, monkeypatch):
    """The environments file says where tickets are, and Padma's kitchen has one."""
    monkeypatch.setenv("AIRFLOW__DATAOPS__WEBHOOK_SECRET", SECRET)
    tickets = {"url": "http://127.0.0.1:9", "transitions": PLACE.transitions}
    write_environments(street.file, street.origins, development={"tickets": tickets})
    ask(street, "PATCH", "/kitchens/dev_kitchen", ticket="DATA-117")
    return street


def news(site):
    [listed] = [
        one["about_ticket"]
        for one in ask(site, "GET", "/work")
        if one["kitchen"] == "dev_kitchen"
    ]  # fmt: skip
    shown = ask(site, "GET", "/kitchens/dev_kitchen/work")["about_ticket"]
    assert listed == shown
    return shown


CHANGED = {"webhookEvent": "jira:issue_updated", "issue": {"key": "DATA-117", "fields": {}}}


def test_whoever_hands_work_off_reads_that_the_tracker_is_down(declared):
    assert "told within a minute" in news(declared)[0]
    with jira_double(mode="down") as jira:
        assert tell(declared, jira) == 1
    to = {"to": "carl", "note": "please look"}
    found = ask(declared, "PUT", "/kitchens/dev_kitchen/work/assignee", **to)
    [sentence] = found["about_ticket"]
    assert sentence.startswith("ticket DATA-117 does not know of the last step yet: Jira answers")


def test_a_change_at_the_tracker_is_shown_once_it_calls_however_often(declared):
    with jira_double() as jira:
        tell(declared, jira)
        assert news(declared) == []
        jira.tickets["DATA-117"] = ["In Progress", "stan"]
        for _ in range(3):
            answer = call(declared, {**CHANGED, "issue": {**CHANGED["issue"], "fields": "lies"}})
            assert (answer.status_code, answer.json()) == (202, {"works": 1})
            assert tell(declared, jira) == 0
        [sentence] = news(declared)
        assert "DATA-117 was given to stan by hand; the work is padma's" in sentence
        reads = len(jira.calls)
        tell(declared, jira)
        assert len(jira.calls) == reads
        # What is done here decides: the next hand-off brings the ticket into step.
        to = {"to": "carl", "note": "please look"}
        ask(declared, "PUT", "/kitchens/dev_kitchen/work/assignee", **to)
        tell(declared, jira)
        assert (jira.tickets["DATA-117"][1], news(declared)) == ("carl", [])
        assert "padma to carl: please look" in jira.comments["DATA-117"][0]


@pytest.mark.parametrize(
    ("body", "how", "status"),
    [
        (CHANGED, {"secret": "another"}, 403),
        (CHANGED, {"method": "sha1"}, 403),
        ({"issue": {"key": ["DATA-117"]}}, {}, 202),
        ({"issue": {"key": "x" * 300}}, {}, 202),
        ({"webhookEvent": "user_created"}, {}, 202),
        ([1], {}, 422),
    ],
    ids=str,
)
def test_another_call_is_refused_or_about_nothing(declared, body, how, status):
    answer = call(declared, body, **how)
    assert answer.status_code == status
    assert answer.json().get("works", 0) == 0


def test_without_a_secret_no_tracker_may_call(declared, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__WEBHOOK_SECRET", "")
    assert call(declared, CHANGED, secret="").status_code == 403
