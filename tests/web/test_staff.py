"""The staff of a kitchen through the REST API."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from tests.web.conftest import write_environments

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def staff(site, kitchen="dev_kitchen"):
    listed = site.ask("GET", f"/kitchens/{kitchen}/staff", by="chris").json()
    return {member["who"]: member["role"] for member in listed}


def test_whoever_is_put_on_the_staff_may_work_at_once(retail):
    body = {"parent": "dev_kitchen", "name": "new"}
    assert retail.ask("POST", "/kitchens", by="stan", json=body).status_code == 403
    answer = retail.ask(
        "PUT", "/kitchens/dev_kitchen/staff/stan", by="padma", json={"role": "cook"}
    )
    assert answer.json() == {"who": "stan", "role": "cook"}
    assert retail.ask("POST", "/kitchens", by="stan", json=body).status_code == 202


def test_another_role_takes_the_place_of_the_first(retail):
    retail.put("carl", "guest", in_="dev_kitchen", by="padma")
    assert staff(retail) == {"carl": "guest", "gus": "guest", "padma": "head"}


@pytest.mark.parametrize(
    "who", ["role:data engineers", "zoe@example.com", "Zoé O'Hara", "role:Ops+Dev"]
)
def test_names_survive_their_way_through_an_address(retail, who):
    address = f"/kitchens/dev_kitchen/staff/{quote(who, safe='')}"
    assert retail.ask("PUT", address, by="padma", json={"role": "cook"}).status_code == 200
    assert staff(retail)[who] == "cook"
    assert retail.ask("DELETE", address, by="padma").status_code == 204
    assert who not in staff(retail)


def test_whoever_is_not_on_the_staff_is_removed_without_a_word(retail):
    assert retail.ask("DELETE", "/kitchens/dev_kitchen/staff/zoe", by="padma").status_code == 204


def test_the_last_head_stays_where_no_owner_stands_in(retail):
    write_environments(retail.file, retail.origins, development={"owner": None})
    for method, body in (("DELETE", None), ("PUT", {"role": "cook"})):
        answer = retail.ask(method, "/kitchens/dev_kitchen/staff/padma", by="padma", json=body)
        assert answer.status_code == 422
        assert "without a head" in answer.json()["detail"]
    retail.put("carl", "head", in_="dev_kitchen", by="padma")
    assert retail.ask("DELETE", "/kitchens/dev_kitchen/staff/padma", by="padma").status_code == 204
    assert retail.ask("GET", "/me", by="carl").json()["kitchens"]["dev_kitchen"] == "head"


def test_an_owner_may_be_left_alone_with_a_kitchen(retail):
    assert retail.ask("DELETE", "/kitchens/dev_kitchen/staff/padma", by="chris").status_code == 204
    assert retail.ask("PATCH", "/kitchens/dev_kitchen", by="chris", json={}).status_code == 200


def test_a_kitchen_that_is_being_deleted_keeps_its_staff(retail):
    write_environments(retail.file, retail.origins, lab={"owner": "chris"})
    retail.create("demo_lab", "demo_dev", by="chris")
    retail.create("in_lab", "demo_dev", by="chris", environment="lab")
    answer = retail.ask("DELETE", "/kitchens/in_lab", by="chris")
    assert answer.json()["progress"] == "running"
    answer = retail.ask("PUT", "/kitchens/in_lab/staff/zoe", by="chris", json={"role": "cook"})
    assert answer.status_code == 409
    assert answer.json()["state"] == "deleting"


def test_what_is_done_to_a_staff_stands_in_the_history(retail):
    answer = retail.ask("DELETE", "/kitchens/dev_kitchen/staff/gus?reason=left us", by="padma")
    assert answer.status_code == 204
    newest = retail.ask("GET", "/kitchens/dev_kitchen/history", by="padma").json()[0]
    assert (newest["action"], newest["by"], newest["reason"]) == ("staff", "padma", "left us")
    assert newest["details"] == {"who": "gus", "role": "none"}
