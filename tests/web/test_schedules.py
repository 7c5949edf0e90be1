"""Schedules through the REST API: listed, enabled, disabled, and written into the code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from tests.registry.airflow_rows import add_dag

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
PROFIT = "/kitchens/demo_production/schedules/profit"
MONDAYS = "inert schedule: 0 6 * * 1 America/Chicago"
PYTHON = """\
from airflow_dataops import pipeline


@pipeline(schedule="@daily", description="Weekly profit")  # Finance
def profit(): ...
"""


def declare(site, dag_id, tag=MONDAYS):
    """A DAG as the dag-processor would have written it."""
    from airflow.models.dag import DagTag

    environment = "production" if dag_id.startswith("demo_production.") else "development"
    add_dag(site.engine, dag_id, bundle=f"kitchens-{environment}")
    with Session(site.engine) as session, session.begin():
        session.execute(text("update dag set is_paused = false"))
        session.execute(text("delete from dag_tag where dag_id = :it"), {"it": dag_id})
        session.add(DagTag(dag_id=dag_id, name=tag))


@pytest.fixture
def street(retail):
    declare(retail, "demo_production.profit")
    declare(retail, "dev_kitchen.profit")
    return retail


def listed(site, *, by="eric", kitchen="demo_production"):
    answer = site.ask("GET", f"/kitchens/{kitchen}/schedules", by=by)
    assert answer.status_code == 200, answer.text
    return answer.json()


def enable(site, *, by="eric", path=PROFIT, **body):
    return site.ask("POST", f"{path}/enable", by=by, json=body)


def actions(site, kitchen="demo_production", by="eric"):
    found = site.ask("GET", f"/kitchens/{kitchen}/history", by=by).json()
    return [
        (e["by"], e["action"], e["reason"], e["details"])
        for e in found
        if "schedule" in e["action"]
    ]


def test_a_declared_schedule_is_listed_as_inert(street):
    assert listed(street) == [
        {
            "kitchen": "demo_production",
            "environment": "production",
            "pipeline": "profit",
            "schedule": "0 6 * * 1",
            "timezone": "America/Chicago",
            "state": "inert",
            "is_paused": False,
            "next_run_at": None,
            "enabled_schedule": None,
            "enabled_by": None,
            "enabled_at": None,
        }
    ]


def test_all_schedules_of_visible_kitchens_are_listed_together(street):
    street.ask("PATCH", "/kitchens/dev_kitchen", by="padma", json={"shared": False})

    def kitchens(by):
        return [one["kitchen"] for one in street.ask("GET", "/schedules", by=by).json()]

    assert kitchens("padma") == ["demo_production", "dev_kitchen"]
    assert kitchens("stan") == ["demo_production"]


def test_enabling_says_who_when_and_the_next_run(street):
    answer = enable(street, reason="DATA-117")
    assert answer.status_code == 200, answer.text
    said, now = answer.json(), datetime.now(tz=UTC)
    assert (said["state"], said["enabled_by"]) == ("enabled", "eric")
    assert said["enabled_schedule"] == "0 6 * * 1 America/Chicago"
    assert timedelta() <= now - datetime.fromisoformat(said["enabled_at"]) < timedelta(minutes=1)
    next_run = datetime.fromisoformat(said["next_run_at"])
    assert now < next_run <= now + timedelta(days=8)
    assert (next_run.weekday(), next_run.hour in {11, 12}) == (0, True)
    assert listed(street) == [said]
    [deed] = actions(street)
    about = {"pipeline": "profit", "schedule": "0 6 * * 1 America/Chicago"}
    assert deed == ("eric", "enable schedule", "DATA-117", about)


def test_enabling_has_the_code_read_again(street):
    with street.engine.begin() as connection:
        connection.execute(text("delete from dag_priority_parsing_request"))
    enable(street)
    with street.engine.connect() as connection:
        query = text("select relative_fileloc from dag_priority_parsing_request")
        assert connection.scalars(query).all() == ["demo_production/dataops_kitchen.py"]


def test_enabling_twice_changes_nothing(street):
    first, second = enable(street).json(), enable(street).json()
    assert second == first
    assert len(actions(street)) == 1


def test_a_changed_schedule_is_enabled_anew(street):
    first = enable(street).json()
    declare(street, "demo_production.profit", "changed schedule: 0 7 * * 1 America/Chicago")
    [changed] = listed(street)
    assert (changed["state"], changed["next_run_at"]) == ("changed", None)
    assert changed["enabled_schedule"] == first["enabled_schedule"]
    again = enable(street).json()
    assert (again["state"], again["enabled_schedule"]) == ("enabled", "0 7 * * 1 America/Chicago")
    assert again["enabled_at"] > first["enabled_at"]


def test_what_is_paused_in_airflow_has_no_next_run(street):
    enable(street)
    with street.engine.begin() as connection:
        connection.execute(text("update dag set is_paused = true"))
    [one] = listed(street)
    assert (one["state"], one["is_paused"], one["next_run_at"]) == ("enabled", True, None)


def test_what_was_expected_must_be_what_the_code_says(street):
    fits = {"schedule": "0  6 * * 1", "timezone": "America/Chicago"}
    answer = enable(street, schedule="0 6 * * 1")
    assert answer.status_code == 409
    assert answer.json()["detail"] == (
        "the schedule of demo_production.profit cannot be enabled as '0 6 * * 1 UTC': the code "
        "that Airflow has read says '0 6 * * 1 America/Chicago'"
    )
    assert enable(street, **fits).status_code == 200


@pytest.mark.parametrize(
    ("tag", "status", "why"),
    [
        ("weekly", 409, "the code that Airflow has read says none; write one with @pipeline"),
        ("inert schedule: 0 6 * * 9 UTC", 409, "'0 6 * * 9' is no cron expression"),
        ("inert schedule: 0 6 * * 1 Mars/Olympus", 409, "timezone 'Mars/Olympus' is none"),
        ("inert schedule: 0 0 31 2 * UTC", 409, "never comes"),
    ],
)
def test_what_can_never_run_is_not_enabled(street, tag, status, why):
    declare(street, "demo_production.profit", tag)
    answer = enable(street)
    assert (answer.status_code, why in answer.json()["detail"]) == (status, True)
    assert actions(street) == []


def test_a_pipeline_that_is_not_there_is_told_with_those_that_are(street):
    answer = enable(street, path="/kitchens/demo_production/schedules/loss")
    assert answer.status_code == 404
    assert (
        answer.json()["detail"]
        == "kitchen 'demo_production' has no pipeline 'loss'; it has: profit"
    )


def test_disabling_is_recorded_once_and_no_error_again(street):
    enable(street)
    for _ in range(2):
        answer = street.ask("POST", f"{PROFIT}/disable", by="eric", json={"reason": "too early"})
        assert answer.status_code == 204, answer.text
    assert [deed[1:3] for deed in actions(street)] == [
        ("disable schedule", "too early"),
        ("enable schedule", None),
    ]
    assert listed(street)[0]["state"] == "inert"


def test_a_refusal_names_those_who_may(street):
    answer = enable(street, by="chris")
    assert answer.status_code == 403
    assert answer.json()["detail"] == (
        "chris may not enable the schedule of demo_production.profit: schedules_enabled_by of "
        "environment 'production' lists eric"
    )


def test_another_environments_list_enables_nothing_here(street):
    path = "/kitchens/dev_kitchen/schedules/profit"
    assert enable(street, by="eric", path=path).status_code == 403
    assert enable(street, by="carl", path=path).status_code == 200
    assert listed(street, kitchen="demo_production")[0]["state"] == "inert"


@pytest.mark.parametrize(
    "body",
    [
        {"schedule": 5},
        {"timezone": None},
        {"cron": "x"},
        {"reason": "\x00"},
        {"schedule": "x" * 400},
    ],
    ids=str,
)
def test_a_body_that_does_not_fit_is_told(street, body):
    assert enable(street, **body).status_code == 422
    assert actions(street) == []


SET = "/kitchens/dev_kitchen/schedules/profit"


@pytest.fixture
def written(retail):
    """The same with a pipeline on padma's branch."""
    origin = retail.origins["retail"]
    origin.commit(
        {"pipelines/profit/pipeline.py": PYTHON, "pipelines/loss/pipeline.yaml": "stages: []\n"},
        branch="dev_kitchen",
        source="main",
    )
    return retail


