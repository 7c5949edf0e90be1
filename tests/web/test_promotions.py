"""The evidence of a merge in one piece, through the REST API: also when all else is gone."""

# ruff: noqa: F811 - a fixture is an argument of what uses it
from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from sqlalchemy import text

from tests.web.promotions import (  # noqa: F401 - fixtures
    ENABLE,
    PRODUCTION,
    promote,
    promoted,
    promoted_installation,
    revert,
    run_in_production,
)
from tests.web.test_merge_gate import ALONE, PROFIT, SEEN, kitchen
from tests.web.test_merges import ask, push, tip
from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


GONE = (
    "delete from task_instance where dag_id like :which",
    "delete from dag_run where dag_id like :which",
    "delete from dag_tag where dag_id like :which",
    "delete from dag where dag_id like :which",
)


def export(site, merge, *, by="eric", name="demo_production", status=200, **query):
    place = f"/kitchens/{name}/merges/{merge['id']}/evidence"
    answer = site.ask("GET", place, by=by, params=query)
    assert answer.status_code == status, answer.text
    return answer if query else answer.json()


def test_all_that_is_known_of_a_merge_is_in_one_piece(promoted):
    declare(promoted, "demo_production.profit", "changed schedule: 0 7 * * 1 America/Chicago")
    ask(promoted, "POST", ENABLE, by="eric", reason="the first week was green")
    run_in_production(promoted)
    found = export(promoted, promoted.merge)
    assert (found["kitchen"], found["merged"], found["direction"]) == (
        "demo_production", "demo_dev", "up",
    )  # fmt: skip
    code = found["code"]
    for side, commit in (("before", "ours"), ("merged", "theirs"), ("after", "commit")):
        tree = promoted.origin.bare("rev-parse", f"{promoted.merge[commit]}^{{tree}}")
        assert code[side] == {"commit": promoted.merge[commit], "tree": tree}
    assert code["number"] == 2
    assert [one["path"] for one in code["files"]] == [PROFIT]
    assert found["grounds"]["overridden"].startswith("profit: never tested")
    assert found["grounds"]["acknowledged"] == SEEN[0]
    [pipeline] = found["pipelines"]
    [run] = pipeline["runs"]
    assert (pipeline["pipeline"], pipeline["change"]) == ("profit", "changed")
    assert (run["said"]["standing"], run["said"]["input_tree"]) == (
        "green", pipeline["input_tree"],
    )  # fmt: skip
    assert [(t["stage"], t["test"], t["outcome"]) for t in run["said"]["tests"]] == [
        ("load", "rows", "pass")
    ]
    assert run["link"]["is_there"] is True
    assert [(one["by"], one["action"]) for one in found["deeds"]] == [
        ("eric", "override gate"), ("eric", "merge up"), ("eric", "enable schedule"),
    ]  # fmt: skip
    timings = found["timings"]
    assert timings["merging_seconds"] >= 0
    assert (
        timings["enabled_seconds"]
        == (
            datetime.fromisoformat(timings["first_enabled_at"])
            - datetime.fromisoformat(timings["merged_at"])
        ).total_seconds()
    )
    canonical = json.dumps({**found, "digest": ""}, sort_keys=True, separators=(",", ":"))
    assert found["digest"] == sha256(canonical.encode()).hexdigest()


