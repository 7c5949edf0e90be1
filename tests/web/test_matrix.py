"""Who may do what through the REST API: every route, for everybody, as one table.

The routes are walked from the app itself, so one that is added and not put into the table fails.
"""

from __future__ import annotations

import re
from itertools import count

import pytest

from tests.web.conftest import API

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
PEOPLE = {
    "nobody": None,
    "stranger": "stan",
    "guest": "gus",
    "cook": "carl",
    "head": "hana",
    "owner": None,  # of the kitchen's environment: depends on the kitchen
    "other owner": "bella",
    "admin": "ada",
}
EVERYBODY = (*PEOPLE, "task")
OWNERS = {"shared": "chris", "private": "chris", "protected": "eric"}


def all_(status, **others):
    """One status for all who are known, but for those who are named."""
    expected = dict.fromkeys(EVERYBODY, status)
    expected |= {"nobody": 401, "task": 403}
    return expected | {who.replace("_", " "): other for who, other in others.items()}


def staff_only(status, *, least, refused=403):
    """A status for a role and those above it, refused to everybody else."""
    ranks = ["guest", "cook", "head", "owner"]
    may = ranks[ranks.index(least) :]
    return all_(refused, **dict.fromkeys(may, status)) | {
        who: 403 for who in ranks if who not in may
    }


def for_kitchens(status, *, least, protected=None):
    """What ``staff_only`` says, in a shared kitchen, a private one and a protected base kitchen."""
    return {
        "shared": staff_only(status, least=least),
        "private": staff_only(status, least=least, refused=404),
        "protected": protected or staff_only(status, least=least),
    }


def seen(status):
    return {
        "shared": all_(status),
        "private": staff_only(status, least="guest", refused=404),
        "protected": all_(status),
    }


def owner_alone(status):
    return staff_only(status, least="owner")


def no_merge():
    return {"shared": all_(404), "private": all_(404), "protected": all_(422)}


