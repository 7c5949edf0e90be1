"""Who may open which page and use which form: every route, for everybody, as one table.

The routes are walked from the app itself, so one that is added and not put into the table fails.
"""

from __future__ import annotations

import re

import pytest

from tests.web.pages.conftest import Visitor
from tests.web.pages.scene import PAGES
from tests.web.test_matrix import PEOPLE, all_, no_merge, routes, seen, staff_only, street

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
_ = street  # a fixture of the REST API's table


def open_(status):
    """Whoever is signed in; a task's token is no user's."""
    return all_(status) | {"task": 401}


def kinds(table):
    return {kind: expected | {"task": 401} for kind, expected in table.items()}


def for_staff(status, *, least, protected):
    return kinds({
        "shared": staff_only(status, least=least),
        "private": staff_only(status, least=least, refused=404),
        "protected": protected,
    })  # fmt: skip


# Heads and other owners differ from these in the table of the REST API, which decides here, too.
WHO = ("nobody", "stranger", "guest", "cook", "owner", "admin", "task")
OWNER = staff_only(303, least="owner")
TABLE = {
    "GET /": open_(200),
    "GET /kitchens": open_(200),
    "GET /schedules": open_(200),
    "GET /create": open_(200),
    "POST /create": kinds({
        "shared": staff_only(303, least="cook"),
        "private": staff_only(303, least="cook", refused=404),
        # Whoever cooks there may cut from it, but not into its own environment.
        "protected": staff_only(422, least="cook"),
    }),
    "GET /kitchens/{name}": kinds(seen(200)),
    "GET /kitchens/{name}/staff": kinds(seen(200)),
    "GET /kitchens/{name}/tests": kinds(seen(200)),
    "GET /kitchens/{name}/tests/chart": kinds(seen(200)),
    "POST /kitchens/{name}/tests/chart": for_staff(
        303, least="cook", protected=staff_only(303, least="owner")
    ),
    # No merge is under way; what stands at the top has no parent.
    "GET /kitchens/{name}/merge/{direction}/conflicts": kinds(no_merge()),
    "GET /environments/{name}/release": open_(200),
    # No merge has this id: who passes hears that.
    "GET /kitchens/{name}/merges/{merge_id}/revert": kinds(seen(404)),
    "POST /kitchens/{name}/merges/{merge_id}/revert": for_staff(
        404, least="cook", protected=staff_only(404, least="owner")
    ),
    "GET /kitchens/{name}/testing": kinds(seen(200)),
    "GET /kitchens/{name}/merge/{direction}": kinds({**seen(200), "protected": all_(404)}),
    "GET /kitchens/{name}/merge/{direction}/preview": kinds({
        **seen(200), "protected": all_(404)
    }),
    # The merge changes no file: who may read code hears that.
    "GET /kitchens/{name}/merge/{direction}/files/{number}": kinds({
        "shared": staff_only(422, least="guest"),
        "private": staff_only(422, least="guest", refused=404),
        "protected": all_(422),
    }),
    "POST /kitchens/{name}/merge/{direction}": for_staff(303, least="cook", protected=all_(422)),
    # No merge is under way, and nothing is new: who passes hears that.
    "POST /kitchens/{name}/merge/{direction}/abandon": for_staff(
        404, least="cook", protected=all_(422)
    ),
    # Nothing waits for approval, wherever one looks.
    "POST /kitchens/{name}/merge/{direction}/approval": open_(404),
    "POST /kitchens/{name}/merge/{direction}/queue": for_staff(
        409, least="cook", protected=staff_only(422, least="owner")
    ),
    "GET /kitchens/{name}/settings": for_staff(
        200, least="head", protected=staff_only(200, least="owner")
    ),
    "POST /kitchens/{name}/settings": for_staff(303, least="head", protected=OWNER),
    "GET /dags/{dag_id}": kinds(seen(303)),
    "GET /dags/{dag_id}/runs/{run_id}": kinds(seen(200)),
    "GET /operations/{operation_id}": kinds(seen(200)),
    # What is over is no more gone on with.
    "POST /operations/{operation_id}/again": kinds(seen(404)),
    "GET /kitchens/{name}/delete": for_staff(
        200, least="head", protected=staff_only(200, least="owner")
    ),
    "POST /kitchens/{name}/refresh": for_staff(
        303, least="cook", protected=staff_only(303, least="cook")
    ),
    "POST /kitchens/{name}/delete": for_staff(
        303, least="head", protected=staff_only(422, least="owner")
    ),
    "POST /kitchens/{name}/staff": for_staff(303, least="head", protected=OWNER),
    # The environment's list alone decides; no pipeline is read here, which who passes hears.
    "POST /kitchens/{name}/schedules/{pipeline}": kinds({
        "shared": all_(403, cook=404),
        "private": all_(404, guest=403, head=403, owner=403),
        "protected": staff_only(404, least="owner"),
    }),
}  # fmt: skip
CHART = {"pipeline": "p", "stage": "s", "test": "row_count"}
FORMS = {
    "POST /kitchens/{name}/tests/chart": {
        **CHART,
        "what": "incident",
        "since": "2026-03-02T12:00:00+00:00",
        "reason": "a double file",
    },
    "POST /kitchens/{name}/settings": {"shared": "on", "ticket": "DATA-9"},
    "POST /kitchens/{name}/staff": {"who": "zoe", "role": "guest"},
    "POST /kitchens/{name}/schedules/{pipeline}": {"to": "on"},
}