class _Links(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.found.append(dict(attrs)["href"])


def test_it_outlives_kitchen_dag_and_runs_and_its_links_say_so(promoted):
    """dev_kitchen's work goes into demo_dev; then everything about dev_kitchen goes."""
    ask(promoted, "POST", "/kitchens/dev_kitchen/merge/down")
    push(promoted, "dev_kitchen", {PROFIT: ALONE.format("profit", 9)})
    from tests.evidence_fixtures import publish, run_tests
    from tests.registry.airflow_rows import add_dag

    add_dag(promoted.engine, "dev_kitchen.profit", bundle="kitchens-development")
    cook = kitchen()
    version = publish(promoted.copy, promoted.origin.url, {cook: tip(promoted, cook.branch)})
    run_id = run_tests(promoted.engine, cook, version, "profit")
    done = {"acknowledged": SEEN}
    ask(promoted, "POST", "/kitchens/dev_kitchen/merge/up", by="chris", **done)
    merge = ask(promoted, "GET", "/kitchens/demo_dev/merges", by="chris")[0]
    before = export(promoted, merge, by="chris", name="demo_dev")
    page = export(promoted, merge, by="chris", name="demo_dev", format="html").text
    [run] = before["pipelines"][0]["runs"]
    assert run["link"]["href"] in _Links(page).found

    promoted.delete("dev_kitchen", by="padma")
    with promoted.engine.begin() as connection:
        for query in GONE:
            connection.execute(text(query), {"which": "dev_kitchen.%"})
        query = "update dataops_kitchen set deleted_at = :now where name = 'dev_kitchen'"
        connection.execute(text(query), {"now": "2026-11-01 00:00:00.000000"})

    after = export(promoted, merge, by="chris", name="demo_dev")
    [run] = after["pipelines"][0]["runs"]
    assert (run["said"]["run_id"], run["said"]["standing"]) == (run_id, "green")
    assert run["link"]["is_there"] is False
    assert {one["said"]: one["is_there"] for one in after["links"]} == {
        "kitchen demo_dev is there": True, "kitchen dev_kitchen is gone": False,
    }  # fmt: skip
    changing = ("exported_at", "links", "digest", "pipelines")
    assert {k: v for k, v in after.items() if k not in changing} == {
        k: v for k, v in before.items() if k not in changing
    }
    page = export(promoted, merge, by="chris", name="demo_dev", format="html").text
    assert run["link"]["href"] not in _Links(page).found
    assert "the run is gone from Airflow; this is kept" in page
    assert run_id in page


def test_it_is_kept_when_the_repository_has_the_commits_no_more(promoted):
    before = export(promoted, promoted.merge)
    promoted.origin.path.rename(promoted.origin.path.with_suffix(".away"))
    assert export(promoted, promoted.merge)["code"] == before["code"]


def test_a_janitor_keeps_it_and_forgets_it_in_its_time(promoted, monkeypatch):
    headers = promoted.task_bearer(promoted.platform_task("production", "janitor"))

    def look():
        assert promoted.ask("POST", "/task/janitor", headers=headers).status_code == 200
        with promoted.engine.connect() as connection:
            query = text("select count(*) from dataops_promotion where facts != ''")
            kept = connection.scalar(query)
            return kept, connection.scalar(text("select count(*) from dataops_evidence"))

    assert look() == (2, 1)
    with promoted.engine.begin() as connection:
        past = (datetime.now(tz=UTC) - timedelta(days=100)).strftime("%Y-%m-%d %H:%M:%S.%f")
        connection.execute(text("update dataops_merge set ended_at = :past"), {"past": past})
        connection.execute(text("update dataops_evidence set ended_at = :past"), {"past": past})
        connection.execute(text(GONE[1]), {"which": "demo_production.%"})
    assert look() == (2, 1)
    monkeypatch.setenv("AIRFLOW__DATAOPS__KEEP_EVIDENCE_DAYS", "90")
    assert look() == (0, 0)
    assert look() == (0, 0)


def test_a_merge_that_was_taken_back_says_by_whom(promoted):
    done = revert(promoted, promoted.merge, reason="wrong numbers")["revert"]
    found = export(promoted, promoted.merge)
    assert (found["taken_back_by"], found["deeds"][-1]["action"]) == ("eric", "revert merge")
    assert [one["reason"] for one in found["deeds"] if one["action"] == "revert merge"] == [
        "wrong numbers"
    ]
    again = export(promoted, done)
    assert (again["reverts"], again["code"]["after"]["tree"]) == (
        promoted.merge["id"], found["code"]["before"]["tree"],
    )  # fmt: skip


def test_what_people_wrote_is_no_code_in_the_page(promoted):
    said = "<script>alert(1)</script>"
    push(promoted, "demo_dev", {PROFIT: ALONE.format("profit", 5)})
    hurry = {"acknowledged": SEEN, "override": True, "reason": said}
    ask(promoted, "POST", "/kitchens/demo_dev/merge/up", by="eric", **hurry)
    merge = ask(promoted, "GET", f"{PRODUCTION}/merges", by="eric")[0]
    answer = export(promoted, merge, format="html")
    assert answer.headers["content-disposition"].startswith("attachment; ")
    assert "<script" not in answer.text
    assert "&lt;script&gt;" in answer.text


def test_what_is_not_there_or_not_over_is_told(promoted):
    refused = promoted.ask("GET", f"{PRODUCTION}/merges/none-such/evidence", by="eric")
    assert refused.status_code == 404
    assert "no merge into demo_production has the id 'none-such'" in refused.text
    push(promoted, "demo_dev", {PROFIT: "theirs\n"})
    push(promoted, "dev_kitchen", {PROFIT: "ours\n"})
    ask(promoted, "POST", "/kitchens/dev_kitchen/merge/down")
    draft = ask(promoted, "GET", "/kitchens/dev_kitchen/merges")[0]
    refused = promoted.ask(
        "GET", f"/kitchens/dev_kitchen/merges/{draft['id']}/evidence", by="padma"
    )
    assert (refused.status_code, "nothing was promoted" in refused.text) == (404, True)


def test_a_kitchens_name_is_its_staffs_alone_here_too(promoted):
    """A private kitchen's run is evidence of production's files."""
    first = ask(promoted, "GET", f"{PRODUCTION}/merges", by="eric")[-1]
    assert "demo_production" in json.dumps(export(promoted, first, by="stan")["pipelines"])
    with promoted.engine.begin() as connection:
        connection.execute(text(GONE[0]), {"which": "demo_production.%"})
        connection.execute(text(GONE[1]), {"which": "demo_production.%"})
        query = "update dataops_evidence set kitchen = 'secret', dag_id = 'secret.profit'"
        connection.execute(text(query))
    found = export(promoted, first, by="stan")
    told = json.dumps(found["pipelines"])
    assert '"another kitchen"' in told
    assert "secret" not in told
