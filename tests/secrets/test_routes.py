"""Every route of Airflow's execution API has a rule; one that a newer Airflow brings fails here."""

from __future__ import annotations

import re

import pytest

from airflow_dataops.domain.identity import KitchenTask
from airflow_dataops.secrets import crossing

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
OWN = "01a20331-e384-7773-b9a9-382daa8d382c"
OTHER = "01a20331-f0d0-7ea5-84e0-30030b24ed58"
TASK = KitchenTask(
    kitchen_id="k1",
    kitchen="dev_kitchen",
    environment="development",
    dag_id="dev_kitchen.profit",
    run_id="r",
    task_id="t",
    try_number=1,
    state="running",
)
# Looked at and refused to every kitchen's task: they are about other people's connections, and
# about the names of everybody's variables.
REFUSED = {
    "GET /connection-tests/{connection_test_id}/connection",
    "PATCH /connection-tests/{connection_test_id}",
    "GET /variables/keys",
}
OPEN = {"GET /health", "GET /health/ping"}
FALLBACK = "no kitchen's task may call this"


def routes():
    """Every route with its method."""
    from airflow.api_fastapi.execution_api.routes import execution_api_router

    return sorted(set(_below(execution_api_router, "")))


def _below(router, prefix):
    for route in router.routes:
        if hasattr(route, "methods"):
            yield from (f"{method} {prefix}{route.path}" for method in route.methods)
        else:  # a router that was included
            included = route.original_router
            yield from _below(included, prefix + route.include_context.prefix)


def objection(route, *, dag, task, query=None):
    method, path = route.split(" ", 1)
    values = {"dag_id": dag, "task_instance_id": task}
    filled = re.sub(r"{(\w+)(?::\w+)?}", lambda match: values.get(match[1], "x"), path)
    request = crossing.Request(method=method, path=filled, query=query or {})
    found = crossing.objection(request, TASK, OWN)
    return found.reason if isinstance(found, crossing.OthersDags) else found


def test_there_are_routes():
    assert len(routes()) > 40
    assert "GET /connections/{connection_id}" in routes()
    assert set(routes()) >= REFUSED | OPEN


def test_every_route_has_a_rule_or_is_refused_on_purpose():
    query = {"dag_id": ["dev_kitchen.profit"], "name": ["sales"]}
    without_rule = {
        route
        for route in set(routes()) - OPEN
        if objection(route, dag="dev_kitchen.profit", task=OWN, query=query) == FALLBACK
    }
    assert without_rule == REFUSED


def test_every_route_that_names_a_dag_or_a_task_refuses_those_of_others():
    reasons = {
        route: objection(route, dag="demo_production.profit", task=OTHER)
        for route in routes()
        if "{dag_id}" in route or "{task_instance_id}" in route
    }
    assert len(reasons) > 25
    assert {
        route: reason
        for route, reason in reasons.items()
        if reason
        not in (
            "it is about another task",
            "demo_production.profit is not a pipeline of kitchen dev_kitchen",
        )
    } == {}


def test_health_is_open_to_everybody():
    assert all(crossing._HEALTH.match(route.split(" ", 1)[1]) for route in OPEN)


def test_only_what_changes_nothing_may_be_let_through_by_the_environment():
    looking = {
        route
        for route in routes()
        if "{dag_id}" in route
        for path in [re.sub(r"{(\w+)(?::\w+)?}", "demo_production.profit", route.split(" ", 1)[1])]
        if isinstance(
            crossing.objection(
                crossing.Request(method=route.split(" ", 1)[0], path=path), TASK, OWN
            ),
            crossing.OthersDags,
        )
    }
    assert len(looking) > 5
    assert {route.split(" ", 1)[0] for route in looking} <= {"GET", "HEAD"}
