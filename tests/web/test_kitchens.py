"""Kitchens through the REST API, on real tables and repositories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from threading import Thread

import pytest

from tests.web.conftest import write_environments

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def test_a_kitchen_is_created_with_its_branch_and_shown(retail):
    assert "dev_kitchen" in retail.origins["retail"].branches()
    shown = retail.ask("GET", "/kitchens/dev_kitchen", by="padma").json()
    assert shown.pop("id")
    assert datetime.fromisoformat(shown.pop("created_at")).tzinfo
    assert shown == {
        "name": "dev_kitchen",
        "project": "retail",
        "environment": "development",
        "branch": "dev_kitchen",
        "parent": "demo_dev",
        "state": "ready",
        "created_by": "padma",
        "schema": "dev_kitchen",
        "prefix": "dev_kitchen/",
        "ends_at": None,
        "ends_soon": False,
        "pinned": False,
        "shared": True,
        "ticket": None,
        "slack_channel": None,
        "pipelines": None,
        "your_role": "head",
    }


def test_a_creation_answers_with_its_steps(retail):
    operation = retail.create("new", "demo_dev", by="padma", reason="DATA-117 needs it")
    assert (operation["kind"], operation["kitchen"], operation["progress"]) == (
        "create",
        "new",
        "done",
    )
    assert (operation["by"], operation["reason"]) == ("padma", "DATA-117 needs it")
    [branch, access] = operation["steps"]
    assert (branch["part"], branch["progress"], branch["detail"]) == (
        "branch",
        "done",
        "cut from demo_dev",
    )
    assert access["part"] == "access"
    again = retail.ask("GET", f"/operations/{operation['id']}", by="padma").json()
    assert again == operation
    assert retail.ask("GET", "/kitchens/new/operation", by="padma").json() == operation


def test_what_is_asked_for_is_what_the_kitchen_has(retail):
    ends_at = (datetime.now(tz=UTC) + timedelta(days=30)).replace(microsecond=0)
    asked = {
        "ends_at": ends_at.astimezone().isoformat(),
        "shared": False,
        "ticket": "DATA-117",
        "slack_channel": "#kitchen-alerts",
        "pipelines": ["profit"],
        "staff": [{"who": "carl", "role": "cook"}, {"who": "role:data engineers", "role": "guest"}],
    }
    retail.create("new", "demo_dev", by="padma", **asked)
    shown = retail.ask("GET", "/kitchens/new", by="padma").json()
    assert datetime.fromisoformat(shown["ends_at"]) == ends_at
    for field in ("shared", "ticket", "slack_channel", "pipelines"):
        assert shown[field] == asked[field]
    staff = retail.ask("GET", "/kitchens/new/staff", by="padma").json()
    assert staff == [
        {"who": "carl", "role": "cook"},
        {"who": "padma", "role": "head"},
        {"who": "role:data engineers", "role": "guest"},
    ]


def test_parts_that_workers_make_are_left_to_them(retail):
    _lab_owned_by(retail, "chris")
    operation = retail.create("demo_lab", "demo_dev", by="chris")
    assert operation["progress"] == "running"
    assert retail.workers.started == [(operation["id"], 1)]
    assert [step["progress"] for step in operation["steps"]] == ["done", "done", "pending"]
    assert retail.ask("GET", "/kitchens/demo_lab", by="chris").json()["state"] == "creating"


def test_the_same_request_of_the_same_person_goes_on_with_a_creation(retail):
    _lab_owned_by(retail, "chris")
    first = retail.create("demo_lab", "demo_dev", by="chris")
    again = retail.create("demo_lab", "demo_dev", by="chris")
    assert (again["id"], again["attempt"]) == (first["id"], 1)
    retail.workers.alive.clear()
    third = retail.create("demo_lab", "demo_dev", by="chris")
    assert (third["id"], third["attempt"]) == (first["id"], 2)
    answer = retail.ask(
        "POST", "/kitchens", by="padma", json={"name": "demo_lab", "parent": "demo_dev"}
    )
    assert answer.status_code == 409
    assert "chris asked for it" in answer.json()["detail"]


def test_whoever_was_taken_off_the_staff_does_not_go_on(retail):
    _lab_owned_by(retail, "chris")
    retail.create("demo_lab", "demo_dev", by="chris")
    retail.put("zoe", "head", in_="demo_lab", by="chris")
    _lab_owned_by(retail, "zoe")
    assert retail.ask("DELETE", "/kitchens/demo_lab/staff/chris", by="zoe").status_code == 204
    answer = retail.ask(
        "POST", "/kitchens", by="chris", json={"name": "demo_lab", "parent": "demo_dev"}
    )
    assert answer.status_code == 403


@pytest.mark.parametrize("by", ["padma", "stan", "ada", "bella", "eric"])
def test_a_base_kitchen_is_created_by_its_environments_owner_alone(retail, by):
    _lab_owned_by(retail, "chris")
    answer = retail.ask("POST", "/kitchens", by=by, json={"name": "demo_lab", "parent": None})
    assert answer.status_code == 403
    assert "its owner" in answer.json()["detail"] or "owner, chris" in answer.json()["detail"]
    assert "demo_lab" not in retail.names(by="chris")


def test_an_environment_without_an_owner_gets_no_base_kitchen_through_the_api(retail):
    answer = retail.ask("POST", "/kitchens", by="chris", json={"name": "demo_lab"})
    assert answer.status_code == 403
    assert "nobody: name one in the environments file" in answer.json()["detail"]


def test_another_environment_is_used_by_whoever_cooks_at_its_base(retail):
    body = {"name": "new", "parent": "demo_production", "environment": "development"}
    retail.put("stan", "cook", in_="demo_production", by="eric")
    answer = retail.ask("POST", "/kitchens", by="stan", json=body)
    assert answer.status_code == 403
    assert "point a kitchen to environment 'development'" in answer.json()["detail"]
    retail.put("stan", "cook", in_="demo_dev", by="chris")
    assert retail.ask("POST", "/kitchens", by="stan", json=body).status_code == 202
    # Its owner needs no place on the staff there.
    body["name"] = "another"
    assert retail.ask("POST", "/kitchens", by="chris", json=body).status_code == 202


def test_an_environment_whose_base_does_not_exist_yet_is_its_owners_alone(retail):
    body = {"name": "new", "parent": "demo_dev", "environment": "lab"}
    answer = retail.ask("POST", "/kitchens", by="padma", json=body)
    assert answer.status_code == 403
    assert "its base kitchen demo_lab does not exist yet" in answer.json()["detail"]


def test_settings_that_are_not_named_stay_and_null_takes_them_away(retail):
    def change(**body):
        answer = retail.ask("PATCH", "/kitchens/dev_kitchen", by="padma", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    ends_at = (datetime.now(tz=UTC) + timedelta(days=2)).isoformat()
    assert change(ends_at=ends_at, ticket="DATA-1", shared=False)["ends_soon"] is True
    changed = change(pinned=True)
    assert (changed["ticket"], changed["pinned"], changed["ends_soon"]) == ("DATA-1", True, False)
    changed = change(ends_at=None, ticket=None, pipelines=[])
    assert (changed["ends_at"], changed["ticket"], changed["pipelines"]) == (None, None, [])
    assert changed["shared"] is False


def test_a_deletion_ends_with_the_inventory_which_stays_readable(retail):
    kitchen_id = retail.ask("GET", "/kitchens/dev_kitchen", by="padma").json()["id"]
    answer = retail.ask("DELETE", "/kitchens/dev_kitchen?reason=started over", by="padma")
    assert answer.status_code == 202
    operation = answer.json()
    assert operation["progress"] == "done"
    assert operation["reason"] == "started over"
    assert operation["steps"][0]["detail"].startswith("gone; its last commit was ")
    assert "dev_kitchen" not in retail.origins["retail"].branches()
    assert retail.ask("GET", "/kitchens/dev_kitchen", by="padma").status_code == 404
    for who in ("padma", "gus", "chris", "stan"):
        shown = retail.ask("GET", f"/operations/{operation['id']}", by=who)
        assert shown.json() == operation, who
    retail.create("dev_kitchen", "demo_dev", by="padma")
    again = retail.ask("GET", "/kitchens/dev_kitchen", by="padma").json()
    assert again["id"] != kitchen_id


def test_an_operation_on_a_private_kitchen_is_its_staffs_also_after_its_end(retail):
    retail.create("secret_plan", "demo_dev", by="padma", shared=False)
    retail.put("gus", "guest", in_="secret_plan", by="padma")
    operation = retail.delete("secret_plan", by="padma")
    statuses = {
        who: retail.ask("GET", f"/operations/{operation['id']}", by=who).status_code
        for who in ("padma", "gus", "chris", "stan", "ada")
    }
    assert statuses == {"padma": 200, "gus": 200, "chris": 200, "stan": 404, "ada": 404}


def test_a_private_kitchen_is_nowhere_to_be_seen(retail):
    retail.create("secret_plan", "demo_dev", by="padma", shared=False)
    retail.create("open_child", "secret_plan", by="padma")
    retail.put("stan", "head", in_="open_child", by="padma")
    assert "secret_plan" not in retail.names(by="stan")
    assert "secret_plan" in retail.names(by="padma")
    for method, path, body in (
        ("GET", "/kitchens/secret_plan", None),
        ("DELETE", "/kitchens/secret_plan", None),
        ("PATCH", "/kitchens/secret_plan", {"ticket": "D-1"}),
        ("GET", "/kitchens/secret_plan/history", None),
        ("POST", "/kitchens", {"name": "new", "parent": "secret_plan"}),
        ("GET", "/audit?kitchen=secret_plan", None),
    ):
        hidden = retail.ask(method, path, by="stan", json=body)
        if "json" in hidden.headers["content-type"]:
            never = path.replace("secret_plan", "no_such_plan")
            unknown = body and {**body, **({"parent": "no_such_plan"} if "parent" in body else {})}
            absent = retail.ask(method, never, by="stan", json=unknown)
            assert hidden.status_code == absent.status_code == 404
            assert hidden.text.replace("secret_plan", "no_such_plan") == absent.text
    # Its child is open, and does not say whose child it is.
    assert retail.ask("GET", "/kitchens/open_child", by="stan").json()["parent"] is None
    assert retail.ask("GET", "/kitchens/open_child", by="padma").json()["parent"] == "secret_plan"
    listed = retail.ask("GET", "/kitchens", by="stan").json()
    assert "secret_plan" not in str(listed)


def test_a_private_kitchens_name_is_taken_and_no_more_is_said(retail):
    retail.create("secret_plan", "demo_dev", by="padma", shared=False)
    retail.put("stan", "cook", in_="demo_dev", by="chris")
    body = {"name": "secret_plan", "parent": "demo_dev"}
    answer = retail.ask("POST", "/kitchens", by="stan", json=body)
    assert answer.status_code == 409
    assert "padma" not in answer.text


def test_a_parent_stays_while_children_live_and_private_ones_are_not_named(retail):
    retail.create("secret_plan", "dev_kitchen", by="padma", shared=False)
    retail.put("zoe", "head", in_="dev_kitchen", by="padma")
    answer = retail.ask("DELETE", "/kitchens/dev_kitchen", by="zoe")
    assert answer.status_code == 409
    assert "secret_plan" not in answer.text
    assert "a private one" in answer.json()["detail"]
    answer = retail.ask("DELETE", "/kitchens/dev_kitchen", by="padma")
    assert answer.json()["children"] == ["secret_plan"]


def test_a_refusal_never_lists_kitchens():
    from starlette.requests import Request

    from airflow_dataops.errors import KitchenNotFound
    from airflow_dataops.web.problems import _of_ours

    # As the tables say it when a kitchen goes between two of our questions.
    error = KitchenNotFound("dev_kitchen", ["demo_dev", "secret_plan"])
    answer = _of_ours(Request({"type": "http"}), error)
    assert answer.status_code == 404
    assert b"secret_plan" not in answer.body
    assert b"dev_kitchen" in answer.body


def test_two_projects_live_in_one_cluster(retail):
    write_environments(retail.file, retail.origins, bank={"owner": "bella"})
    retail.create("demo_bank", None, by="bella")
    retail.create("ledger", "demo_bank", by="bella")
    retail.create("sales", "demo_dev", by="padma")
    banking, shop = (retail.origins[p].branches() for p in ("banking", "retail"))
    assert ("ledger" in banking, "sales" in banking) == (True, False)
    assert ("ledger" in shop, "sales" in shop) == (False, True)
    shown = retail.ask("GET", "/kitchens/ledger", by="bella").json()
    assert (shown["project"], shown["environment"]) == ("banking", "bank")
    # Names are one namespace: DAGs of both projects live side by side.
    body = {"name": "sales", "parent": "demo_bank"}
    assert retail.ask("POST", "/kitchens", by="bella", json=body).status_code == 409
    # Nobody crosses, not even who may work on both sides.
    retail.put("bella", "cook", in_="demo_dev", by="chris")
    body = {"name": "mixed", "parent": "demo_dev", "environment": "bank"}
    answer = retail.ask("POST", "/kitchens", by="bella", json=body)
    assert answer.status_code == 422
    assert "belongs to project 'retail'" in answer.json()["detail"]


def test_a_kitchen_whose_environment_is_declared_no_more_is_shown_to_nobody(retail):
    text = retail.file.read_text().replace("development:", "renamed:")
    retail.file.write_text(text.replace("demo_dev", "renamed_base"))
    assert retail.names(by="chris") == ["demo_production"]
    assert retail.ask("GET", "/kitchens/dev_kitchen", by="padma").status_code == 404


def test_a_broken_environments_file_is_no_news_for_strangers(retail):
    retail.file.write_text("projects: {retail: 5}")
    answer = retail.ask("GET", "/kitchens", by="stan")
    assert answer.status_code == 503
    assert str(retail.file) not in answer.text


def test_a_git_host_that_refuses_is_said_and_the_next_try_goes_on(retail):
    path = retail.origins["retail"].path
    moved = path.rename(path.with_suffix(".away"))
    answer = retail.ask("POST", "/kitchens", by="padma", json={"name": "new", "parent": "demo_dev"})
    assert answer.status_code == 502
    moved.rename(path)
    operation = retail.create("new", "demo_dev", by="padma")
    assert operation["progress"] == "done"


def test_a_fault_of_ours_is_answered_without_its_words(retail, caplog):
    from sqlalchemy import text

    with retail.engine.begin() as connection:
        connection.execute(text("alter table dataops_kitchen rename to gone"))
    answer = retail.ask("GET", "/kitchens", by="stan")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert "dataops_kitchen" not in answer.text
    assert "GET /dataops/api/v1/kitchens failed" in caplog.text


def test_of_many_who_want_one_name_one_gets_it(retail):
    answers = []

    def ask():
        body = {"name": "wanted", "parent": "demo_dev"}
        answers.append(retail.ask("POST", "/kitchens", by=names.pop(), json=body).status_code)

    names = [f"cook{n}" for n in range(6)]
    for name in names:
        retail.put(name, "cook", in_="demo_dev", by="chris")
    threads = [Thread(target=ask) for _ in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [202] + [409] * 5


def test_a_refresh_has_the_branch_read_at_once(retail):
    from sqlalchemy import text

    with retail.engine.begin() as connection:
        connection.execute(text("delete from dag_priority_parsing_request"))
    assert retail.ask("POST", "/kitchens/dev_kitchen/refresh", by="carl").status_code == 204
    with retail.engine.connect() as connection:
        [asked] = connection.scalars(
            text("select relative_fileloc from dag_priority_parsing_request")
        )
    assert asked == "dev_kitchen/dataops_kitchen.py"


def test_environments_are_shown_without_their_vaults(retail):
    listed = retail.ask("GET", "/environments", by="stan").json()
    assert [environment["name"] for environment in listed] == [
        "bank",
        "development",
        "lab",
        "production",
    ]
    shown = retail.ask("GET", "/environments/production", by="stan").json()
    assert (shown["owner"], shown["protected"], shown["base_kitchen"]) == (
        "eric",
        True,
        "demo_production",
    )
    assert "NO_PRODUCTION_ROLE" not in str(listed)
    assert retail.ask("GET", "/environments/staging", by="stan").status_code == 404


def _lab_owned_by(site, who):
    write_environments(site.file, site.origins, lab={"owner": who})
