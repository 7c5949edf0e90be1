"""When a kitchen's end is due; with real tables it is shown in tests/web/test_janitor.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings, KitchenState
from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    ReleaseEnvironment,
    VaultPlace,
)
from airflow_dataops.errors import Vetoed
from airflow_dataops.services import janitor
from tests.fakes_registry import FakeKitchenRegistry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NOTICE = timedelta(days=3)
DEVELOPMENT = ReleaseEnvironment(
    name="development",
    project="retail",
    vault=VaultPlace(kind="hashicorp", url="https://vault.example.com", mount="development"),
    base_kitchen=BaseKitchen(name="demo_dev", branch="demo_dev"),
    tools={},
)


def kitchen(name, *, days=None, state=KitchenState.READY, parent=None, pinned=False):
    ends_at = None if days is None else NOON + timedelta(days=days)
    return Kitchen(
        id=f"id of {name}",
        name=name,
        project="retail",
        environment="development",
        branch=name,
        parent=parent,
        created_at=NOON - timedelta(days=30),
        created_by="padma",
        state=state,
        settings=KitchenSettings(ends_at=ends_at, pinned=pinned),
    )


class Yard:
    """Kitchens, and what a round does to them."""

    def __init__(self, *kitchens, vetoed=()):
        self.registry = FakeKitchenRegistry()
        self.registry.recorded.living = {k.name: k for k in kitchens}
        self.vetoed = vetoed

    def round(self):
        deeds = janitor.Deeds(warn=self._warn, delete=self._delete, go_on=self._go_on)
        return janitor.make_round(DEVELOPMENT, self.registry, deeds, now=NOON, notice=NOTICE)

    def _warn(self, kitchen):
        return self.registry.note_warning(kitchen, at=NOON)

    def _delete(self, kitchen):
        if kitchen.name in self.vetoed:
            raise Vetoed(hook="legal", what="deleting it", reason="its data are evidence")
        del self.registry.recorded.living[kitchen.name]

    def _go_on(self, kitchen):
        return kitchen.name.startswith("stuck")


@pytest.mark.parametrize(
    ("days", "pinned", "is_soon"),
    [
        (None, False, False),
        (3.001, False, False),
        (3, False, True),
        (0, False, True),
        (-9, False, True),
        (1, True, False),
    ],
)
def test_a_kitchen_ends_soon_within_the_notice(days, pinned, is_soon):
    one = kitchen("dev", days=days, pinned=pinned)
    assert janitor.ends_soon(one, DEVELOPMENT, now=NOON, notice=NOTICE) is is_soon


def test_a_base_kitchen_never_ends():
    one = kitchen("demo_dev", days=-1)
    assert not janitor.ends_soon(one, DEVELOPMENT, now=NOON, notice=NOTICE)


def test_each_kitchen_gets_its_due():
    yard = Yard(
        kitchen("coming", days=1),
        kitchen("far", days=30),
        kitchen("over", days=0),
        kitchen("half_made_and_over", days=-1, state=KitchenState.CREATING),
        kitchen("half_made", days=1, state=KitchenState.CREATING),
        kitchen("going", days=-1, state=KitchenState.DELETING),
        kitchen("stuck_going", days=-1, state=KitchenState.DELETING),
    )
    done = yard.round()
    assert done.warned == ("coming",)
    assert set(done.deleted) == {"over", "half_made_and_over"}
    assert done.resumed == ("stuck_going",)
    assert (dict(done.waiting), dict(done.failed)) == ({}, {})
    assert yard.round().warned == ()


def test_a_child_in_another_environment_keeps_its_parent_alive():
    child = replace(kitchen("child", parent="over"), environment="staging")
    yard = Yard(kitchen("over", days=-1), child)
    assert yard.round().waiting == {"over": ("child",)}


def test_a_child_that_may_not_go_keeps_its_parent_alive():
    yard = Yard(
        kitchen("a_parent", days=-1),
        kitchen("b_child", days=-1, parent="a_parent"),
        vetoed=["b_child"],
    )
    done = yard.round()
    assert done.deleted == ()
    assert done.waiting == {"a_parent": ("b_child",)}
    assert "its data are evidence" in done.failed["b_child"]


def test_a_round_is_bounded_and_the_next_does_the_rest():
    yard = Yard(*(kitchen(f"k{number:02}", days=-1) for number in range(25)))
    assert len(yard.round().deleted) == janitor.MOST_DELETIONS == 10
    assert [len(yard.round().deleted) for _ in range(3)] == [10, 5, 0]
