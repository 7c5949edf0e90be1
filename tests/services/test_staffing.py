"""Staff in our list and in Airflow's roles, kept in step whatever happens in between."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import Kitchen, KitchenState
from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    ReleaseEnvironment,
    VaultPlace,
)
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import InvalidName, KitchenBusy, KitchenError, OutsideSystemError
from airflow_dataops.services import staffing
from tests.fakes_registry import FakeKitchenRegistry

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KITCHEN = Kitchen(
    id="id-1",
    name="dev_kitchen",
    project="retail",
    environment="development",
    branch="dev_kitchen",
    parent=None,
    created_at=NOON,
    created_by="padma",
)
AUDIT = AuditEntry(
    at=NOON, by="padma", source="api", action="staff", project="retail", environment="development"
)
OWNED = ReleaseEnvironment(
    name="development",
    project="retail",
    vault=VaultPlace(kind="hashicorp", url="https://vault.example.com", mount="development"),
    base_kitchen=BaseKitchen(name="demo_dev", branch="demo_dev"),
    tools={},
    owner="chris",
)
OWNERLESS = replace(OWNED, owner=None)


class FakeAccessRoles:
    """Airflow's roles; ``before_put`` is what others do just then, ``refuses`` that it fails."""

    def __init__(self):
        self.roles = {}
        self.refuses = False
        self.before_put = []

    def put(self, kitchen, staff):
        if self.refuses:
            message = "Airflow's database refused"
            raise OutsideSystemError(message)
        self.roles[kitchen.id] = {member.who: member.role for member in staff}
        if self.before_put:
            self.before_put.pop(0)()
        return "there"

    def remove(self, kitchen):
        self.roles.pop(kitchen.id, None)

    def exist(self, kitchen):
        return kitchen.id in self.roles


class Office:
    """A kitchen with padma as head."""

    def __init__(self, environment=OWNERLESS):
        self.environment = environment
        self.registry, self.access = FakeKitchenRegistry(), FakeAccessRoles()
        self.recorded = self.registry.recorded
        self.recorded.living[KITCHEN.name] = KITCHEN
        self.put("padma", Role.HEAD)

    def put(self, who, role, *, kitchen=KITCHEN):
        self._act(staffing.put_member, kitchen, Member(who=who, role=role))

    def remove(self, who, *, kitchen=KITCHEN):
        self._act(staffing.remove_member, kitchen, who)

    def _act(self, deed, kitchen, whom):
        deed(
            kitchen, whom, self.environment, registry=self.registry, access=self.access, audit=AUDIT
        )

    @property
    def staff(self):
        return {member.who: member.role for member in self.registry.staff(KITCHEN)}

    @property
    def roles(self):
        return self.access.roles.get(KITCHEN.id)


@pytest.fixture
def office():
    return Office()


def test_staff_and_airflows_roles_go_together(office):
    office.put("carl", Role.COOK)
    assert office.staff == office.roles == {"carl": Role.COOK, "padma": Role.HEAD}
    office.put("carl", Role.GUEST)
    assert office.staff == office.roles == {"carl": Role.GUEST, "padma": Role.HEAD}
    office.remove("carl")
    assert office.staff == office.roles == {"padma": Role.HEAD}


def test_the_same_again_is_no_second_deed_and_repairs_airflows_roles(office):
    office.put("carl", Role.COOK)
    deeds = len(office.recorded.audit)
    office.access.roles.clear()
    office.put("carl", Role.COOK)
    assert len(office.recorded.audit) == deeds
    assert office.roles == office.staff


def test_whoever_goes_loses_airflows_pages_first(office):
    office.put("carl", Role.COOK)
    office.access.refuses = True
    with pytest.raises(OutsideSystemError):
        office.remove("carl")
    assert "carl" in office.staff  # our list still says what Airflow shows
    office.access.refuses = False
    office.remove("carl")
    assert office.staff == office.roles == {"padma": Role.HEAD}


def test_whoever_comes_is_on_our_list_first(office):
    office.access.refuses = True
    with pytest.raises(OutsideSystemError):
        office.put("carl", Role.COOK)
    assert "carl" in office.staff
    office.access.refuses = False
    office.put("carl", Role.COOK)
    assert office.roles == office.staff


def test_of_two_changes_at_once_airflow_has_both(office):
    member = Member(who="zoe", role=Role.GUEST)
    office.access.before_put.append(
        lambda: office.registry.put_member(KITCHEN, member, audit=AUDIT)
    )
    office.put("carl", Role.COOK)
    assert (
        office.roles == office.staff == {"carl": Role.COOK, "padma": Role.HEAD, "zoe": Role.GUEST}
    )


def test_a_deletion_that_begins_meanwhile_leaves_no_role_behind(office):
    office.access.before_put.append(
        lambda: office.recorded.put(KITCHEN, state=KitchenState.DELETING)
    )
    office.put("carl", Role.COOK)
    assert office.roles is None


def test_a_deletion_that_ended_meanwhile_leaves_no_role_behind(office):
    office.access.before_put.append(office.recorded.living.clear)
    office.put("carl", Role.COOK)
    assert office.roles is None


def test_another_kitchen_of_the_name_keeps_its_roles(office):
    other = replace(KITCHEN, id="id-2")
    office.access.roles["id-2"] = {"zoe": Role.HEAD}

    def used_again():
        office.recorded.living[KITCHEN.name] = other

    office.access.before_put.append(used_again)
    office.put("carl", Role.COOK)
    assert office.access.roles == {"id-2": {"zoe": Role.HEAD}}


@pytest.mark.parametrize("role", [None, Role.COOK, Role.GUEST])
def test_the_last_head_stays_where_nobody_owns_the_environment(office, role):
    office.put("carl", Role.COOK)
    with pytest.raises(KitchenError, match="would be without a head"):
        office.remove("padma") if role is None else office.put("padma", role)
    assert office.staff == office.roles == {"carl": Role.COOK, "padma": Role.HEAD}


def test_a_second_head_sets_the_first_free(office):
    office.put("role:leads", Role.HEAD)
    office.remove("padma")
    assert office.staff == {"role:leads": Role.HEAD}


def test_an_owner_stands_in_for_the_last_head():
    office = Office(OWNED)
    office.remove("padma")
    assert office.staff == office.roles == {}


def test_a_kitchen_that_lost_its_heads_otherwise_can_still_be_staffed(office):
    office.recorded.staff[KITCHEN.id] = {"gus": Member(who="gus", role=Role.GUEST)}
    office.put("carl", Role.COOK)
    office.remove("gus")
    assert office.staff == {"carl": Role.COOK}


def test_a_kitchen_that_is_going_keeps_its_staff(office):
    going = replace(KITCHEN, state=KitchenState.DELETING)
    with pytest.raises(KitchenBusy, match="its staff cannot be changed"):
        office.put("carl", Role.COOK, kitchen=going)
    with pytest.raises(KitchenBusy):
        office.remove("padma", kitchen=going)


@pytest.mark.parametrize("who", ["", "role:", "a/b", "x" * 251, " padma"])
def test_names_that_nobody_has(office, who):
    with pytest.raises(InvalidName):
        office.put(who, Role.COOK)
    with pytest.raises(InvalidName):
        office.remove(who)
    assert office.staff == {"padma": Role.HEAD}