def source(site, path="pipelines/profit/pipeline.py"):
    return site.origins["retail"].bare("show", f"dev_kitchen:{path}") + "\n"


def test_a_schedule_is_written_as_a_commit_of_who_asks(written):
    body = {"schedule": "0 6 * * 1", "timezone": "America/Chicago", "reason": "DATA-117"}
    answer = written.ask("PUT", SET, by="padma", json=body)
    assert answer.status_code == 200, answer.text
    origin = written.origins["retail"]
    assert answer.json() == {
        "kitchen": "dev_kitchen",
        "pipeline": "profit",
        "branch": "dev_kitchen",
        "path": "pipelines/profit/pipeline.py",
        "commit": origin.bare("rev-parse", "dev_kitchen"),
        "is_new": True,
    }
    assert source(written) == PYTHON.replace(
        'schedule="@daily"', 'timezone="America/Chicago", schedule="0 6 * * 1"'
    )
    assert origin.bare("log", "-1", "--format=%an: %B", "dev_kitchen").splitlines() == [
        "padma: Set the schedule of profit to 0 6 * * 1 America/Chicago",
        "",
        "DATA-117",
    ]
    [deed] = actions(written, "dev_kitchen", "padma")
    assert deed[:3] == ("padma", "set schedule", "DATA-117")


