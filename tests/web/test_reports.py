"""Weekly reports through the REST API, and in an environment's channel."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text

from airflow_dataops.domain.weekly_report import Week
from tests.registry.airflow_rows import add_dag
from tests.web.test_merges import DOWN, ask, push, street  # noqa: F401 - street is a fixture

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
KITCHEN = "/kitchens/dev_kitchen/report"
LAST = Week.before(datetime.now(tz=UTC))


def add_runs(engine, dag_id, states, *, at):
    from airflow.models.dagrun import DagRun

    add_dag(engine, dag_id, bundle="kitchens-development")
    rows = [
        {
            "dag_id": dag_id,
            "run_id": f"{number} {at}",
            "run_type": "manual",
            "run_after": at + timedelta(minutes=number),
            "state": state,
            "log_template_id": 1,
        }
        for number, state in enumerate(states)
    ]
    with engine.begin() as connection:
        connection.execute(insert(DagRun.__table__), rows)


@pytest.fixture
def week(street):  # noqa: F811
    """Runs in the last week and beside it, and a merge that was made in it."""
    push(street, "demo_dev", {"a.txt": "a\n"})
    ask(street, "POST", DOWN)
    monday = LAST.since
    with street.engine.begin() as connection:
        connection.execute(
            text("update dataops_merge set ended_at = :at"),
            {"at": (monday + timedelta(days=2)).replace(tzinfo=None).isoformat(sep=" ")},
        )
    runs = ("success", "success", "failed")
    add_runs(street.engine, "dev_kitchen.sales", runs, at=monday)
    add_runs(street.engine, "dev_kitchen.sales", ("success",), at=LAST.until)
    add_runs(street.engine, "demo_dev.sales", ("failed",), at=monday)
    street.create("padma_forecast", "dev_kitchen", by="padma", shared=False)
    return street


def test_a_report_counts_what_was_in_its_week(week):
    found = ask(week, "GET", KITCHEN)
    [kitchen] = found["kitchens"]
    assert kitchen["pipelines"] == [
        {"pipeline": "sales", "runs": {"success": 2, "failed": 1}, "verdicts": {}}
    ]
    assert [(one["merged"], one["into"]) for one in kitchen["merges"]] == [
        ("demo_dev", "dev_kitchen")
    ]
    assert found["week"] == str(LAST)
    assert "dev_kitchen: runs 1 failed, 2 success; 1 merged" in found["summary"]
    before = ask(week, "GET", f"{KITCHEN}?week=2020-W01")
    assert before["kitchens"][0]["pipelines"] == []


def test_an_environments_report_has_the_kitchens_that_one_sees(week):
    path = "/environments/development/report"
    names = {one["kitchen"] for one in ask(week, "GET", path)["kitchens"]}
    assert {"dev_kitchen", "demo_dev", "padma_forecast"} <= names
    seen_by_gus = {one["kitchen"] for one in ask(week, "GET", path, by="gus")["kitchens"]}
    assert "padma_forecast" not in seen_by_gus


def test_it_is_written_as_a_page_and_as_pdf(week):
    page = week.ask("GET", f"{KITCHEN}?format=html", by="padma")
    assert page.headers["content-type"].startswith("text/html")
    assert "attachment" in page.headers["content-disposition"]
    assert "2 success" in page.text
    written = week.ask("GET", f"{KITCHEN}?format=pdf", by="padma")
    assert written.headers["content-type"] == "application/pdf"
    content = io.BytesIO(written.content)
    assert content.read(5) == b"%PDF-"
    assert written.content.rstrip().endswith(b"%%EOF")


def test_what_is_no_week_is_refused(week):
    refused = ask(week, "GET", f"{KITCHEN}?week=yesterday", status=422)
    assert "is no week" in refused["detail"]


@pytest.mark.usefixtures("week")
def test_the_week_is_told_once_and_names_no_private_kitchen():
    from airflow_dataops.web.installation import this_installation
    from airflow_dataops.web.janitor_round import report_week

    installation = this_installation()
    home = installation.projects.environment("development")
    for _ in range(2):
        report_week(home, installation, now=datetime.now(tz=UTC))
    told = [
        one
        for one in installation.alert_book.alerts(
            environments=["development"], kitchen_ids=[], at_most=50
        )
        if one.event.kind == "week"
    ]
    assert len(told) == 1
    assert "dev_kitchen: runs 1 failed, 2 success" in told[0].event.text
    assert "padma_forecast" not in told[0].event.text
