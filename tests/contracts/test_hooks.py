"""What a service may rely on, whatever an installation's hooks are."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from airflow_dataops.adapters.life_cycle_hooks import LifeCycleHooks
from airflow_dataops.domain.life_cycle import LifeCycleEvent
from airflow_dataops.domain.provisioning import OperationKind
from airflow_dataops.errors import Vetoed
from tests.fakes_places import FakeHooks
from tests.kitchen_values import BRANCH, PADMA, kitchen

EVENT = LifeCycleEvent(
    kind=OperationKind.CREATE,
    kitchen=kitchen("dev_kitchen"),
    staff=(PADMA,),
    parts=(BRANCH,),
    by="padma",
    reason="DATA-117",
)


class RealHooks(LifeCycleHooks):
    """A single hook that a module of this process holds."""

    def __init__(self, monkeypatch):
        super().__init__(["hooks_of_acme.ask"], seconds=30)
        self.veto = None
        self.told = []
        module = ModuleType("hooks_of_acme")
        module.ask = self._ask
        monkeypatch.setitem(sys.modules, "hooks_of_acme", module)

    def _ask(self, event, moment):
        self.told.append((moment, event))
        return self.veto


@pytest.fixture(params=["fake", "real"])
def hooks(request, monkeypatch):
    return FakeHooks() if request.param == "fake" else RealHooks(monkeypatch)


def test_hooks_are_told_what_is_to_be_done_and_what_was(hooks):
    hooks.before(EVENT)
    hooks.after(EVENT)
    assert hooks.told == [("before", EVENT), ("after", EVENT)]


def test_a_refusal_names_the_kitchen_and_the_reason(hooks):
    hooks.veto = "no ticket"
    with pytest.raises(Vetoed, match=r"'dev_kitchen' was refused by hook .*: no ticket") as refused:
        hooks.before(EVENT)
    assert refused.value.reason == "no ticket"


def test_afterwards_nothing_can_be_refused(hooks):
    hooks.veto = "too late"
    hooks.after(EVENT)
    assert hooks.told == [("after", EVENT)]
