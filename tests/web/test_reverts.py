"""Merges taken back through the REST API, as one unit with what people did because of them."""

# ruff: noqa: F811 - a fixture is an argument of what uses it
from __future__ import annotations

import os
import signal
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.staff import Person
from airflow_dataops.services import merging
from tests.web.dying import in_child
from tests.web.promotions import (  # noqa: F401 - fixtures
    ENABLE,
    PRODUCTION,
    REASON,
    learnt_from,
    merges,
    plan,
    promote,
    promoted,
    promoted_installation,
    revert,
    run_in_production,
    state,
    use,
)
from tests.web.test_merge_gate import ALONE, PROFIT, SEEN, kitchen
from tests.web.test_merges import ask, file_at, push, tip
from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


def test_a_merge_is_taken_back_as_one_unit_within_a_minute(promoted):
    use(promoted)
    used = state(promoted)
    assert used["learnt from"] != promoted.before["learnt from"]
    began = time.monotonic()
    done = revert(promoted, promoted.merge, reason=REASON)
    assert time.monotonic() - began < 60
    # Airflow reads the code again, which says the old schedule.
    declare(promoted, "demo_production.profit")
    after = state(promoted)
    # What was measured meanwhile is left out, which a note of the revert's own says.
    [note] = [one for one in after.pop("acts") if one not in promoted.before["acts"]]
    assert note.reason == f"the merge was taken back: {REASON}"
    assert after == {name: v for name, v in promoted.before.items() if name != "acts"}
    assert done["is_new"] is True
    commit = done["revert"]["commit"]
    assert tip(promoted, "main") == commit
    assert promoted.origin.bare("log", "-1", "--format=%P|%an|%s", commit) == (
        f"{promoted.merge['commit']}|eric|Revert the merge of demo_dev into demo_production"
    )
    entries = ask(promoted, "GET", f"{PRODUCTION}/history", by="eric")[:3]
    assert {(one["by"], one["action"], one["reason"]) for one in entries} == {
        ("eric", "revert merge", REASON),
        ("eric", "enable schedule", REASON),
        ("eric", "change", REASON),
    }


def test_the_plan_says_what_is_now_and_then_and_changes_nothing(promoted):
    use(promoted)
    before, refs = state(promoted), promoted.origin.bare("for-each-ref")
    found = plan(promoted, promoted.merge)
    assert (found["merged"], found["later"], found["conflicts"]) == ("demo_dev", 0, [])
    assert found["tree"] == promoted.before["tree"]
    assert [(one["path"], one["change"]) for one in found["files"]] == [(PROFIT, "changed")]
    [pipeline] = found["pipelines"]
    # The files of before the merge were tested in production.
    assert (pipeline["pipeline"], pipeline["standing"]) == ("profit", "green")
    [step] = found["schedules"]
    assert (step["now"], step["then"], step["left"]) == (
        "0 7 * * 1 America/Chicago", "0 6 * * 1 America/Chicago", "",
    )  # fmt: skip
    assert [one["reason"] for one in found["baselines"]] == ["new prices"]
    assert found["left_out"] == [{"pipeline": "profit", "stage": "load"}]
    assert (found["channel_now"], found["channel_then"]) == ("#profit-watch", None)
    assert (state(promoted), promoted.origin.bare("for-each-ref")) == (before, refs)


def test_a_revert_is_taken_back_in_the_same_way(promoted):
    use(promoted)
    used = state(promoted)
    first = revert(promoted, promoted.merge)["revert"]
    again = revert(promoted, first)["revert"]
    assert state(promoted) == used
    listed = {one["id"]: one for one in merges(promoted)}
    assert listed[again["id"]]["reverts"] == first["id"]
    assert listed[first["id"]]["reverts"] == promoted.merge["id"]
    assert listed[first["id"]]["reverted_by"] == again["id"]
    # The merge holds again, and can be taken back again.
    assert listed[promoted.merge["id"]]["reverted_by"] is None
    third = revert(promoted, promoted.merge)
    assert third["is_new"] is True
    assert tip(promoted, "main") == third["revert"]["commit"]
    assert state(promoted)["tree"] == promoted.before["tree"]


def test_asked_again_it_is_done_once(promoted):
    first = revert(promoted, promoted.merge)
    entries = len(ask(promoted, "GET", f"{PRODUCTION}/history", by="eric"))
    second = revert(promoted, promoted.merge)
    assert (second["is_new"], second["plan"]) == (False, None)
    assert second["revert"]["id"] == first["revert"]["id"]
    assert len(ask(promoted, "GET", f"{PRODUCTION}/history", by="eric")) == entries
    assert plan(promoted, promoted.merge)["reverted_by"] == first["revert"]["id"]


