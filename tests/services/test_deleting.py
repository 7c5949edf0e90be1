"""How kitchens are deleted, those included that are still being created."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import OperationKind, PartKind, Progress
from airflow_dataops.errors import (
    KitchenError,
    KitchenHasChildren,
    KitchenNotFound,
    OutsideSystemError,
    Superseded,
    Vetoed,
)
from tests.fakes_places import Interrupted
from tests.installation import PARTS_OF_DEV_KITCHEN
from tests.kitchen_values import PADMA


class TestDeleting:
    def test_a_deleted_kitchen_leaves_nothing_but_its_inventory(self, installation):
        before = installation.outside
        kitchen = installation.create("dev_kitchen", "demo_dev")
        tip = installation.repository.tip("dev_kitchen")
        installation.runs.unfinished["dev_kitchen"] = ["manual__1"]
        installation.delete("dev_kitchen", reason="done")
        assert installation.outside == before
        inventory = installation.operations.latest(kitchen)
        assert (inventory.kind, inventory.is_over) == (OperationKind.DELETE, True)
        details = {step.part.name: step.detail for step in inventory.steps}
        assert details["branch"] == f"gone; its last commit was {tip}"
        assert set(details.values()) == {details["branch"], "gone"}
        assert installation.recorded.deleted == [
            (replace(kitchen, state=KitchenState.DELETING), "chris")
        ]

    def test_parts_are_unmade_in_the_opposite_order_the_branch_first(self, installation):
        created = installation.begin("dev_kitchen", "demo_dev")
        installation.work()
        deleted = installation.begin_to_delete("dev_kitchen")
        made = [step.part for step in created.steps]
        unmade = [step.part for step in deleted.steps]
        assert unmade == made[:2] + made[:1:-1]

    def test_runs_that_began_before_the_dags_were_gone_are_ended_too(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.begin_to_delete("dev_kitchen")
        installation.runs.unfinished["dev_kitchen"] = ["scheduled__1"]
        installation.work()
        assert installation.runs.unfinished == {}

    def test_hooks_hear_of_it_before_and_after(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.hooks.told.clear()
        installation.delete("dev_kitchen", reason="done")
        (before, planned), (after, done) = installation.hooks.told
        assert (before, after) == ("before", "after")
        assert planned.kind is done.kind is OperationKind.DELETE
        assert (planned.by, planned.reason, planned.staff) == ("chris", "done", (PADMA,))
        assert done.staff == (PADMA,)

    def test_a_veto_leaves_everything_as_it_is(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        before = installation.outside
        installation.hooks.veto = "the quarter is not closed"
        with pytest.raises(Vetoed):
            installation.begin_to_delete("dev_kitchen")
        assert installation.outside == before

    def test_a_name_is_used_again_under_another_id(self, installation):
        first = installation.create("dev_kitchen", "demo_dev")
        installation.delete("dev_kitchen")
        second = installation.create("dev_kitchen", "demo_dev")
        assert second.id != first.id
        assert installation.operations.latest(first).kind is OperationKind.DELETE

    def test_a_kitchen_with_children_stays_as_it_is(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.create("padma", "dev_kitchen")
        before = installation.outside
        with pytest.raises(KitchenHasChildren, match="padma"):
            installation.begin_to_delete("dev_kitchen")
        assert installation.outside == before

    def test_a_base_kitchen_is_not_deleted(self, installation):
        with pytest.raises(KitchenError, match="base kitchen of development"):
            installation.begin_to_delete("demo_dev")
        assert installation.registry.kitchen("demo_dev").state is KitchenState.READY

    def test_a_kitchen_that_never_was_is_answered_with_those_that_are(self, installation):
        with pytest.raises(KitchenNotFound, match="known kitchens: demo_dev, demo_production"):
            installation.begin_to_delete("dev_kitchen")

    def test_a_git_host_that_refuses_costs_no_data(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.repository.refuses.add("delete")
        with pytest.raises(OutsideSystemError):
            installation.begin_to_delete("dev_kitchen")
        assert set(installation.tools.made) >= PARTS_OF_DEV_KITCHEN
        installation.repository.refuses.clear()
        installation.delete("dev_kitchen")
        assert "dev_kitchen" not in installation.names

    def test_what_is_still_there_after_it_was_removed_ends_the_attempt(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.tools.sticky.add(PartKind.PREFIX)
        with pytest.raises(OutsideSystemError, match=r"prefix:s3 .* is still there"):
            installation.delete("dev_kitchen")
        assert installation.registry.kitchen("dev_kitchen").state is KitchenState.DELETING
        installation.tools.sticky.clear()
        installation.delete("dev_kitchen")
        assert PARTS_OF_DEV_KITCHEN.isdisjoint(installation.tools.made)

    def test_asked_again_it_goes_on(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        first = installation.begin_to_delete("dev_kitchen")
        assert installation.begin_to_delete("dev_kitchen", by="eric") == first
        installation.workers.die()
        second = installation.begin_to_delete("dev_kitchen", by="eric")
        assert (second.id, second.attempt, second.by) == (first.id, 2, "chris")

    def test_others_are_spared(self, installation):
        installation.create("other", "demo_dev")
        before = installation.outside
        installation.create("dev_kitchen", "demo_dev")
        installation.delete("dev_kitchen")
        assert installation.outside == before


class TestDeletingWhatIsBeingCreated:
    def test_its_creation_is_ended_and_undone(self, installation):
        before = installation.outside
        creation = installation.begin("dev_kitchen", "demo_dev")
        installation.delete("dev_kitchen")
        assert installation.outside == before
        ended = installation.operations.operation(creation.id)
        assert (ended.is_over, ended.progress) == (True, Progress.FAILED)
        assert installation.workers.stopped == [f"create-dev_kitchen-{creation.id}-1"]

    def test_a_worker_that_goes_on_all_the_same_is_told_to_stop(self, installation):
        creation = installation.begin("dev_kitchen", "demo_dev")
        installation.begin_to_delete("dev_kitchen")
        installation.workers.started = {"late": creation}
        with pytest.raises(Superseded):
            installation.work()

    @pytest.mark.parametrize("call", ["cut_branch", "put"])
    def test_a_server_that_made_a_part_too_late_takes_it_back(self, installation, call):
        before = installation.outside

        def other():
            installation.delete("dev_kitchen")

        slow = Interrupted(at=call, moment="before", by=other)
        with pytest.raises(Superseded):
            installation.begin("dev_kitchen", "demo_dev", places=slow.around(installation.places))
        assert installation.outside == before

    def test_a_server_that_is_too_late_spares_the_next_kitchen_of_this_name(self, installation):
        def others():
            installation.delete("dev_kitchen")
            installation.create("dev_kitchen", "demo_dev")

        slow = Interrupted(at="cut_branch", moment="before", by=others)
        with pytest.raises(Superseded):
            installation.begin("dev_kitchen", "demo_dev", places=slow.around(installation.places))
        assert "dev_kitchen" in installation.repository.tips
        assert installation.registry.kitchen("dev_kitchen").state is KitchenState.READY

    def test_a_server_that_is_late_for_a_finished_creation_takes_nothing_back(self, installation):
        def other():
            installation.create("dev_kitchen", "demo_dev")

        slow = Interrupted(at="put", moment="before", by=other)
        with pytest.raises(Superseded):
            installation.begin("dev_kitchen", "demo_dev", places=slow.around(installation.places))
        assert installation.access.staff["dev_kitchen"] == [PADMA]
