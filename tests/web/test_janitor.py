"""The janitor's round over real tables and repositories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from tests.web.conftest import write_environments

pytestmark = [
    pytest.mark.airflow,
    # One of Airflow's libraries imports Starlette's test client with the server.
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
QUIET = {"warned": [], "deleted": [], "resumed": [], "waiting": {}, "failed": {}}


@pytest.fixture
def make_round(retail):
    def make_round(environment="development"):
        headers = retail.task_bearer(retail.platform_task(environment, "janitor"))
        answer = retail.ask("POST", "/task/janitor", headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    return make_round


def create_ending(site, name, *, days, parent="demo_dev", **how):
    """A temporary kitchen; its end is put into the past where it has to be."""
    ends_at = datetime.now(tz=UTC) + timedelta(days=max(days, 1))
    site.create(name, parent, by="padma", ends_at=ends_at.isoformat(), **how)
    if days < 1:
        past = (datetime.now(tz=UTC) + timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
        with site.engine.begin() as connection:
            connection.execute(
                text("update dataops_kitchen set ends_at = :end where name = :name"),
                {"end": past, "name": name},
            )


def test_nothing_is_due(make_round):
    assert make_round() == QUIET


def test_a_kitchen_near_its_end_is_warned_about_once(retail, make_round):
    create_ending(retail, "soon", days=2)
    create_ending(retail, "later", days=9)
    assert make_round() == {**QUIET, "warned": ["soon"]}
    assert make_round() == QUIET
    [told] = [
        entry
        for entry in retail.ask("GET", "/kitchens/soon/history", by="padma").json()
        if entry["action"] == "ends soon"
    ]
    assert (told["by"], told["source"]) == ("janitor", "janitor")
    shown = {k["name"]: k["ends_soon"] for k in retail.ask("GET", "/kitchens", by="padma").json()}
    assert (shown["soon"], shown["later"]) == (True, False)


def test_another_end_is_another_warning(retail, make_round):
    create_ending(retail, "soon", days=2)
    make_round()
    ends_at = (datetime.now(tz=UTC) + timedelta(days=1)).isoformat()
    retail.ask("PATCH", "/kitchens/soon", by="padma", json={"ends_at": ends_at})
    assert make_round()["warned"] == ["soon"]


def test_how_soon_is_a_setting(retail, make_round, monkeypatch):
    create_ending(retail, "soon", days=9)
    monkeypatch.setenv("AIRFLOW__DATAOPS__WARN_BEFORE_END_DAYS", "10")
    assert make_round()["warned"] == ["soon"]


def test_a_kitchen_past_its_end_is_deleted_and_pinned_ones_stay(retail, make_round):
    create_ending(retail, "over", days=-1)
    create_ending(retail, "pinned", days=-1, pinned=True)
    assert make_round() == {**QUIET, "deleted": ["over"]}
    names = retail.names(by="padma")
    assert ("over" in names, "pinned" in names) == (False, True)
    assert "over" not in retail.origins["retail"].branches()
    done = retail.ask("GET", "/audit?kitchen=over", by="padma").json()[0]
    assert (done["action"], done["by"]) == ("deleted", "janitor")
    assert done["reason"].startswith("it ended at ")


def test_a_kitchen_with_children_waits_for_them(retail, make_round):
    create_ending(retail, "over", days=-1)
    retail.create("child", "over", by="padma")
    assert make_round() == {**QUIET, "waiting": {"over": ["child"]}}
    retail.delete("child", by="padma")
    assert make_round()["deleted"] == ["over"]


def test_a_family_goes_from_its_youngest(retail, make_round):
    create_ending(retail, "a_parent", days=-1)
    create_ending(retail, "b_child", days=-1, parent="a_parent")
    create_ending(retail, "c_grandchild", days=-1, parent="b_child")
    assert make_round()["deleted"] == ["c_grandchild", "b_child", "a_parent"]


def test_kitchens_of_other_environments_are_left_alone(retail, make_round):
    create_ending(retail, "over", days=-1)
    assert make_round("production") == QUIET
    assert "over" in retail.names(by="padma")


def test_a_base_kitchen_stays_whatever_its_end(retail, make_round):
    with retail.engine.begin() as connection:
        connection.execute(text("update dataops_kitchen set ends_at = '2020-01-01 00:00:00'"))
    make_round()
    assert {"demo_dev", "demo_production"} <= set(retail.names(by="padma"))


def test_an_operation_that_nobody_works_for_goes_on(retail, make_round):
    write_environments(retail.file, retail.origins, lab={"owner": "chris"})
    operation = retail.create("demo_lab", "demo_dev", by="chris")
    assert make_round("lab") == QUIET
    retail.workers.alive.clear()
    assert make_round("lab") == {**QUIET, "resumed": ["demo_lab"]}
    assert retail.workers.started == [(operation["id"], 1), (operation["id"], 2)]


def test_one_kitchens_trouble_keeps_no_other_from_its_end(retail, make_round):
    create_ending(retail, "a_stuck", days=-1)
    create_ending(retail, "b_over", days=-1)
    hook = retail.origins["retail"].path / "hooks" / "update"
    hook.write_text('#!/bin/sh\n[ "$1" = refs/heads/a_stuck ] && exit 1\nexit 0\n')
    hook.chmod(0o755)
    done = make_round()
    assert done["deleted"] == ["b_over"]
    assert list(done["failed"]) == ["a_stuck"]
    hook.unlink()
    assert make_round()["resumed"] == ["a_stuck"]
    assert "a_stuck" not in retail.names(by="padma")
