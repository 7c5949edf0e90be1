"""Hooks that have a say in merges: told of the plan, and refusing before anything has changed."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from tests.web.test_merges import DOWN, ask, conflicting, push, street, tip  # noqa: F401

pytestmark = [
    pytest.mark.airflow,
    pytest.mark.filterwarnings("ignore:Using `httpx` with `starlette.testclient`"),
]


@pytest.fixture
def hook(monkeypatch):
    """An installation's own function; what it was told, and its veto."""
    module = ModuleType("merges_of_acme")
    module.told, module.veto = [], None

    def ask_acme(event, moment):
        module.told.append((moment, event))
        return module.veto

    module.ask = ask_acme
    monkeypatch.setitem(sys.modules, "merges_of_acme", module)
    monkeypatch.setenv("AIRFLOW__DATAOPS__MERGE_HOOKS", "merges_of_acme.ask")
    return module


def test_a_veto_is_a_refusal_with_its_reason_and_nothing_has_changed(street, hook):  # noqa: F811
    push(street, "demo_dev", {"a.txt": "a"})
    before = tip(street, "dev_kitchen")
    hook.veto = "the quarter is not closed"
    refused = ask(street, "POST", DOWN, status=403)
    assert refused["detail"] == (
        "the merge of 'demo_dev' down into 'dev_kitchen' was refused by hook merges_of_acme.ask:"
        " the quarter is not closed"
    )
    assert tip(street, "dev_kitchen") == before
    assert ask(street, "GET", "/kitchens/dev_kitchen/merges") == []
    hook.veto = None
    assert ask(street, "POST", DOWN)["state"] == "done"


def test_hooks_are_told_the_plan_before_and_what_came_of_it_after(street, hook):  # noqa: F811
    push(street, "dev_kitchen", {"b.txt": "b"})
    theirs = push(street, "demo_dev", {"a.txt": "a"})
    commit = ask(street, "POST", DOWN, reason="weekly")["commit"]
    (first, before), (second, after) = hook.told
    assert (first, second) == ("before", "after")
    assert [file.path for file in before.plan.files] == ["a.txt"]
    assert (before.theirs, before.by, before.reason) == (theirs, "padma", "weekly")
    assert before == after
    assert after.commit == commit


def test_a_vetoed_completion_keeps_the_draft(street, hook):  # noqa: F811
    conflicting(street)
    ask(street, "POST", DOWN)
    found = ask(street, "GET", DOWN)
    given = [{**place, "choice": "ours"} for place in found["open"]]
    ask(street, "POST", f"{DOWN}/resolutions", resolutions=given)
    hook.veto = "not now"
    ask(street, "POST", f"{DOWN}/complete", status=403)
    assert ask(street, "GET", DOWN)["open"] == []
    hook.veto = None
    assert ask(street, "POST", f"{DOWN}/complete")["state"] == "done"
    assert hook.told[-1][1].plan.decided == (found["open"][0]["path"],)