def test_what_came_later_stays(promoted):
    later = push(promoted, "demo_dev", {"pipelines/late/pipeline.py": ALONE.format("late", 1)})
    hurry = {"acknowledged": SEEN, "override": True, "reason": "no time"}
    ask(promoted, "POST", "/kitchens/demo_dev/merge/up", by="eric", **hurry)
    found = plan(promoted, promoted.merge)
    assert found["later"] == 2
    commit = revert(promoted, promoted.merge)["revert"]["commit"]
    assert "number = 1" in file_at(promoted, commit)
    assert file_at(promoted, commit, "pipelines/late/pipeline.py") == file_at(
        promoted, later, "pipelines/late/pipeline.py"
    )


def test_what_was_changed_again_since_is_in_the_way(promoted):
    promote(promoted, 3)
    before = state(promoted), merges(promoted)
    assert [one["path"] for one in plan(promoted, promoted.merge)["conflicts"]] == [PROFIT]
    refused = revert(promoted, promoted.merge, status=409)
    assert refused["missing"] == [
        f"{PROFIT} (edit/edit) was changed again since",
        "take the later merges back first, or put it right in a kitchen below",
    ]
    assert (state(promoted), merges(promoted)) == before


def test_a_schedule_that_was_there_before_and_is_another_pipelines_stays(promoted):
    declare(promoted, "demo_production.churn")
    ask(promoted, "POST", f"{PRODUCTION}/schedules/churn/enable", by="eric")
    revert(promoted, promoted.merge)
    found = ask(promoted, "GET", f"{PRODUCTION}/schedules", by="eric")
    assert {one["pipeline"]: one["state"] for one in found} == {
        "profit": "enabled", "churn": "enabled",
    }  # fmt: skip


def test_a_schedule_that_was_enabled_for_the_merge_is_not_any_more(promoted):
    push(promoted, "demo_dev", {"pipelines/loss/pipeline.py": ALONE.format("loss", 1)})
    merge = promote(promoted, 2)
    declare(promoted, "demo_production.loss")
    ask(promoted, "POST", f"{PRODUCTION}/schedules/loss/enable", by="eric")
    [step] = plan(promoted, merge)["schedules"]
    assert (step["pipeline"], step["now"], step["then"]) == (
        "loss", "0 6 * * 1 America/Chicago", None,
    )  # fmt: skip
    revert(promoted, merge)
    found = ask(promoted, "GET", f"{PRODUCTION}/schedules", by="eric")
    # The pipeline came with the merge, and went with it.
    assert {one["pipeline"]: one["state"] for one in found} == {"profit": "enabled"}


def test_who_may_not_enable_a_schedule_does_not_enable_it_again_by_a_revert(promoted):
    """In development, chris owns everything and carl alone enables schedules."""
    ask(promoted, "POST", "/kitchens/dev_kitchen/merge/down")
    push(promoted, "dev_kitchen", {PROFIT: ALONE.format("profit", 9)})
    declare(promoted, "demo_dev.profit")
    enable = "/kitchens/demo_dev/schedules/profit"
    ask(promoted, "POST", f"{enable}/enable", by="carl")
    hurry = {"acknowledged": SEEN, "override": True, "reason": "no time"}
    ask(promoted, "POST", "/kitchens/dev_kitchen/merge/up", by="chris", **hurry)
    merge = ask(promoted, "GET", "/kitchens/demo_dev/merges", by="chris")[0]
    ask(promoted, "POST", f"{enable}/disable", by="chris", status=204)
    place = f"/kitchens/demo_dev/merges/{merge['id']}/revert"
    [step] = ask(promoted, "GET", place, by="chris")["schedules"]
    assert "chris may not enable the schedule of demo_dev.profit" in step["left"]
    ask(promoted, "POST", place, by="chris", reason="no time at all")
    [found] = ask(promoted, "GET", "/kitchens/demo_dev/schedules", by="chris")
    assert found["state"] == "inert"


def test_what_is_not_known_to_be_green_is_gone_back_to_for_a_reason_that_is_kept(promoted):
    first = revert(promoted, promoted.merge)["revert"]
    before = tip(promoted, "main")
    # Taken back again it is what nobody has run in production since.
    refused = revert(promoted, first, reason=None, status=422)
    assert "as they are not known to be green: profit; give a reason" in refused["detail"]
    assert tip(promoted, "main") == before
    revert(promoted, first, reason="it was not the code")
    entries = ask(promoted, "GET", f"{PRODUCTION}/history", by="eric")
    told = next(one for one in entries if one["action"] == "override gate")
    assert (told["by"], told["reason"]) == ("eric", "it was not the code")
    assert told["details"]["overridden"] == "profit: not green as it is then"


