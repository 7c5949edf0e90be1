"""The middleware at logins: what it waits for, and that nobody is kept out by it."""

from __future__ import annotations

import asyncio

import pytest

from airflow_dataops.plugins.roles_at_login import RolesAtLogin

pytestmark = pytest.mark.airflow
FAB = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"


async def answer(_scope, _receive, send):
    await send({"type": "http.response.start", "status": 201, "headers": []})
    await send({"type": "http.response.body", "body": b"token"})


def ask(path, root_path=""):
    sent = []

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": f"{root_path}{path}", "root_path": root_path}
    asyncio.run(RolesAtLogin(answer)(scope, None, send))
    return [message["type"] for message in sent]


WHOLE = ["http.response.start", "http.response.body"]


@pytest.fixture
def broken(airflow_engine, monkeypatch):
    """An installation under FAB whose environments file is not there."""
    monkeypatch.setenv("AIRFLOW__CORE__AUTH_MANAGER", FAB)
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", "/nowhere/environments.yaml")
    with airflow_engine.begin() as connection:
        connection.exec_driver_sql("drop table dataops_member")
        connection.exec_driver_sql("drop table dataops_kitchen")


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("root_path", ["", "/team/airflow"])
def test_people_log_in_also_where_our_roles_cannot_be_compared(caplog, root_path):
    assert ask("/auth/token", root_path) == WHOLE
    assert "kitchens' roles could not be compared with their staff" in caplog.text


@pytest.mark.usefixtures("broken")
@pytest.mark.parametrize("path", ["/auth/static/logo.png", "/api/v2/dags", "/authors"])
def test_other_requests_are_not_held_up(caplog, path):
    assert ask(path) == WHOLE
    assert caplog.text == ""
