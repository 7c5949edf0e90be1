"""How kitchens are asked for, made, and changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.domain.provisioning import OperationKind, PartKind, Progress
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    InvalidRequest,
    KitchenBusy,
    KitchenError,
    KitchenExists,
    OutsideSystemError,
    Superseded,
    Vetoed,
)
from airflow_dataops.services import kitchens
from tests.fakes_places import Interrupted
from tests.installation import PARTS_OF_DEV_KITCHEN, Installation, occasion
from tests.kitchen_values import NOON, PADMA

CHRIS = Member(who="chris", role=Role.COOK)


def progress(operation):
    return {step.part.name: step.progress for step in operation.steps}


class TestCreating:
    def test_the_server_makes_its_parts_at_once_and_workers_the_rest(self, installation):
        operation = installation.begin("dev_kitchen", "demo_dev")
        tips = installation.repository.tips
        assert tips["dev_kitchen"] == tips["demo_dev"]
        assert installation.access.staff["dev_kitchen"] == [PADMA]
        assert installation.registry.kitchen("dev_kitchen").state is KitchenState.CREATING
        assert installation.recorded.parsing_requests == ["dev_kitchen"]
        assert operation.run_id == f"create-dev_kitchen-{operation.id}-1"
        assert [part.name for part in operation.left()] == [
            "secrets",
            "database_role:redshift",
            "schema:redshift",
            "vault_role:redshift",
            "database_role:reports",
            "schema:reports",
            "credential:reports",
            "prefix:s3",
            "folder:sftp",
        ]
        installation.work()
        kitchen = installation.registry.kitchen("dev_kitchen")
        assert kitchen.state is KitchenState.READY
        assert set(installation.tools.made) >= PARTS_OF_DEV_KITCHEN
        over = installation.operations.latest(kitchen)
        assert set(progress(over).values()) == {Progress.DONE}
        assert over.is_over

    def test_who_asks_becomes_head_whatever_else_they_wrote(self, installation):
        staff = [CHRIS, Member(who="padma", role=Role.GUEST)]
        kitchen = installation.create("dev_kitchen", "demo_dev", staff=staff)
        assert installation.registry.staff(kitchen) == [CHRIS, PADMA]

    def test_the_audit_trail_says_who_asked_and_that_it_came_to_be(self, installation):
        installation.begin("dev_kitchen", "demo_dev", reason="DATA-117")
        installation.work()
        kitchen = installation.registry.kitchen("dev_kitchen")
        entries = installation.audit.entries(AuditQuery(kitchen_id=kitchen.id))
        said = [(e.by, e.action, e.reason, e.source) for e in reversed(entries)]
        assert said == [
            ("padma", "begin to create", "DATA-117", "api 10.0.0.7"),
            ("padma", "created", "DATA-117", "api 10.0.0.7"),
        ]

    def test_hooks_are_told_before_and_after_with_the_whole_plan(self, installation):
        installation.create("dev_kitchen", "demo_dev", staff=[CHRIS])
        (before, planned), (after, done) = installation.hooks.told
        assert (before, after) == ("before", "after")
        assert planned.kind is OperationKind.CREATE
        assert planned.kitchen.state is KitchenState.CREATING
        assert set(planned.staff) == set(done.staff) == {PADMA, CHRIS}
        assert [part.kind for part in planned.parts][:2] == [PartKind.BRANCH, PartKind.ACCESS]
        assert done.parts == planned.parts

    def test_a_veto_leaves_nothing_behind(self, installation):
        before = installation.outside
        installation.hooks.veto = "no ticket"
        with pytest.raises(Vetoed, match=r"refused by hook acme\.hooks\.ask: no ticket"):
            installation.begin("dev_kitchen", "demo_dev")
        assert installation.outside == before
        assert [moment for moment, _ in installation.hooks.told] == ["before"]

    def test_a_branch_that_is_there_already_is_somebodys(self, installation):
        installation.repository.tips["dev_kitchen"] = "a" * 40
        with pytest.raises(KitchenExists, match="has a branch 'dev_kitchen' already"):
            installation.begin("dev_kitchen", "demo_dev")
        assert "dev_kitchen" not in installation.names
        assert installation.repository.tip("dev_kitchen") == "a" * 40

    def test_a_base_kitchen_stands_on_the_branch_that_was_there(self):
        installation = Installation()
        before = dict(installation.repository.tips)
        kitchen = installation.create("demo_production", by="eric")
        assert installation.repository.tips == before
        over = installation.operations.latest(kitchen)
        assert over.steps[0].detail == "is there already and is kept as it is"
        assert set(installation.tools.made) == {
            "schema:redshift demo_production",
            "schema:reports demo_production",
        }

    def test_a_base_kitchen_without_its_branch_is_told_what_to_do(self):
        installation = Installation()
        del installation.repository.tips["main"]
        with pytest.raises(KitchenError, match="push it, or name a parent"):
            installation.begin("demo_production")
        failed = installation.operations.latest(installation.registry.kitchen("demo_production"))
        assert failed.progress is Progress.FAILED
        assert "push it" in failed.error
        installation.repository.tips["main"] = "b" * 40
        assert installation.create("demo_production").state is KitchenState.READY

    def test_dags_that_an_earlier_kitchen_left_go_before_its_own_can_come(self, installation):
        installation.runs.left_behind.add("dev_kitchen")
        installation.begin("dev_kitchen", "demo_dev")
        assert installation.runs.left_behind == set()
        installation.workers.die()
        installation.runs.left_behind.add("dev_kitchen")  # now its own
        installation.create("dev_kitchen", "demo_dev")
        assert installation.runs.left_behind == {"dev_kitchen"}

    def test_parts_can_be_made_by_the_process_that_asks(self):
        installation = Installation(at_once=True)
        operation = installation.begin("demo_production")
        assert operation.left() == []
        over = kitchens.finish(operation, occasion("eric"), installation.places)
        assert over.is_over
        assert installation.registry.kitchen("demo_production").state is KitchenState.READY

    def test_workers_that_end_it_before_their_run_was_noted_are_no_error(self, installation):
        quick = Interrupted(at="start", by=installation.work)
        operation = installation.begin(
            "dev_kitchen", "demo_dev", places=quick.around(installation.places)
        )
        assert operation.is_over
        assert operation.kitchen.state is KitchenState.READY


class TestAskingAgain:
    def test_who_asks_again_is_shown_how_far_it_is(self, installation):
        first = installation.begin("dev_kitchen", "demo_dev")
        again = installation.begin("dev_kitchen", "demo_dev")
        assert again == first
        assert installation.workers.stopped == []

    def test_somebody_else_is_told_who_asked_first(self, installation):
        installation.begin("dev_kitchen", "demo_dev")
        with pytest.raises(KitchenBusy, match="is creating; padma asked for it"):
            installation.begin("dev_kitchen", "demo_dev", by="chris")

    @pytest.mark.parametrize(
        ("place", "step"), [("repository", "cut"), ("access", "put")], ids=["git", "roles"]
    )
    def test_what_the_server_could_not_make_is_made_when_asked_again(
        self, installation, place, step
    ):
        getattr(installation, place).refuses.add(step)
        with pytest.raises(OutsideSystemError):
            installation.begin("dev_kitchen", "demo_dev")
        failed = installation.operations.latest(installation.registry.kitchen("dev_kitchen"))
        assert failed.progress is Progress.FAILED
        assert Progress.FAILED in progress(failed).values()
        getattr(installation, place).refuses.clear()
        kitchen = installation.create("dev_kitchen", "demo_dev")
        assert installation.operations.latest(kitchen).attempt == 2
        assert set(installation.tools.made) >= PARTS_OF_DEV_KITCHEN

    def test_workers_that_could_not_be_reached_are_reached_when_asked_again(self, installation):
        installation.workers.refuses = True
        with pytest.raises(OutsideSystemError):
            installation.begin("dev_kitchen", "demo_dev")
        installation.workers.refuses = False
        assert installation.create("dev_kitchen", "demo_dev").state is KitchenState.READY

    def test_what_the_workers_could_not_make_is_made_when_asked_again(self, installation):
        installation.tools.refuses.add(PartKind.SCHEMA)
        with pytest.raises(OutsideSystemError, match="redshift refused"):
            installation.create("dev_kitchen", "demo_dev")
        installation.tools.refuses.clear()
        kitchen = installation.create("dev_kitchen", "demo_dev")
        over = installation.operations.latest(kitchen)
        assert (over.attempt, over.error) == (2, None)

    def test_a_second_kitchen_of_a_ready_ones_name_is_refused(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        with pytest.raises(KitchenExists):
            installation.begin("dev_kitchen", "demo_dev")

    def test_of_two_who_go_on_with_it_one_does_and_the_other_is_shown_so(self, installation):
        installation.begin("dev_kitchen", "demo_dev")
        installation.workers.die()

        def other():
            installation.begin("dev_kitchen", "demo_dev")

        slow = Interrupted(at="stop", by=other)
        shown = installation.begin(
            "dev_kitchen", "demo_dev", places=slow.around(installation.places)
        )
        assert shown.attempt == 2
        assert list(installation.workers.started) == [f"create-dev_kitchen-{shown.id}-2"]

    def test_of_two_who_plan_the_same_name_one_is_refused_and_spoils_nothing(self, installation):
        def other():
            installation.create("dev_kitchen", "demo_dev", by="chris")

        slow = Interrupted(at="before", by=other)
        with pytest.raises(KitchenExists):
            installation.begin("dev_kitchen", "demo_dev", places=slow.around(installation.places))
        kitchen = installation.registry.kitchen("dev_kitchen")
        assert (kitchen.created_by, kitchen.state) == ("chris", KitchenState.READY)
        assert "dev_kitchen" in installation.repository.tips


class TestChanging:
    def change(self, installation, kitchen, **settings):
        changed = replace(kitchen.settings, **settings)
        return kitchens.change(kitchen, changed, occasion("padma"), installation.registry)

    def test_changed_settings_are_kept_and_its_dags_read_again(self, installation):
        kitchen = installation.create("dev_kitchen", "demo_dev")
        installation.recorded.parsing_requests.clear()
        changed = self.change(installation, kitchen, ticket="DATA-117", pipelines=("profit",))
        assert changed.settings == KitchenSettings(ticket="DATA-117", pipelines=("profit",))
        assert installation.registry.kitchen("dev_kitchen") == changed
        assert installation.recorded.parsing_requests == ["dev_kitchen"]
        (entry, *_) = installation.audit.entries(AuditQuery(kitchen_id=kitchen.id))
        assert (entry.action, entry.by) == ("change", "padma")

    def test_an_end_that_has_come_is_no_reason_to_refuse_a_pin(self, installation):
        kitchen = installation.create("dev_kitchen", "demo_dev", ends_at=NOON + timedelta(days=1))
        past = replace(kitchen, settings=KitchenSettings(ends_at=NOON - timedelta(days=1)))
        changed = self.change(installation, past, pinned=True)
        assert changed.settings.pinned

    def test_an_end_in_the_past_is_refused(self, installation):
        kitchen = installation.create("dev_kitchen", "demo_dev")
        with pytest.raises(InvalidRequest, match="is past"):
            self.change(installation, kitchen, ends_at=NOON)
        assert installation.registry.kitchen("dev_kitchen") == kitchen

    def test_a_kitchen_that_goes_is_not_changed(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        going = installation.begin_to_delete("dev_kitchen").kitchen
        with pytest.raises(KitchenBusy, match="is deleting; it cannot be changed"):
            self.change(installation, going, ticket="DATA-117")


class TestFinishing:
    def test_nothing_is_finished_while_a_part_is_left(self, installation):
        operation = installation.begin("dev_kitchen", "demo_dev")
        with pytest.raises(ValueError, match="9 of its steps are left"):
            kitchens.finish(operation, occasion("worker"), installation.places)

    def test_it_is_finished_once(self, installation):
        operation = installation.begin("dev_kitchen", "demo_dev")
        installation.work()
        with pytest.raises(Superseded):
            kitchens.finish(operation, occasion("worker"), installation.places)
        assert [moment for moment, _ in installation.hooks.told] == ["before", "after"]

    def test_what_is_over_is_not_resumed(self, installation):
        kitchen = installation.create("dev_kitchen", "demo_dev")
        over = installation.operations.latest(kitchen)
        assert kitchens.resume(over, occasion("janitor"), installation.places) == over