# A route's expected status for everybody; for routes about a kitchen, by what kitchen it is.
TABLE = {
    "GET /kitchens": all_(200),
    "GET /environments": all_(200),
    "GET /environments/{name}": all_(200),
    # Of the kitchens that one sees alone.
    "GET /environments/{name}/release": all_(200),
    "GET /environments/{name}/report": all_(200),
    "GET /me": all_(200),
    "GET /approvals": all_(200),
    # Nothing waits here under this id: who is known hears that.
    "POST /approvals/{approval_id}/answer": all_(404),
    "GET /audit": all_(200),
    "GET /alerts": all_(200),
    "GET /schedules": all_(200),
    "GET /openapi.json": all_(200),
    "POST /kitchens": {
        "shared": staff_only(202, least="cook"),
        "private": staff_only(202, least="cook", refused=404),
        # Whoever cooks there may cut from it, but not into its own environment.
        "protected": staff_only(422, least="cook"),
    },
    "GET /kitchens/{name}": seen(200),
    "GET /kitchens/{name}/staff": seen(200),
    "GET /kitchens/{name}/history": seen(200),
    # Of the kitchens that one sees alone; a base kitchen is nobody's piece of work.
    "GET /work": all_(200),
    "GET /kitchens/{name}/work": {**seen(200), "protected": all_(422)},
    "PUT /kitchens/{name}/work/assignee": for_kitchens(
        200, least="cook", protected=owner_alone(422)
    ),
    "GET /kitchens/{name}/pipelines": seen(200),
    "GET /kitchens/{name}/operation": seen(200),
    "GET /operations/{operation_id}": seen(200),
    "GET /kitchens/{name}/schedules": seen(200),
    # No pipeline is read here, and none of these is on the branch: who passes hears that.
    "PUT /kitchens/{name}/schedules/{pipeline}": for_kitchens(
        422, least="cook", protected=all_(403)
    ),
    # The environment's list alone decides, which names a cook; eric's own names him.
    "POST /kitchens/{name}/schedules/{pipeline}/enable": {
        "shared": all_(403, cook=404),
        "private": all_(404, guest=403, head=403, owner=403),
        "protected": owner_alone(404),
    },
    "POST /kitchens/{name}/schedules/{pipeline}/disable": {
        "shared": all_(403, cook=404, owner=404),
        "private": all_(404, guest=403, head=403),
        "protected": owner_alone(404),
    },
    "GET /kitchens/{name}/tests/results": seen(200),
    "GET /kitchens/{name}/tests/history": seen(200),
    "GET /kitchens/{name}/tests/quality": seen(200),
    "POST /kitchens/{name}/tests/incidents": for_kitchens(
        204, least="cook", protected=owner_alone(204)
    ),
    "POST /kitchens/{name}/tests/rebaselines": for_kitchens(
        204, least="cook", protected=owner_alone(204)
    ),
    "GET /kitchens/{name}/merges": seen(200),
    # No merge has this id: who passes hears that.
    "GET /kitchens/{name}/merges/{merge_id}/revert": seen(404),
    "GET /kitchens/{name}/merges/{merge_id}/evidence": seen(404),
    "POST /kitchens/{name}/merges/{merge_id}/revert": for_kitchens(
        404, least="cook", protected=owner_alone(404)
    ),
    # Nobody has changed anything below demo_dev; what stands at the top has no parent.
    "GET /kitchens/{name}/merge/{direction}/preview": {**seen(200), "protected": all_(422)},
    "GET /kitchens/{name}/merge/{direction}": no_merge(),
    # The merge changes no file: who may read code hears that.
    "GET /kitchens/{name}/merge/{direction}/files/{number}": for_kitchens(
        422, least="guest", protected=all_(422)
    ),
    # The table's kitchens hang below one that not everybody sees.
    "GET /kitchens/{name}/merge/up/gate": {**seen(200), "protected": all_(422)},
    "GET /kitchens/{name}/evidence": seen(200),
    "GET /kitchens/{name}/report": seen(200),
    "GET /kitchens/{name}/test-plan": seen(200),
    "GET /kitchens/{name}/merge-queue": seen(200),
    # Nothing of theirs is new: who passes hears that.
    "POST /kitchens/{name}/merge/up/queue": for_kitchens(
        409, least="cook", protected=owner_alone(422)
    ),
    "DELETE /kitchens/{name}/merge/up/queue": for_kitchens(
        404, least="cook", protected=owner_alone(422)
    ),
    "POST /kitchens/{name}/merge-queue/land": for_kitchens(
        200, least="cook", protected=owner_alone(200)
    ),
    "POST /kitchens/{name}/merge/{direction}": for_kitchens(200, least="cook", protected=all_(422)),
    # No merge is under way: who passes hears that.
    "POST /kitchens/{name}/merge/{direction}/resolutions": for_kitchens(
        404, least="cook", protected=all_(422)
    ),
    "GET /kitchens/{name}/merge/{direction}/conflict": no_merge(),
    "GET /kitchens/{name}/merge/{direction}/decisions": no_merge(),
    "GET /kitchens/{name}/merge/{direction}/checks": no_merge(),
    "POST /kitchens/{name}/merge/{direction}/decisions": for_kitchens(
        404, least="cook", protected=all_(422)
    ),
    "POST /kitchens/{name}/merge/{direction}/complete": for_kitchens(
        404, least="cook", protected=all_(422)
    ),
    "POST /kitchens/{name}/merge/{direction}/abandon": for_kitchens(
        404, least="cook", protected=all_(422)
    ),
    "POST /kitchens/{name}/refresh": for_kitchens(204, least="cook"),
    "PATCH /kitchens/{name}": for_kitchens(200, least="head", protected=owner_alone(200)),
    "DELETE /kitchens/{name}": for_kitchens(202, least="head", protected=owner_alone(422)),
    "PUT /kitchens/{name}/staff/{who}": for_kitchens(200, least="head", protected=owner_alone(200)),
    # Development has no tool with logins of its own: who passes hears that. Protected: nobody.
    "POST /kitchens/{name}/credentials/{tool}": for_kitchens(
        404, least="cook", protected=all_(403)
    ),
    "DELETE /kitchens/{name}/staff/{who}": for_kitchens(
        204, least="head", protected=owner_alone(204)
    ),
}
NOTED = {"pipeline": "p", "stage": "s", "since": "2026-03-01T00:00:00Z", "reason": "new prices"}
QUERIES = {
    "GET /kitchens/{name}/merge/{direction}/conflict": {"path": "a.py"},
    "GET /kitchens/{name}/tests/history": {"pipeline": "p", "stage": "s", "test": "row_count"},
}
BODIES = {
    "POST /kitchens/{name}/tests/incidents": NOTED,
    "POST /kitchens/{name}/tests/rebaselines": NOTED,
    "PATCH /kitchens/{name}": {"ticket": "DATA-1"},
    "PUT /kitchens/{name}/schedules/{pipeline}": {"schedule": "0 6 * * 1"},
    "POST /kitchens/{name}/schedules/{pipeline}/enable": {},
    "POST /kitchens/{name}/schedules/{pipeline}/disable": {},
    "POST /kitchens/{name}/merge/{direction}": {},
    "POST /approvals/{approval_id}/answer": {"approve": True},
    "POST /kitchens/{name}/merges/{merge_id}/revert": {},
    "POST /kitchens/{name}/merge/{direction}/resolutions": {
        "resolutions": [{"path": "a.py", "choice": "ours"}]
    },
    "POST /kitchens/{name}/merge/{direction}/decisions": {
        "resolutions": [{"path": "a.py", "choice": "ours"}]
    },
    "POST /kitchens/{name}/merge/up/queue": {},
    "POST /kitchens/{name}/merge-queue/land": {},
    "POST /kitchens/{name}/merge/{direction}/complete": {},
    "POST /kitchens/{name}/merge/{direction}/abandon": {},
    "POST /kitchens/{name}/credentials/{tool}": {"ttl": "8h"},
    "PUT /kitchens/{name}/staff/{who}": {"role": "guest"},
    "PUT /kitchens/{name}/work/assignee": {"to": "carl"},
}
# The platform's tasks alone; statuses of a task of another environment are in test_tasks.
OF_TASKS = {
    "GET /operations/{operation_id}",
    "POST /operations/{operation_id}/steps",
    "POST /operations/{operation_id}/end",
    "POST /operations/{operation_id}/failed",
    "POST /janitor",
}
_numbers = count()


