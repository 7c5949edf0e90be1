"""What waits for a second person, through the REST API: nothing lands or runs before."""

# ruff: noqa: F811 - a fixture is an argument of what uses it
from __future__ import annotations

import pytest

from tests.evidence_fixtures import publish, run_tests
from tests.registry.airflow_rows import add_dag
from tests.web.conftest import write_environments
from tests.web.promotions import (  # noqa: F401 - fixtures
    ENABLE,
    PRODUCTION,
    merges,
    promoted,
    promoted_installation,
    revert,
)
from tests.web.test_merge_gate import ALONE, PROFIT, SEEN, kitchen
from tests.web.test_merges import ask, push, tip
from tests.web.test_promotions import export
from tests.web.test_schedules import declare

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]
RULE = {"approvals": {"by": ["eric", "nora", "role:bankers"]}}
UP = "/kitchens/demo_dev/merge/up"
HURRY = {"acknowledged": SEEN, "override": True, "reason": "month end"}


@pytest.fixture
def careful(promoted):
    """Production wants merges and schedules approved, and Chris has new work for it."""
    write_environments(promoted.file, promoted.origins, production=RULE)
    push(promoted, "demo_dev", {PROFIT: ALONE.format("profit", 7)})
    return promoted


def waiting(site, *, by="nora"):
    return ask(site, "GET", "/approvals", by=by)


def answer(site, one, *, by="nora", status=200, approve=True, **body):
    path = f"/approvals/{one['id']}/answer"
    return ask(site, "POST", path, by=by, status=status, approve=approve, **body)


def merge(site, *, status=200, by="eric", **body):
    return ask(site, "POST", UP, by=by, status=status, **{**HURRY, **body})


def history(site):
    found = ask(site, "GET", f"{PRODUCTION}/history", by="eric")
    return [(one["by"], one["action"]) for one in found]


def test_a_merge_waits_until_a_second_person_approves_exactly_it(careful):
    before, theirs = tip(careful, "main"), tip(careful, "demo_dev")
    refused = merge(careful, status=409)
    [one] = waiting(careful)
    since = f"{one['asked_at'][:19]}+00:00"
    waits = f"it waits for approval by eric, nora, role:bankers since {since}"
    assert refused["missing"] == [f"{waits}: airflow dataops approval give {one['id']}"]
    assert (one["of"], one["subject"], one["exactly"], one["asked_by"], one["reason"]) == (
        "merge", "demo_dev", theirs, "eric", "month end",
    )  # fmt: skip
    # Asked again, it is the same that waits.
    merge(careful, status=409)
    assert [other["id"] for other in waiting(careful)] == [one["id"]]
    assert tip(careful, "main") == before
    assert answer(careful, one, reason="seen with finance")["state"] == "approved"
    assert tip(careful, "main") == before
    done = merge(careful)
    assert done["state"] == "done"
    assert waiting(careful) == []
    assert history(careful)[:4] == [
        ("eric", "merge up"), ("eric", "override gate"), ("nora", "approve"),
        ("eric", "ask for approval"),
    ]  # fmt: skip
    found = export(careful, merges(careful)[0])
    assert found["grounds"]["approved"] == (
        f"commit {theirs[:12]} was approved by nora: seen with finance"
    )
    assert [one["action"] for one in found["deeds"]] == [
        "ask for approval", "approve", "override gate", "merge up",
    ]  # fmt: skip


def test_nobody_approves_what_they_asked_for_and_nobody_else_than_listed(careful):
    merge(careful, status=409)
    [one] = waiting(careful)
    refused = answer(careful, one, by="eric", status=403)
    assert "they asked for it; another one of eric, nora, role:bankers has to" in refused["detail"]
    refused = answer(careful, one, by="chris", status=403)
    assert "approvals of environment 'production' lists eric, nora" in refused["detail"]
    # bella has the role.
    assert answer(careful, one, by="bella")["answered_by"] == "bella"


def test_what_was_not_approved_is_something_else(careful):
    merge(careful, status=409)
    [one] = waiting(careful)
    answer(careful, one)
    push(careful, "demo_dev", {PROFIT: ALONE.format("profit", 8)})
    merge(careful, status=409)
    assert waiting(careful)[0]["exactly"] == tip(careful, "demo_dev") != one["exactly"]


def test_it_is_asked_for_last_and_never_overridden(careful):
    refused = merge(careful, status=409, acknowledged=[])
    assert len(refused["missing"]) == 2
    assert waiting(careful) == []
    gate = ask(careful, "GET", f"{UP}/gate", by="eric")
    [item] = [one for one in gate["items"] if one["asked"] == "approved"]
    assert (item["is_met"], item["can_be_overridden"]) == (False, False)
    assert item["there"] == "nobody has approved it; eric, nora, role:bankers can"


def test_a_refusal_takes_a_reason_and_ends_the_wait(careful):
    merge(careful, status=409)
    [one] = waiting(careful)
    refused = answer(careful, one, status=422, approve=False)
    assert "whoever refuses says why" in refused["detail"]
    no = {"approve": False, "reason": "after the quarter"}
    assert answer(careful, one, **no)["comment"] == "after the quarter"
    assert answer(careful, one, **no)["state"] == "refused"
    refused = answer(careful, one, status=422)
    assert "is refused, by nora" in refused["detail"]
    assert waiting(careful) == []
    merge(careful, status=409)
    assert waiting(careful)[0]["id"] != one["id"]


def test_a_schedule_waits_too_and_each_enabling_takes_another_yes(careful):
    declare(careful, "demo_production.churn")
    enable = f"{PRODUCTION}/schedules/churn/enable"
    for _ in range(2):
        refused = ask(careful, "POST", enable, by="eric", status=409, reason="weekly")
        [one] = waiting(careful)
        assert f"airflow dataops approval give {one['id']}" in refused["detail"]
        assert one["what"] == "the schedule 0 6 * * 1 America/Chicago of demo_production.churn"
        answer(careful, one)
        assert ask(careful, "POST", enable, by="eric")["state"] == "enabled"
        assert waiting(careful) == []
        ask(careful, "POST", enable.replace("enable", "disable"), by="eric", status=204)
    # One that is enabled stays as it is: nothing has to be approved for that.
    assert ask(careful, "POST", ENABLE, by="eric")["state"] == "enabled"


def test_a_revert_waits_for_nobody(careful):
    assert revert(careful, careful.merge)["is_new"] is True


def test_where_merges_are_approved_none_are_queued(careful):
    refused = ask(careful, "POST", f"{UP}/queue", by="chris", status=409)
    assert "merges into demo_production are approved one by one" in refused["detail"]


def test_the_release_says_who_has_to_approve(careful):
    dev = kitchen("demo_dev")
    add_dag(careful.engine, "demo_dev.profit", bundle="kitchens-development")
    version = publish(careful.copy, careful.origin.url, {dev: tip(careful, "demo_dev")})
    run_tests(careful.engine, dev, version, "profit")
    place = "/environments/production/release"
    [first] = ask(careful, "GET", place, by="eric")["deliveries"][0]["waiting"]
    assert (first["what"], first["on"]) == ("merge up", ["eric"])
    merge(careful, status=409, override=False)
    [then] = ask(careful, "GET", place, by="eric")["deliveries"][0]["waiting"]
    assert (then["what"], then["on"]) == ("approval", ["eric", "nora", "role:bankers"])
    assert then["since"] == waiting(careful)[0]["asked_at"]


def test_what_one_may_not_see_cannot_be_answered(careful):
    refused = answer(careful, {"id": "none-such"}, status=404)
    assert "airflow dataops approval list shows what does" in refused["detail"]
