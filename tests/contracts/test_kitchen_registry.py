"""What a service may rely on, whoever keeps the kitchens and their staff."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.domain.provisioning import OperationKind, Progress
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    InvalidName,
    KitchenBusy,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
)
from tests.kitchen_values import NOON, PADMA, creation, deed, deletion, kitchen

TEMPORARY = KitchenSettings(
    ends_at=NOON + timedelta(days=30),
    pinned=True,
    shared=False,
    ticket="DATA-117",
    slack_channel="#padma",
    pipelines=("profitability", "churn"),
)
ANALYSTS = Member(who="role:analysts", role=Role.GUEST)


def ready(kitchen):
    return replace(kitchen, state=KitchenState.READY)


def names(records, **asked):
    return [k.name for k in records.kitchens.kitchens(**asked)]


class KitchenRegistryContract:
    def test_a_kitchen_is_found_as_it_was_added(self, records):
        root = kitchen("demo_dev")
        child = kitchen("dev_kitchen", parent="demo_dev", settings=TEMPORARY)
        records.begin(root)
        records.begin(child)
        assert records.kitchens.kitchen("dev_kitchen") == child
        assert records.kitchens.kitchens() == [root, child]

    def test_it_comes_with_its_staff_its_creation_and_an_audit_entry(self, records):
        made = kitchen("demo_dev")
        operation, entry = creation(made), deed("create", made, reason="DATA-117")
        records.kitchens.add(made, staff=[PADMA, ANALYSTS], operation=operation, audit=entry)
        assert records.kitchens.staff(made) == [PADMA, ANALYSTS]
        assert records.operations.latest(made) == operation
        assert records.audit.entries(AuditQuery()) == [entry]

    def test_a_refused_kitchen_leaves_nothing_behind(self, records):
        records.add(kitchen("demo_dev"))
        known = records.audit.entries(AuditQuery())
        refused = kitchen("demo_dev")
        with pytest.raises(KitchenExists):
            records.begin(refused, staff=[PADMA])
        assert records.kitchens.staff(refused) == []
        assert records.operations.latest(refused) is None
        assert records.audit.entries(AuditQuery()) == known

    def test_kitchens_of_one_environment_are_listed_by_name(self, records):
        for name, environment in [("b", "production"), ("c", "development"), ("a", "development")]:
            records.begin(kitchen(name, environment=environment))
        assert names(records, environment="development") == ["a", "c"]
        assert names(records, environment="nowhere") == []

    def test_those_of_some_names_are_listed_as_long_as_they_live(self, records):
        for name in ("c", "b", "a"):
            records.add(kitchen(name))
        records.remove(records.kitchens.kitchen("b"))
        named = records.kitchens.named(["c", "b", "a", "nobody"])
        assert named == [records.kitchens.kitchen(name) for name in ("a", "c")]
        assert records.kitchens.named([]) == []

    def test_an_unknown_kitchen_is_answered_with_the_known_ones(self, records):
        records.add(kitchen("demo_dev"))
        with pytest.raises(KitchenNotFound, match=r"no kitchen named 'dev'; known.*: demo_dev"):
            records.kitchens.kitchen("dev")

    def test_a_living_kitchens_name_is_taken(self, records):
        records.add(kitchen("demo_dev"))
        with pytest.raises(KitchenExists) as refused:
            records.begin(kitchen("demo_dev", environment="production"))
        assert refused.value.why == "a kitchen of this name exists"
        assert names(records) == ["demo_dev"]

    def test_a_check_refuses_what_adding_would_and_records_nothing(self, records):
        root = kitchen("demo_dev")
        records.kitchens.check(root)
        assert names(records) == []
        records.add(root)
        with pytest.raises(KitchenExists):
            records.kitchens.check(kitchen("demo_dev"))
        with pytest.raises(KitchenNotFound):
            records.kitchens.check(kitchen("dev_kitchen", parent="nobody"))
        records.kitchens.check(kitchen("dev_kitchen", parent="demo_dev"))
        assert records.kitchens.kitchens() == [ready(root)]

    def test_a_name_that_breaks_the_rules_is_refused(self, records):
        with pytest.raises(InvalidName):
            records.begin(kitchen("demo.dev"))

    def test_a_deleted_kitchens_name_is_free_for_a_kitchen_with_another_id(self, records):
        first, second = kitchen("demo_dev"), kitchen("demo_dev")
        records.add(first, staff=[PADMA])
        records.remove(first)
        records.add(second)
        assert records.kitchens.kitchen("demo_dev") == ready(second)
        assert records.kitchens.staff(second) == []

    def test_deleted_kitchens_of_a_name_are_found_the_last_one_first(self, records):
        first, second, other = kitchen("demo_dev"), kitchen("demo_dev"), kitchen("other")
        for each in [first, second, other]:
            each = replace(each, created_at=NOON + timedelta(hours=each is second))  # noqa: PLW2901
            records.add(each)
            records.remove(each)
        found = records.kitchens.former("demo_dev")
        assert [k.id for k in found] == [second.id, first.id]
        assert records.kitchens.former("nobody") == []

    @pytest.mark.parametrize("parent", ["nobody", "other_project", "dead", "itself"])
    def test_a_parent_lives_in_the_same_project(self, records, parent):
        dead = kitchen("dead")
        records.add(dead)
        records.remove(dead)
        records.add(kitchen("other_project", project="banking"), kitchen("demo_dev"))
        name = "itself" if parent == "itself" else "dev_kitchen"
        with pytest.raises(KitchenNotFound) as refused:
            records.begin(kitchen(name, parent=parent))
        assert refused.value.known == ("demo_dev",)
        assert names(records) == ["demo_dev", "other_project"]

    def test_none_is_cut_from_a_kitchen_that_is_being_deleted(self, records):
        root = kitchen("demo_dev")
        records.add(root)
        records.mark_deleting(root)
        child = kitchen("dev_kitchen", parent="demo_dev")
        for refuse in [records.kitchens.check, records.begin]:
            with pytest.raises(KitchenBusy, match="'demo_dev' is deleting; no kitchen can be cut"):
                refuse(child)
        assert names(records) == ["demo_dev"]


class DeletingContract:
    def test_a_kitchen_that_is_being_deleted_lives_until_all_is_undone(self, records):
        gone = kitchen("demo_dev")
        records.add(gone)
        operation = records.mark_deleting(gone)
        going = records.kitchens.kitchen("demo_dev")
        assert going.state is KitchenState.DELETING
        assert records.operations.latest(gone) == replace(operation, kitchen=going)
        records.end(operation)
        assert names(records) == []

    def test_the_audit_trail_keeps_who_began_and_who_ended_it(self, records):
        gone = kitchen("demo_dev")
        records.add(gone)
        records.remove(gone)
        entries = records.audit.entries(AuditQuery(kitchen_id=gone.id))
        assert [entry.action for entry in entries] == ["end", "delete", "end", "create"]

    def test_a_kitchen_with_living_children_stays(self, records):
        root = kitchen("demo_dev")
        children = [kitchen("b", parent="demo_dev"), kitchen("a", parent="demo_dev")]
        records.add(root, *children)
        known = records.audit.entries(AuditQuery())
        with pytest.raises(KitchenHasChildren) as refused:
            records.mark_deleting(root)
        assert refused.value.children == ("a", "b")
        assert records.kitchens.kitchen("demo_dev") == ready(root)
        assert records.operations.latest(root).kind is OperationKind.CREATE
        assert records.audit.entries(AuditQuery()) == known
        for each in [*children, root]:
            records.remove(each)
        assert names(records) == []

    def test_a_second_deletion_is_told_of_the_first(self, records):
        root = kitchen("demo_dev")
        records.add(root)
        first = records.mark_deleting(root)
        with pytest.raises(KitchenBusy, match="'demo_dev' is deleting"):
            records.mark_deleting(root)
        assert records.operations.latest(root).id == first.id

    def test_a_deleted_kitchens_successor_is_spared(self, records):
        first, second = kitchen("demo_dev"), kitchen("demo_dev")
        records.add(first)
        records.remove(first)
        records.add(second)
        with pytest.raises(KitchenNotFound):
            records.mark_deleting(first)
        assert records.kitchens.kitchens() == [ready(second)]

    def test_a_creation_that_is_under_way_ends_with_it(self, records):
        gone = kitchen("demo_dev")
        creating = records.begin(gone)
        entry = deed("delete", gone, by="chris")
        records.kitchens.mark_deleting(gone, deletion(gone), audit=entry)
        ended = records.operations.operation(creating.id)
        assert ended.is_over
        assert ended.progress is Progress.FAILED
        assert ended.error == "chris had the kitchen deleted before it was ready"
        assert records.operations.latest(gone).kind is OperationKind.DELETE


class ChangingContract:
    def test_changed_settings_are_kept_and_given_back(self, records):
        made = kitchen("demo_dev")
        records.add(made)
        changed = records.kitchens.change(made, TEMPORARY, audit=deed("change", made))
        assert changed == replace(ready(made), settings=TEMPORARY)
        assert records.kitchens.kitchen("demo_dev") == changed
        back = records.kitchens.change(changed, KitchenSettings(), audit=deed("change", made))
        assert back == ready(made)
        actions = [e.action for e in records.audit.entries(AuditQuery(kitchen_id=made.id))]
        assert actions[:2] == ["change", "change"]

    def test_two_who_change_different_settings_at_once_both_get_theirs(self, records):
        made = kitchen("demo_dev")
        records.add(made)
        pinned, ticket = KitchenSettings(pinned=True), KitchenSettings(ticket="DATA-117")
        for settings in (pinned, ticket):  # both of them have seen the kitchen as it was made
            records.kitchens.change(made, settings, audit=deed("change", made))
        found = records.kitchens.kitchen("demo_dev").settings
        assert found == KitchenSettings(pinned=True, ticket="DATA-117")

    def test_no_pipelines_are_not_all_pipelines(self, records):
        none, every = kitchen("none", settings=KitchenSettings(pipelines=())), kitchen("every")
        records.add(none, every)
        assert records.kitchens.kitchen("none").settings.pipelines == ()
        assert records.kitchens.kitchen("every").settings.pipelines is None

    def test_a_kitchens_staff_is_warned_once_of_each_end(self, records):
        made = kitchen("demo_dev")
        records.add(made)
        assert records.kitchens.note_warning(made, at=NOON)
        assert not records.kitchens.note_warning(made, at=NOON)
        changed = records.kitchens.change(made, TEMPORARY, audit=deed("change", made))
        assert records.kitchens.note_warning(changed, at=NOON)
        pinned = replace(TEMPORARY, pinned=False)
        records.kitchens.change(changed, pinned, audit=deed("change", made))
        assert not records.kitchens.note_warning(changed, at=NOON)


class StaffContract:
    def test_somebody_gets_another_role(self, records):
        made = kitchen("demo_dev")
        records.add(made, staff=[PADMA])
        for role in (Role.GUEST, Role.COOK):
            member = Member(who="chris", role=role)
            records.kitchens.put_member(made, member, audit=deed("staff", made))
        assert records.kitchens.staff(made) == [Member(who="chris", role=Role.COOK), PADMA]
        actions = [e.action for e in records.audit.entries(AuditQuery(kitchen_id=made.id))]
        assert actions[:2] == ["staff", "staff"]

    def test_who_is_taken_off_twice_is_no_error(self, records):
        made = kitchen("demo_dev")
        records.add(made, staff=[PADMA, ANALYSTS])
        for _ in range(2):
            records.kitchens.remove_member(made, ANALYSTS.who, audit=deed("staff", made))
        assert records.kitchens.staff(made) == [PADMA]

    def test_the_staff_of_several_kitchens_is_read_at_once(self, records):
        one, two, three = (kitchen(name) for name in ("one", "two", "three"))
        records.add(one, staff=[PADMA])
        records.add(two)
        records.add(three, staff=[ANALYSTS])
        found = records.kitchens.staffs([one, two])
        assert found == {one.id: [PADMA], two.id: []}
        assert records.kitchens.staffs([]) == {}

    def test_a_kitchen_that_goes_or_is_gone_takes_no_change(self, records):
        made = kitchen("demo_dev")
        records.add(made, staff=[PADMA])
        operation = records.mark_deleting(made)
        self._assert_refused(records, made, KitchenBusy)
        records.end(operation)
        self._assert_refused(records, made, KitchenNotFound)
        assert records.kitchens.staff(made) == [PADMA]

    def _assert_refused(self, records, made, error):
        known, entry = records.audit.entries(AuditQuery()), deed("change", made)
        with pytest.raises(error):
            records.kitchens.put_member(made, ANALYSTS, audit=entry)
        with pytest.raises(error):
            records.kitchens.remove_member(made, PADMA.who, audit=entry)
        with pytest.raises(error):
            records.kitchens.change(made, TEMPORARY, audit=entry)
        assert records.audit.entries(AuditQuery()) == known


class AllOfIt(KitchenRegistryContract, DeletingContract, ChangingContract, StaffContract):
    pass


class TestFake(AllOfIt):
    @pytest.fixture
    def records(self, fake):
        return fake


@pytest.mark.airflow
class TestTable(AllOfIt):
    @pytest.fixture
    def records(self, tables):
        return tables
