"""What FAB's users see of kitchens in Airflow's own REST, walked from its own route table."""

from __future__ import annotations

import re
import time
from contextlib import contextmanager
from types import SimpleNamespace

import httpx
import pytest
from sqlalchemy import text

from tests.fab.conftest import PASSWORD, User
from tests.live_airflow import eventually

pytestmark = [
    pytest.mark.airflow,
    # Airflow's route table brings along what warns about its own dependencies.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]

PRODUCTION = "/api/v2/dags/demo_production.ledger"
SOUP = "/api/v2/dags/soup.ledger"
RUN = {"logical_date": None}
CLEAR = {"dry_run": False, "dag_run_id": "first", "only_failed": False, "reset_dag_runs": False}
LONGEST_SECONDS = 30
# Words of a private kitchen and of production that only who is staffed there may read.
HIDDEN = ("demo_production", "soup", "stew", "4711")
# What anybody may ask whatever they are shown.
OF_NOBODY = {
    "/api/v2/monitor/health",
    "/api/v2/version",
    "/api/v2/auth/login",
    "/api/v2/auth/logout",
}


def acts(dag, run="first"):
    """What a cook does with a DAG: method, path, body."""
    source = dag.replace("/dags/", "/dagSources/")
    return {
        "get": ("GET", dag, None),
        "trigger": ("POST", f"{dag}/dagRuns", RUN),
        "clear": ("POST", f"{dag}/clearTaskInstances", {**CLEAR, "dag_run_id": run}),
        "pause": ("PATCH", dag, {"is_paused": False}),
        "log": ("GET", f"{dag}/dagRuns/{run}/taskInstances/profit/logs/1", None),
        "source": ("GET", source, None),
    }


def answers(user, dag, run="first"):
    return {what: user.ask(*how).status_code for what, how in acts(dag, run).items()}


@pytest.fixture(scope="module")
def routes():
    """Method and path of every route of Airflow's REST and of its pages."""
    from airflow.api_fastapi.core_api.routes.public import public_router
    from airflow.api_fastapi.core_api.routes.ui import ui_router

    return sorted(
        (method, route.path)
        for router in (public_router, ui_router)
        for route in router.routes
        for method in route.methods
    )


@pytest.fixture(scope="module")
def ids(cluster):
    """What stands for each word in braces: something of production's."""
    ada = cluster.users["ada"]
    assets = ada.get("/api/v2/assets").json()["assets"]
    errors = ada.get("/api/v2/importErrors").json()["import_errors"]
    return {
        "dag_id": "demo_production.ledger",
        "dag_run_id": "first",
        "run_id": "first",
        "task_id": "profit",
        "map_index": "-1",
        "version_number": "1",
        "xcom_key": "return_value",
        "asset_id": next(str(a["id"]) for a in assets if "production" in a["name"]),
        "import_error_id": next(
            str(e["import_error_id"]) for e in errors if "production" in e["filename"]
        ),
    }


def filled(path, ids, **others):
    return re.sub(r"\{(\w+)(:path)?\}", lambda found: {**ids, **others}.get(found[1], "1"), path)


def test_the_route_table_is_the_whole_of_it(routes):
    assert len(routes) > 150
    assert {path.split("/")[1] for _, path in routes} == {"api", "ui"}


def test_production_refuses_every_route_with_a_dag_in_it(cluster, routes, ids):
    padma = cluster.users["padma"]
    # Airflow reads which runs are meant before it asks who may.
    run = {"dag_id": ids["dag_id"], "dag_run_id": "first"}
    bodies = {
        ("PATCH", "dagRuns"): {"actions": [{"action": "update", "entities": [run]}]},
        ("POST", "clearDagRuns"): {"dag_runs": [run]},
    }
    answered = {
        (method, path): padma.ask(
            method, filled(path, ids), bodies.get((method, path.rpartition("/")[2]))
        ).status_code
        for method, path in routes
        if "{dag_id}" in path
    }
    assert len(answered) > 60
    assert {what: code for what, code in answered.items() if code != 403} == {}


def test_what_production_refuses_is_there(cluster):
    """Else a 403 would prove nothing."""
    assert cluster.users["ada"].get(f"{PRODUCTION}/dagRuns/first").status_code == 200
    assert answers(cluster.users["padma"], PRODUCTION) == dict.fromkeys(acts(PRODUCTION), 403)
    assert answers(cluster.users["padma"], SOUP) == dict.fromkeys(acts(SOUP), 403)


LISTS = (
    "/api/v2/assets",
    "/api/v2/assets/events",
    "/api/v2/assets/{asset_id}",
    "/api/v2/dagStats",
    "/api/v2/dagTags",
    "/api/v2/dags",
    "/api/v2/dags/{dag_id}/dagRuns",
    "/api/v2/dags/{dag_id}/dagRuns/{dag_run_id}/taskInstances",
    "/api/v2/dags/{dag_id}/dagVersions",
    "/api/v2/eventLogs",
    "/api/v2/importErrors",
    "/ui/dags",
    "/ui/dependencies",
)


def test_no_list_of_airflow_names_what_is_hidden(cluster, routes, ids):
    def seen_by(user, path):
        asked = filled(path, ids, dag_id="~", dag_run_id="~", run_id="~", task_id="~")
        values = {"dag_id": "demo_production.ledger"} if "backfills" in path else {}
        found = cluster.users[user].get(asked, **values).text
        return [word for word in HIDDEN if word in found and word not in asked]

    paths = [path for method, path in routes if method == "GET" and path not in OF_NOBODY]
    assert {path: words for path in paths if (words := seen_by("padma", path))} == {}
    # The same walk does find it where somebody may see it.
    assert [path for path in LISTS if not seen_by("ada", path)] == []


def test_bulk_requests_pass_production_by(cluster):
    padma, ada = cluster.users["padma"], cluster.users["ada"]
    before = ada.get(PRODUCTION).json()["is_paused"]
    padma.ask("PATCH", "/api/v2/dags?dag_id_pattern=demo_production%25", {"is_paused": not before})
    padma.ask(
        "PATCH",
        "/api/v2/dags/~/dagRuns",
        {
            "actions": [
                {
                    "action": "update",
                    "entities": [
                        {"dag_id": "demo_production.ledger", "dag_run_id": "first", "note": "mine"}
                    ],
                }
            ]
        },
    )
    listed = padma.ask(
        "POST", "/api/v2/dags/~/dagRuns/list", {"dag_ids": ["demo_production.ledger"]}
    )
    tasks = padma.ask(
        "POST",
        "/api/v2/dags/~/dagRuns/~/taskInstances/list",
        {"dag_ids": ["demo_production.ledger"]},
    )
    assert listed.json().get("total_entries", 0) == 0
    assert tasks.json().get("total_entries", 0) == 0
    assert ada.get(PRODUCTION).json()["is_paused"] == before
    assert ada.get(f"{PRODUCTION}/dagRuns/first").json()["note"] is None


def test_a_stock_viewer_sees_everything(cluster):
    """Why no user of kitchens may have a stock role."""
    assert cluster.users["tess"].get(PRODUCTION).status_code == 200


def test_shared_kitchens_are_seen_and_not_changed_whatever_their_file_grants(cluster):
    padma = cluster.users["padma"]
    found = answers(padma, "/api/v2/dags/demo_dev.ledger")
    assert (found["get"], found["source"]) == (200, 200)
    assert {found["trigger"], found["clear"], found["pause"]} == {403}


def test_guests_look_and_owners_work(cluster):
    refused = {"trigger": 403, "clear": 403, "pause": 403}
    guest = answers(cluster.users["vic"], SOUP)
    assert {what: guest[what] for what in refused} == refused
    assert (guest["get"], guest["source"]) == (200, 200)
    assert cluster.users["chris"].ask(*acts(SOUP)["pause"]).status_code == 200
    assert cluster.users["eric"].get(PRODUCTION).status_code == 200
    assert cluster.users["eric"].get(SOUP).status_code == 403


def test_the_platforms_dags_are_shown_to_admins_and_owners_alone(cluster):
    def seen(user):
        listed = cluster.users[user].get("/api/v2/dags", dag_id_pattern="dataops.").json()["dags"]
        return {dag["dag_id"].split(".")[1] for dag in listed}

    assert seen("ada") == {"production", "development"}
    assert (seen("eric"), seen("chris")) == ({"production"}, {"development"})
    assert (seen("padma"), seen("una"), seen("vic")) == (set(), set(), set())
    trigger = cluster.users["chris"].ask(
        "POST", "/api/v2/dags/dataops.development.provision/dagRuns", RUN
    )
    assert trigger.status_code == 403


@contextmanager
def timed():
    found, start = SimpleNamespace(), time.monotonic()
    yield found
    found.seconds = time.monotonic() - start


def test_padma_works_within_seconds_of_being_staffed_and_no_longer_when_taken_off(cluster):
    padma = cluster.users["padma"]
    assert padma.get(SOUP).status_code == 403  # her user is in FAB's cache from here on

    cluster.staff("soup", una="head", padma="cook")
    with timed() as until_in:
        eventually("she is in", lambda: padma.get(SOUP).status_code == 200, seconds=LONGEST_SECONDS)
    body = {**RUN, "dag_run_id": "hers"}
    assert padma.ask("POST", f"{SOUP}/dagRuns", body).status_code == 200
    run = f"{SOUP}/dagRuns/hers"
    eventually("her run ends", lambda: padma.get(run).json()["state"] == "success")
    assert "4711" in padma.get(acts(SOUP, "hers")["log"][1]).text
    assert answers(padma, SOUP, "hers") == dict.fromkeys(acts(SOUP), 200)
    assert [dag["dag_id"] for dag in padma.get("/api/v2/dags").json()["dags"]].count(
        "soup.ledger"
    ) == 1

    cluster.staff("soup", una="head")
    with timed() as until_out:
        eventually(
            "she is out", lambda: padma.get(SOUP).status_code == 403, seconds=LONGEST_SECONDS
        )
    assert answers(padma, SOUP, "hers") == dict.fromkeys(acts(SOUP), 403)
    assert max(until_in.seconds, until_out.seconds) < LONGEST_SECONDS


def test_who_was_staffed_before_their_user_was_there_works_after_their_first_login(cluster):
    cluster.staff("soup", una="head", nils="cook")
    number = cluster.add_user("nils", "Kitchens")
    login = {"username": "nils", "password": PASSWORD}
    assert httpx.post(f"{cluster.url}/auth/token", json=login).status_code == 201
    nils = User(cluster.url, number)
    assert nils.ask(*acts(SOUP)["pause"]).status_code == 200
    nils.close()


def test_a_kitchen_is_hidden_by_a_refresh_though_no_dag_changed(cluster):
    padma = cluster.users["padma"]
    dag = "/api/v2/dags/demo_dev.ledger"
    assert padma.get(dag).status_code == 200
    with cluster.engine.begin() as connection:
        connection.execute(
            text("update dataops_kitchen set shared = false where name = 'demo_dev'")
        )
    cluster.table().ask_for_parsing(cluster.table().kitchen("demo_dev"))
    eventually("it is hidden", lambda: padma.get(dag).status_code == 403, seconds=LONGEST_SECONDS)


def test_a_kitchen_that_is_deleted_leaves_nothing_in_fab_even_if_it_is_read_once_more(cluster):
    kitchen = cluster.table().kitchen("stew")
    assert cluster.roles().exist(kitchen)
    with cluster.engine.begin() as connection:
        connection.execute(text("update dataops_kitchen set state = 'deleting' where id = 'stew'"))
    cluster.roles().remove(kitchen)
    cluster.table().ask_for_parsing(kitchen)
    requests = "select count(*) from dag_priority_parsing_request"
    with cluster.engine.connect() as connection:
        eventually("it is read", lambda: not connection.execute(text(requests)).scalar_one())
    assert not cluster.roles().exist(kitchen)