def test_work_comes_back_by_taking_the_merge_down_back_that_brought_its_revert(promoted):
    revert(promoted, promoted.merge)
    ask(promoted, "POST", "/kitchens/demo_dev/merge/down", by="chris")
    assert "number = 1" in file_at(promoted, tip(promoted, "demo_dev"))
    down = merges(promoted, "demo_dev")[0]
    revert(promoted, down, by="chris", name="demo_dev")
    assert "number = 2" in file_at(promoted, tip(promoted, "demo_dev"))
    hurry = {"acknowledged": SEEN, "override": True, "reason": "it was not the code"}
    done = ask(promoted, "POST", "/kitchens/demo_dev/merge/up", by="eric", **hurry)
    assert "number = 2" in file_at(promoted, done["commit"])


@pytest.mark.parametrize(
    ("by", "status", "says"),
    [
        ("chris", 403, "chris may not take back a merge into kitchen 'demo_production'"),
        ("ada", 403, "its owner is eric"),
    ],
)
def test_production_is_its_owners_to_take_back(promoted, by, status, says):
    refused = revert(promoted, promoted.merge, by=by, status=status)
    assert says in refused["detail"]


def test_a_merge_that_is_not_there_or_moved_is_told(promoted):
    refused = revert(promoted, {"id": "none-such"}, status=404)
    assert "airflow dataops merge history demo_production lists them" in refused["detail"]
    seen = plan(promoted, promoted.merge)["ours"]
    push(promoted, "main", {"b.txt": "behind our back"})
    refused = revert(promoted, promoted.merge, ours=seen, status=409)
    assert "somebody pushed to branch 'main' meanwhile" in refused["detail"]
    promoted.origin.bare("update-ref", "refs/heads/main", promoted.merge["ours"])
    refused = revert(promoted, promoted.merge, status=422)
    assert "has the merge" in refused["detail"]


def test_hooks_have_a_say_in_it(promoted, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__MERGE_HOOKS", "tests.web.test_reverts.no_reverts")
    refused = revert(promoted, promoted.merge, status=403)
    assert "the revert of the merge of 'demo_dev' up into 'demo_production'" in refused["detail"]
    assert merges(promoted)[0]["id"] == promoted.merge["id"]


@dataclass
class Dying:
    """A place whose process is killed at one of its calls."""

    place: object
    at: str

    def __getattr__(self, name):
        if name == self.at:
            os.kill(os.getpid(), signal.SIGKILL)
        return getattr(self.place, name)


@pytest.mark.parametrize(
    ("place", "at", "has_moved"),
    [("repository", "move", False), ("reverts", "finish", True), ("registry", "ask_for", True)],
)
def test_a_revert_that_was_killed_is_made_whole_by_the_next_try(promoted, place, at, has_moved):
    use(promoted)
    at = "ask_for_parsing" if at == "ask_for" else at
    places = promoted.installation().merge_places("retail")
    dying = replace(places, **{place: Dying(getattr(places, place), at)})
    merge = places.book.one(kitchen("demo_production"), promoted.merge["id"])
    environment = promoted.installation().projects.environment("production")

    def take_back(places, now):
        asked = merging.MergeRequest(
            kitchen=kitchen("demo_production"),
            other=kitchen("demo_dev"),
            direction=Direction.UP,
            by=Person(name="eric"),
            now=now,
            source="test",
            merge_id=str(uuid4()),
            reason=REASON,
        )
        return merging.revert(asked, merge, environment, places)

    now = datetime.now(tz=UTC)
    assert in_child(promoted, lambda: take_back(dying, now)) == -signal.SIGKILL
    assert (tip(promoted, "main") != merge.commit) is has_moved
    take_back(places, now + timedelta(minutes=2))
    declare(promoted, "demo_production.profit")
    after = state(promoted)
    assert {**after, "acts": ()} == {**promoted.before, "acts": ()}
    history = ask(promoted, "GET", f"{PRODUCTION}/history", by="eric")
    assert [one["action"] for one in history].count("revert merge") == 1
    [last, *_] = merges(promoted)
    assert (last["reverts"], last["state"]) == (merge.id, "done")


def no_reverts(event):
    if event.reverts is not None:
        message = "not on Fridays"
        raise ValueError(message)


def test_a_run_about_a_day_of_long_ago_is_left_out_alone(promoted):
    """Points before and after that day, from before the merge, still count."""
    from airflow_dataops.registry.result_models import ResultRow

    run_in_production(promoted)
    run_in_production(promoted)
    first, middle, last = learnt_from(promoted)
    past = datetime(2026, 1, 1, tzinfo=UTC)
    with promoted.engine.begin() as connection:
        others = update(ResultRow).where(ResultRow.at != middle)
        connection.execute(others.values(recorded_at=past))
    revert(promoted, promoted.merge)
    assert learnt_from(promoted) == [first, last]
