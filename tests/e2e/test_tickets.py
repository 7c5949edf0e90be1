"""A ticket follows its work in a whole Airflow, also when the tracker or the server was away."""

from __future__ import annotations

import httpx
import pytest

from tests.e2e.service import API, Service, kill_server, start_server
from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
TICKET = "DATA-118"


@pytest.fixture
def service(live_airflow):
    service = Service(live=live_airflow, person=live_airflow.person("chris"))
    yield service
    switch(live_airflow, "up")
    service.done(service.delete("ticketed"))


def switch(live, mode):
    answer = httpx.post(f"{live.stack.addresses.jira_url}/double/mode", json={"name": mode})
    answer.raise_for_status()


def ticket(live):
    told = httpx.get(f"{live.stack.addresses.jira_url}/double/tickets").raise_for_status().json()
    return tuple(told["tickets"][TICKET]), told["comments"].get(TICKET, [])


def test_a_hand_off_reaches_its_ticket_though_the_tracker_and_the_server_were_away(service):
    live = service.live
    service.done(service.create("ticketed", ticket=TICKET))
    eventually("it is worked on", lambda: ticket(live)[0] == ("In Progress", "chris"), seconds=120)
    switch(live, "down")
    note = {"to": "padma", "note": "the margin is yours"}
    given = service.person.put(f"{API}/kitchens/ticketed/work/assignee", json=note)
    assert (given.status_code, given.json()["assignee"]) == (200, "padma"), given.text
    kill_server(live)
    start_server(live)

    def waits():
        found = service.person.get(f"{API}/kitchens/ticketed/work").raise_for_status().json()
        assert found["assignee"] == "padma"
        return found["about_ticket"]

    [sentence] = eventually("it is told that the ticket waits", waits, seconds=120)
    assert TICKET in sentence
    assert ticket(live)[0] == ("In Progress", "chris")
    switch(live, "up")
    eventually("it is padma's", lambda: ticket(live)[0] == ("In Progress", "padma"), seconds=180)
    eventually("nothing waits", lambda: not waits(), seconds=60)
    [comment] = [text for text in ticket(live)[1] if "the margin is yours" in text]
    assert "chris" in comment
