"""What is on its way into an environment, through the REST API."""

# ruff: noqa: F811 - a fixture is an argument of what uses it

from __future__ import annotations

import pytest

from tests.web.test_merge_gate import PROFIT, SEEN, edit, run, tested  # noqa: F401
from tests.web.test_merges import UP, ask, push, street, tip  # noqa: F401
from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
INTO = "/environments/development/release"


def coming(site, *, by="chris", into=INTO):
    found = ask(site, "GET", into, by=by)
    return {one["kitchen"]: one for one in found["deliveries"]}


def waits(found):
    return [(one["what"], one["on"]) for one in found["waiting"]]


def test_nothing_is_on_its_way_where_nothing_is_new(tested):
    found = coming(tested)["dev_kitchen"]
    assert (found["into"], found["number"], found["commits"]) == ("demo_dev", 0, [])
    assert found["pipelines"] == found["waiting"] == []


def test_what_is_new_is_told_with_its_commits_pipelines_and_who_has_it(tested):
    ask(tested, "PATCH", "/kitchens/dev_kitchen", ticket="DATA-117")
    commit = edit(tested)
    found = coming(tested)["dev_kitchen"]
    assert (found["number"], found["conflicts"], found["ticket"]) == (1, 0, "DATA-117")
    [listed] = found["commits"]
    assert (listed["id"], listed["author"], listed["title"]) == (commit, "Padma", "Change")
    [pipeline] = found["pipelines"]
    assert (pipeline["pipeline"], pipeline["change"], pipeline["standing"]) == (
        "profit", "changed", None,
    )  # fmt: skip
    # chris owns the environment; padma is the head, and carl a cook.
    assert waits(found) == [("tests", ["chris", "carl", "padma"])]
    run_id = run(tested)
    found = coming(tested)["dev_kitchen"]
    [pipeline] = found["pipelines"]
    assert (pipeline["standing"], pipeline["evidence"]["run_id"]) == ("green", run_id)
    assert pipeline["evidence"]["run_page"].endswith(run_id)
    assert waits(found) == [("merge up", ["chris", "padma"])]
    ask(tested, "POST", UP, by="chris", acknowledged=SEEN)
    assert coming(tested)["dev_kitchen"]["number"] == 0
    # From here on it is on its way into production, where its owner alone merges.
    found = coming(tested, into="/environments/production/release", by="eric")["demo_dev"]
    assert {one["pipeline"]: one["change"] for one in found["pipelines"]} == {
        "profit": "changed", "churn": "new",
    }  # fmt: skip
    assert found["number"] == 4


def test_what_is_behind_its_parent_waits_to_be_merged_down_and_conflicts_are_counted(tested):
    edit(tested)
    push(tested, "demo_dev", {PROFIT: "something else\n"})
    found = coming(tested)["dev_kitchen"]
    assert (found["conflicts"], found["pipelines"]) == (1, [])
    assert waits(found) == [("merge down", ["chris", "carl", "padma"])]
    ask(tested, "POST", "/kitchens/dev_kitchen/merge/down")
    assert waits(coming(tested)["dev_kitchen"])[0][0] == "decisions about conflicts"


def test_a_pipeline_that_goes_is_told_and_needs_no_tests(tested):
    before = tip(tested, "dev_kitchen")
    tested.origin._git("-C", tested.origin.work, "rm", "-rq", "pipelines/churn")
    push(tested, "dev_kitchen", {})
    assert tip(tested, "dev_kitchen") != before
    found = coming(tested)["dev_kitchen"]
    assert [(one["pipeline"], one["change"]) for one in found["pipelines"]] == [
        ("churn", "removed")
    ]
    assert waits(found)[0][0] == "merge up"


def test_schedules_that_nobody_has_enabled_wait_for_those_who_may(tested):
    declare(tested, "demo_production.profit")
    found = ask(tested, "GET", "/environments/production/release", by="eric")["schedules"]
    [one] = found
    assert (one["schedule"]["pipeline"], one["schedule"]["state"]) == ("profit", "inert")
    assert (one["waiting"]["what"], one["waiting"]["on"]) == ("enabling", ["eric"])
    enable = "/kitchens/demo_production/schedules/profit/enable"
    ask(tested, "POST", enable, by="eric")
    assert ask(tested, "GET", "/environments/production/release", by="eric")["schedules"] == []


def test_kitchens_that_one_may_not_see_are_not_told_of(tested):
    tested.create("secret", "demo_dev", by="chris", shared=False)
    assert set(coming(tested, by="chris")) >= {"secret", "dev_kitchen"}
    assert "secret" not in coming(tested, by="padma")


def test_an_environment_that_nobody_declared_is_told(tested):
    refused = ask(tested, "GET", "/environments/moon/release", by="eric", status=404)
    assert "no release environment named 'moon'" in refused["detail"]