def test_a_yaml_pipelines_schedule_is_written_too(written):
    answer = written.ask(
        "PUT", "/kitchens/dev_kitchen/schedules/loss", by="padma", json={"schedule": "@weekly"}
    )
    assert answer.json()["path"] == "pipelines/loss/pipeline.yaml"
    assert source(written, "pipelines/loss/pipeline.yaml") == 'schedule: "@weekly"\nstages: []\n'


def test_writing_the_same_again_makes_no_commit_and_no_entry(written):
    for is_new in (True, False):
        answer = written.ask("PUT", SET, by="padma", json={"schedule": None})
        assert answer.json()["is_new"] is is_new
    assert "schedule=None" in source(written)
    assert len(actions(written, "dev_kitchen", "padma")) == 1


@pytest.mark.parametrize(
    ("pipeline", "body", "status", "why"),
    [
        ("profit", {"schedule": "0 6 * * 9"}, 422, "'0 6 * * 9' is no cron expression"),
        ("profit", {"schedule": "@daily", "timezone": "Chicago"}, 422, "'Chicago' is none"),
        ("profit", {}, 422, "schedule: Field required"),
        ("none_such", {"schedule": "@daily"}, 422, "has no pipelines/none_such/pipeline.py and no"),
        ("a.b", {"schedule": "@daily"}, 422, "cannot be the name of a pipeline"),
        ("a b", {"schedule": "@daily"}, 422, "cannot be the name of a pipeline"),
    ],
)
def test_what_cannot_be_written_is_told(written, pipeline, body, status, why):
    before = source(written)
    path = f"/kitchens/dev_kitchen/schedules/{pipeline}"
    answer = written.ask("PUT", path, by="padma", json=body)
    assert (answer.status_code, why in answer.text) == (status, True), answer.text
    assert source(written) == before


def test_what_only_a_person_can_change_is_told_with_its_line(written):
    computed = PYTHON.replace('"@daily"', "WEEKLY")
    written.origins["retail"].commit(
        {"pipelines/profit/pipeline.py": computed}, branch="dev_kitchen"
    )
    answer = written.ask("PUT", SET, by="padma", json={"schedule": "@weekly"})
    assert answer.status_code == 422
    assert answer.json()["detail"] == (
        "pipelines/profit/pipeline.py:4: schedule is no plain text but something that Python "
        "works out; change it there by hand and push"
    )


def test_in_a_protected_environment_code_changes_by_merging_alone(written):
    path = "/kitchens/demo_production/schedules/profit"
    answer = written.ask("PUT", path, by="eric", json={"schedule": "@weekly"})
    assert answer.status_code == 403
    assert "its code changes by merging alone" in answer.json()["detail"]
