"""Hooks that refuse, fail, hang or are not there."""

from __future__ import annotations

import logging
import sys
import time
from threading import active_count

import pytest

from airflow_dataops import bootstrap
from airflow_dataops.adapters.life_cycle_hooks import LifeCycleHooks
from airflow_dataops.domain.life_cycle import LifeCycleEvent
from airflow_dataops.domain.provisioning import OperationKind
from airflow_dataops.errors import Vetoed
from tests.kitchen_values import BRANCH, PADMA, kitchen

EVENT = LifeCycleEvent(
    kind=OperationKind.DELETE,
    kitchen=kitchen("dev_kitchen"),
    staff=(PADMA,),
    parts=(BRANCH,),
    by="padma",
    reason=None,
)
SHORT = 0.2
MODULE = """
import sys
import threading
from pathlib import Path

from airflow_dataops.domain.staff import Role

told = []
go_on = threading.Event()


def agrees(event, moment):
    told.append((moment, event.kitchen.name))


def needs_reason(event, moment):
    if moment == "before" and event.reason is None:
        return f"say why {event.kitchen.name} goes"


def raises(event, moment):
    raise PermissionError("the quarter is not closed")


def exits(event, moment):
    sys.exit("enough")


def hangs(event, moment):
    told.append((moment, "hangs"))
    go_on.wait(60)


def says_no(event, moment):
    return False


def says_nothing(event, moment):
    return " "


def says_much(event, moment):
    return "no " * 10_000


def knows_the_plan(event, moment):
    heads = [member.who for member in event.staff if member.role is Role.HEAD]
    parts = [part.name for part in event.parts]
    return f"{event.by} wants {event.kind} {heads} {parts}"
"""


@pytest.fixture
def acme(tmp_path, monkeypatch):
    """An installation's module of hooks, which is let go on at the end."""
    (tmp_path / "acme_hooks.py").write_text(MODULE)
    (tmp_path / "acme_broken.py").write_text("import nothing_of_this_name\n")
    monkeypatch.syspath_prepend(tmp_path)
    import acme_hooks

    yield acme_hooks
    acme_hooks.go_on.set()
    for name in ("acme_hooks", "acme_broken"):
        sys.modules.pop(name, None)


def hooks(*names, seconds=30.0):
    return LifeCycleHooks([f"acme_hooks.{name}" for name in names], seconds=seconds)


def refusal(asked):
    with pytest.raises(Vetoed) as refused:
        asked.before(EVENT)
    return refused.value


def test_without_hooks_everything_may_be_done():
    LifeCycleHooks([], seconds=1).before(EVENT)
    LifeCycleHooks([], seconds=1).after(EVENT)


def test_hooks_that_agree_are_all_asked_in_their_order(acme):
    hooks("agrees", "agrees").before(EVENT)
    assert acme.told == [("before", "dev_kitchen")] * 2


def test_the_first_refusal_ends_the_round(acme):
    refused = refusal(hooks("agrees", "needs_reason", "agrees"))
    assert str(refused) == (
        "the deletion of kitchen 'dev_kitchen' was refused by hook acme_hooks.needs_reason: "
        "say why dev_kitchen goes"
    )
    assert len(acme.told) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("raises", "PermissionError: the quarter is not closed"),
        ("exits", "SystemExit: enough"),
        ("says_no", "it answered with bool, which is neither a reason nor None"),
        ("says_nothing", "it gave an empty reason"),
        ("missing", "AttributeError: module 'acme_hooks' has no attribute 'missing'"),
        ("knows_the_plan", "padma wants delete ['padma'] ['branch']"),
    ],
)
@pytest.mark.usefixtures("acme")
def test_whatever_is_no_consent_is_a_refusal_that_says_so(name, reason):
    assert refusal(hooks(name)).reason == reason


@pytest.mark.parametrize("path", ["acme_broken.ask", "nothing_of_this_name.ask"])
@pytest.mark.usefixtures("acme")
def test_a_hook_that_cannot_be_imported_refuses(path):
    refused = refusal(LifeCycleHooks([path], seconds=30))
    assert refused.hook == path
    assert refused.reason == "ModuleNotFoundError: No module named 'nothing_of_this_name'"


@pytest.mark.usefixtures("acme")
def test_a_long_reason_is_cut():
    assert len(refusal(hooks("says_much")).reason) == 1000


@pytest.mark.usefixtures("acme")
def test_a_hook_that_hangs_is_a_refusal_in_time():
    began = time.monotonic()
    refused = refusal(hooks("hangs", seconds=SHORT))
    assert SHORT <= time.monotonic() - began < 10 * SHORT
    assert refused.reason == "it did not end within 0.2 seconds"


def test_a_hook_that_hangs_costs_one_thread_however_often_it_is_asked(acme):
    hanging = hooks("hangs", seconds=SHORT)
    refusal(hanging)
    threads = active_count()
    for _ in range(5):
        assert refusal(hanging).reason == "it still hangs from an earlier call, so it was not asked"
        hanging.after(EVENT)
    assert active_count() == threads
    assert acme.told == [("before", "hangs")]
    acme.go_on.set()
    deadline = time.monotonic() + 10
    while active_count() == threads and time.monotonic() < deadline:
        time.sleep(0.01)
    hanging.before(EVENT)
    assert acme.told == [("before", "hangs")] * 2


def test_what_hooks_do_afterwards_is_logged_and_changes_nothing(acme, caplog):
    with caplog.at_level(logging.WARNING):
        hooks("raises", "says_much", "exits", "hangs", "agrees", seconds=SHORT).after(EVENT)
    assert acme.told == [("after", "hangs"), ("after", "dev_kitchen")]
    said = [record.getMessage() for record in caplog.records]
    told = "told of the deletion of kitchen 'dev_kitchen'"
    assert said == [
        f"hook acme_hooks.raises, {told}: PermissionError: the quarter is not closed",
        f"hook acme_hooks.exits, {told}: SystemExit: enough",
        f"hook acme_hooks.hangs, {told}: it did not end within 0.2 seconds",
    ]
    assert caplog.records[0].exc_info[1].args == ("the quarter is not closed",)


def test_hooks_that_hang_afterwards_are_waited_for_together(acme):
    began = time.monotonic()
    hooks(*["hangs"] * 5, seconds=0.5).after(EVENT)
    assert time.monotonic() - began < 1.5
    assert len(acme.told) == 5


@pytest.mark.usefixtures("acme")
def test_the_settings_name_the_hooks_and_one_object_remembers_them(monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__LIFE_CYCLE_HOOKS", "acme_hooks.needs_reason")
    assert refusal(bootstrap.life_cycle_hooks()).hook == "acme_hooks.needs_reason"
    assert bootstrap.life_cycle_hooks() is bootstrap.life_cycle_hooks()