class Street:
    """A kitchen of each kind with the same staff, and new ones where they are used up."""

    def __init__(self, site):
        self.site = site
        self._used = {}
        self.task = site.task_bearer(site.platform_task("development"))

    def kitchen(self, kind, *, anew=False):
        if kind == "protected":
            return "demo_production"
        if anew or kind not in self._used:
            name = f"k{next(_numbers)}"
            self.site.create(name, "demo_dev", by="chris", shared=kind == "shared")
            self._staff(name, by="chris")
            self._used[kind] = name
        return self._used[kind]

    def _staff(self, name, *, by):
        for role, who in (("guest", "gus"), ("cook", "carl"), ("head", "hana")):
            self.site.put(who, role, in_=name, by=by)

    def ask(self, route, who, kind=None):
        """The status of a route's answer to somebody."""
        method, path = route.split(" ")
        # What changes something is done to a kitchen of its own.
        kitchen = kind and self.kitchen(kind, anew=method == "DELETE" and path.endswith("{name}"))
        values = {"name": kitchen or "development", "who": "zoe", "tool": "redshift"}
        values |= {"pipeline": "none_such", "direction": "down", "merge_id": "none_such"}
        values |= {"approval_id": "none_such", "number": 1}
        body = BODIES.get(route)
        if route == "POST /kitchens":
            body = {"name": f"k{next(_numbers)}", "parent": kitchen}
        if "{operation_id}" in path:
            by = OWNERS[kind]
            values["operation_id"] = self.site.ask(
                "GET", f"/kitchens/{kitchen}/operation", by=by
            ).json()["id"]
        headers = self.task if who == "task" else {}
        by = OWNERS[kind] if who == "owner" and kind else PEOPLE.get(who) or None
        by = "chris" if who == "owner" and not kind else by
        asked = {"json": body, "headers": headers, "params": QUERIES.get(route)}
        answer = self.site.ask(method, path.format(**values), by=by, **asked)
        if answer.status_code >= 400:
            assert answer.headers["content-type"] == "application/problem+json"
        return answer.status_code


@pytest.fixture
def street(retail):
    for role, who in (("guest", "gus"), ("cook", "carl"), ("head", "hana")):
        retail.put(who, role, in_="demo_production", by="eric")
    return Street(retail)


def routes(app, prefix=""):
    found = set()
    for route in app.routes:
        if hasattr(route, "methods"):
            path = re.sub(r":path", "", route.path.removeprefix(prefix))
            found |= {f"{method} {path}" for method in route.methods}
        elif hasattr(route, "original_router"):
            context = route.include_context
            found |= {
                r.replace(" ", f" {context.prefix.removeprefix(prefix)}", 1)
                for r in routes(route.original_router)
            }
    return found


def test_every_route_is_in_the_table():
    from airflow_dataops.web.app import create_app

    app = create_app()
    assert routes(app, "/api/v1") == set(TABLE)
    [mounted] = [route.app for route in app.routes if route.path == "/api/v1/task"]
    assert routes(mounted) == OF_TASKS
    [reports] = [route.app for route in app.routes if route.path == "/api/v1/kitchen-task"]
    assert routes(reports) == {
        "POST /verdicts", "POST /notes", "POST /results", "GET /history",
    }  # fmt: skip


def test_everybody_may_do_what_the_table_says_and_nothing_else(street):
    expected, found = {}, {}
    for route, table in TABLE.items():
        kinds = table if "shared" in table else {None: table}
        for kind, statuses in kinds.items():
            for who in EVERYBODY:
                cell = (route, kind, who)
                expected[cell] = statuses[who]
                found[cell] = street.ask(route, who, kind)
    wrong = {cell: (expected[cell], found[cell]) for cell in found if expected[cell] != found[cell]}
    assert not wrong


@pytest.mark.parametrize("by", [None, "chris", "ada", "eric"])
def test_nobody_but_a_task_is_answered_where_tasks_are(street, by):
    operation = street.site.ask("GET", "/kitchens/dev_kitchen/operation", by="chris").json()["id"]
    for route in OF_TASKS:
        method, path = route.split(" ")
        answer = street.site.ask(
            method, f"/task{path.format(operation_id=operation)}", by=by, json={"attempt": 1}
        )
        assert answer.status_code == 403, route


def test_a_route_that_forgets_to_ask_who_it_is_is_closed_all_the_same(site):
    app = site.client.app.routes[-1].app
    app.add_api_route(f"{API.removeprefix('/dataops')}/forgotten", lambda: "open")
    try:
        assert site.ask("GET", "/forgotten").status_code == 401
        assert site.ask("GET", "/forgotten", by="stan").json() == "open"
    finally:
        del app.router.routes[-1]
