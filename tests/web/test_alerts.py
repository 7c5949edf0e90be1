"""What kitchens' tasks tell of themselves, and what people can look up of it."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from airflow_dataops.domain.events import AlertState
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.web.conftest import TOKEN_KEY

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
TOO_FEW = {"test": "row_count", "outcome": "fail", "measured": 12, "detail": "allowed 1 to 2"}
WARNS = {**TOO_FEW, "outcome": "warn"}
COULD_NOT = {"test": "sum", "outcome": "error", "measured": None, "detail": "no answer"}


class Reporter:
    """A running task of padma's kitchen."""

    def __init__(self, site):
        self.site = site
        site.platform_task("development")
        add_dag(site.engine, "dev_kitchen.profit", bundle="kitchens-development")
        self.task = add_running_task(
            site.engine, "dev_kitchen.profit", version="version-of-development"
        )
        self.headers = site.task_bearer(self.task)
        self.change(max_tries=1)  # this is its second try

    def change(self, **values):
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        with self.site.engine.begin() as connection:
            change = f"update task_instance set {assignments} where task_id = 'load'"  # noqa: S608
            connection.execute(text(change), values)

    def tell(self, *verdicts, headers=None):
        body = {"verdicts": list(verdicts)}
        return self._post("verdicts", body, headers)

    def note(self, said, headers=None):
        return self._post("notes", {"text": said}, headers)

    def alerts(self, by="padma", **query):
        answer = self.site.ask("GET", "/alerts", by=by, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def whats(self, **how):
        return [alert["what"] for alert in self.alerts(**how)]

    def _post(self, what, body, headers):
        path = f"/kitchen-task/{what}"
        return self.site.ask("POST", path, json=body, headers=headers or self.headers)


@pytest.fixture
def reporter(retail):
    return Reporter(retail)


def test_a_stopped_stage_is_an_alert_of_its_own_kitchen(reporter):
    assert reporter.tell(TOO_FEW, WARNS).status_code == 204
    [alert] = reporter.alerts()
    assert alert == {
        "at": alert["at"],
        "kind": "failed",
        "environment": "development",
        "kitchen": "dev_kitchen",
        "what": "dev_kitchen.profit / load [3]: 2 data tests stop the line",
        "state": "waiting",
        "channel": None,
        "sent_at": None,
        "attempts": 0,
        "error": None,
    }


def test_the_first_report_of_a_try_counts(reporter):
    reporter.tell(TOO_FEW)
    reporter.tell(TOO_FEW, COULD_NOT)
    assert reporter.whats() == ["dev_kitchen.profit / load [3]: 1 data test stops the line"]


def test_a_warning_is_an_alert_beside_a_failure(reporter):
    reporter.tell(WARNS)
    reporter.tell(TOO_FEW)
    assert {alert["kind"] for alert in reporter.alerts()} == {"warned", "failed"}


@pytest.mark.parametrize(("max_tries", "alerts"), [(1, 1), (2, 0)])
def test_an_error_is_an_alert_when_no_try_is_left(reporter, max_tries, alerts):
    reporter.change(max_tries=max_tries)
    assert reporter.tell(COULD_NOT, WARNS).status_code == 204
    assert len(reporter.alerts()) == alerts


def test_a_note_is_told_as_often_as_ten_times(reporter):
    for _ in range(10):
        assert reporter.note("look at this").status_code == 204
    refused = reporter.note("and this")
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "this try has told 10 notes; that is as many as one may",
    )
    assert reporter.whats() == ["dev_kitchen.profit / load [3] says"] * 10


def test_a_callback_speaks_for_a_try_that_has_just_ended(reporter):
    for state in ("success", "failed"):
        reporter.change(state=state)
        assert reporter.note(state).status_code == 204
    reporter.change(state="queued")
    assert reporter.note("too early").status_code == 403


def test_nobody_else_speaks_for_a_kitchen(reporter):
    janitor = reporter.site.task_bearer(reporter.site.platform_task("development", "janitor"))
    for headers in (
        janitor,
        reporter.site.bearer("padma"),
        {"Authorization": "Bearer junk"},
        {"Authorization": f"Basic {TOKEN_KEY}"},
    ):
        assert reporter.note("mine", headers=headers).status_code == 403
    with reporter.site.engine.begin() as connection:
        connection.execute(text("update task_instance set try_number = try_number + 1"))
    assert reporter.note("of an earlier try").status_code == 403
    assert reporter.alerts() == []


@pytest.mark.parametrize(
    "body",
    [
        {"verdicts": []},
        {"verdicts": [TOO_FEW] * 201},
        {"verdicts": [{**TOO_FEW, "outcome": "pass"}]},
        {"verdicts": [{**TOO_FEW, "measured": "12"}]},
        {"verdicts": [TOO_FEW], "kitchen": "demo_production"},
        {"text": "x"},
    ],
)
def test_what_is_no_report_is_refused(reporter, body):
    answer = reporter.site.ask(
        "POST", "/kitchen-task/verdicts", json=body, headers=reporter.headers
    )
    assert answer.status_code == 422
    assert reporter.alerts() == []


@pytest.mark.parametrize("said", ["", "x" * 2001, "\x1b[2J"])
def test_what_is_no_note_is_refused(reporter, said):
    assert reporter.note(said).status_code == 422


def test_alerts_are_shown_to_staff_and_owners_alone(reporter):
    reporter.tell(TOO_FEW)
    seen = {who: len(reporter.alerts(by=who)) for who in ("padma", "gus", "chris", "eric", "stan")}
    assert seen == {"padma": 1, "gus": 1, "chris": 1, "eric": 0, "stan": 0}
    of_kitchen = reporter.site.ask("GET", "/alerts?kitchen=dev_kitchen", by="stan")
    assert of_kitchen.status_code == 404


def test_alerts_of_one_kitchen_or_undelivered_ones_can_be_asked_for(reporter):
    from airflow_dataops.registry.alerts import AlertTable

    reporter.tell(TOO_FEW)
    reporter.note("fine")
    assert len(reporter.alerts(kitchen="dev_kitchen")) == 2
    assert reporter.alerts(kitchen="demo_dev") == []
    assert len(reporter.alerts(limit=1)) == 1
    book = AlertTable(reporter.site.engine)
    told = book.alerts(environments=["development"], kitchen_ids=[], at_most=1)
    book.give_up(told, AlertState.EXPIRED, "too late")
    with reporter.site.engine.begin() as connection:
        connection.execute(text("update dataops_message set state = 'sent' where kind = 'note'"))
    assert [alert["kind"] for alert in reporter.alerts(undelivered=True)] == ["failed"]
