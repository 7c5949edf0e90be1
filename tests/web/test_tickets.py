"""A ticket through the product's own deeds: real API, tables, git and client, a double of Jira."""

# ruff: noqa: F811 - a fixture is an argument of what uses it

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.domain.release_environment import TicketPlace
from airflow_dataops.services import ticketing, works
from airflow_dataops.services.merging.meaning import NOT_COMPARED
from tests.jira_host import TOKEN, WORKFLOW, JiraDouble
from tests.web.test_merges import ask, push, street  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
STEPS = ("work", "merged", "released", "scheduled")
PLACE = TicketPlace(url="", transitions=dict(zip(STEPS, WORKFLOW[1:], strict=True)))
HURRY = {"acknowledged": [str(NOT_COMPARED)], "override": True, "reason": "no time"}


def tell(site, jira, after=timedelta(0)):
    from airflow_dataops.adapters.jira import JiraTickets
    from airflow_dataops.registry.tickets import TicketTable

    here = site.installation()
    found = works.works_of(here.projects.projects["retail"], here.audit_trail)
    places = ticketing.TicketPlaces(
        book=TicketTable(site.engine),
        tracker=lambda: JiraTickets(jira.url, token=TOKEN),
        clock=lambda: datetime.now(tz=UTC) + after,
        holder="one",
    )
    return ticketing.tell(found, PLACE, places)


def merge_up(site, kitchen, by):
    ask(site, "POST", f"/kitchens/{kitchen}/merge/up", by=by, **HURRY)


def test_the_ticket_of_a_kitchen_follows_it_into_production(street):
    push(street, "dev_kitchen", {"notes.md": "new\n"})
    with JiraDouble() as jira:
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
