"""Airflow's own pause switch in a protected environment, seen by its janitor."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from sqlalchemy.orm import Session

from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
DAG = "demo_production.profit"


def switch(site, *, by, dag_id=DAG, event="patch_dag", extra=None, at=None):
    """A row of Airflow's log, as its API and its command line write it."""
    from airflow.models.log import Log

    log = Log(event=event, owner=by, extra=extra, dag_id=dag_id)
    log.dttm = at or datetime.now(tz=UTC)
    with Session(site.engine) as session, session.begin():
        session.add(log)


def paused(value):
    return json.dumps({"is_paused": value, "method": "PATCH"})


def reported(site, environment="production"):
    headers = site.task_bearer(site.platform_task(environment, "janitor"))
    assert site.ask("POST", "/task/janitor", headers=headers).status_code == 200
    found = site.ask("GET", "/kitchens/demo_production/history", by="eric").json()
    return [
        (one["by"], one["details"]["pipeline"], one["details"]["to"])
        for one in reversed(found)
        if one["action"] == "switched"
    ]


def test_a_switch_by_somebody_else_is_reported_once_and_enables_nothing(retail):
    declare(retail, DAG)
    switch(retail, by="mallory", extra=paused(value=True))
    switch(retail, by="mallory", extra=paused(value=False))
    switch(retail, by="root", event="cli_dag_pause")
    switch(retail, by="eric", extra=paused(value=True))
    switch(retail, by="mallory", extra=json.dumps({"description": "x"}))
    switch(retail, by="mallory", extra="no json")
    switch(retail, by="mallory", dag_id="elsewhere", extra=paused(value=True))
    switch(retail, by="mallory", extra=paused(value=True), at=datetime(2020, 1, 1, tzinfo=UTC))
    expected = [
        ("mallory", "profit", "paused"),
        ("mallory", "profit", "not paused"),
        ("root", "profit", "paused"),
    ]
    assert reported(retail) == expected
    assert reported(retail) == expected
    [listed] = retail.ask("GET", "/kitchens/demo_production/schedules", by="eric").json()
    assert (listed["state"], listed["next_run_at"]) == ("inert", None)


def test_it_is_told_in_the_environments_channel(retail):
    from airflow_dataops import alert_places
    from airflow_dataops.services import announcing

    since = datetime.now(tz=UTC)
    switch(retail, by="mallory", extra=paused(value=True))
    reported(retail)
    [event] = alert_places.happenings().deeds("production", since=since)
    told = announcing.message([event], base_url=None)
    assert "demo_production.profit was paused in Airflow by mallory" in str(told)


def test_where_nothing_is_protected_the_switch_is_everybodys(retail):
    switch(retail, by="mallory", dag_id="demo_dev.profit", extra=paused(value=True))
    reported(retail, "development")
    found = retail.ask("GET", "/kitchens/demo_dev/history", by="chris").json()
    assert "switched" not in {one["action"] for one in found}