def ask(street, route, who, kind):
    method, path = route.split(" ")
    # Kitchens were cut from the one before, and keep it from being deleted.
    anew = route == "POST /kitchens/{name}/delete" and who == "owner"
    kitchen = kind and street.kitchen(kind, anew=anew)
    owners = {"shared": "chris", "private": "chris", "protected": "eric"}
    by = (owners.get(kind, "chris") if who == "owner" else PEOPLE.get(who)) or None
    values = {
        "name": kitchen or "development",
        "pipeline": "none_such",
        "dag_id": f"{kitchen}.profit",
    }
    values |= {"run_id": "manual__1", "direction": "down", "number": 1, "merge_id": "none_such"}
    if "{operation_id}" in path:
        of = street.site.ask("GET", f"/kitchens/{kitchen}/operation", by=owners[kind])
        values["operation_id"] = of.json()["id"]
    data = FORMS.get(route)
    if route == "POST /kitchens/{name}/settings" and kind == "private":
        data = {"ticket": "DATA-9"}
    if route == "POST /create":
        ask.made += 1
        data = {"name": f"made_{ask.made}", "parent": kitchen, "shared": "on"}
    visitor = Visitor(street.site, by)
    headers = street.task if who == "task" else {}
    call = visitor.get if method == "GET" else visitor.post
    how = {"params": CHART if "chart" in path else {}} if method == "GET" else {"data": data}
    answer = call(path.format(**values), headers=headers, **how)
    if answer.status_code >= 400:
        assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    if route == "POST /kitchens/{name}/delete" and answer.status_code == 303:
        street.kitchen(kind, anew=True)
    return answer.status_code


ask.made = 0


def pages_app(site):
    [app] = [r.app for r in site.client.app.routes[-1].app.routes if r.path == "/pages"]
    return app


def test_every_page_is_in_the_table(site):
    found = {re.sub(r"^HEAD .*", "", one) for one in routes(pages_app(site))} - {""}
    assert found == set(TABLE)


def test_everybody_sees_what_the_table_says_and_nothing_else(street):
    expected, found = {}, {}
    for route, table in TABLE.items():
        for kind, statuses in (table if "shared" in table else {None: table}).items():
            for who in WHO:
                expected[route, kind, who] = statuses[who]
                found[route, kind, who] = ask(street, route, who, kind)
    wrong = {cell: (expected[cell], found[cell]) for cell in found if expected[cell] != found[cell]}
    assert not wrong


def test_a_page_that_forgets_to_ask_who_it_is_is_closed_all_the_same(site):
    app = pages_app(site)
    app.add_api_route("/forgotten", lambda: "open")
    try:
        assert Visitor(site, None).get("/forgotten").status_code == 401
        assert Visitor(site, "stan").get("/forgotten").json() == "open"
    finally:
        del app.router.routes[-1]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "none"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 403),
    ],
    ids=str,
)
def test_a_form_of_another_site_changes_nothing(retail, headers, status):
    from tests.web.conftest import token

    answer = retail.client.post(
        f"{PAGES}/kitchens/dev_kitchen/staff",
        data={"who": "zoe", "role": "guest"},
        headers={"Cookie": f"_token={token('padma')}", **headers},
        follow_redirects=False,
    )
    assert answer.status_code == status
    staff = {
        one["who"] for one in retail.ask("GET", "/kitchens/dev_kitchen/staff", by="padma").json()
    }
    assert ("zoe" in staff) is (status == 303)
