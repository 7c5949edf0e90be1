"""How kitchens are asked for, made, changed and deleted."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.domain.provisioning import OperationKind, PartKind, Progress
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    EnvironmentNotFound,
    InvalidName,
    InvalidRequest,
    KitchenBusy,
    KitchenError,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
    OutsideSystemError,
    Superseded,
    Vetoed,
)
from airflow_dataops.services import kitchens
from tests.fakes_places import Interrupted
from tests.installation import Installation, occasion
from tests.kitchen_values import NOON

PADMA = Member(who="padma", role=Role.HEAD)
CHRIS = Member(who="chris", role=Role.COOK)
PARTS_OF_DEV_KITCHEN = {
    "database_role:redshift kitchen_dev_kitchen",
    "schema:redshift dev_kitchen",
    "vault_role:redshift development.dev_kitchen.redshift",
    "database_role:reports kitchen_dev_kitchen",
    "schema:reports dev_kitchen",
    "credential:reports kitchens/dev_kitchen/reports",
    "prefix:s3 acme/dev_kitchen/",
    "folder:sftp /outbox/dev_kitchen/",
}


@pytest.fixture
def installation():
    """Production's and development's base kitchens."""
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.hooks.told.clear()
    installation.recorded.parsing_requests.clear()
    return installation


def progress(operation):
    return {step.part.name: step.progress for step in operation.steps}


class TestPlanning:
    def test_a_kitchen_has_its_parents_environment_unless_it_is_given_another(self, installation):
        assert installation.plan("one", "demo_dev").environment == "development"
        assert installation.plan("two", "demo_dev", "staging").environment == "staging"

    def test_a_kitchen_can_be_cut_from_a_protected_environments_base(self, installation):
        planned = installation.plan("hotfix", "demo_production", "development")
        assert (planned.parent, planned.environment) == ("demo_production", "development")

    def test_a_base_kitchen_stands_on_the_branch_of_the_environments_file(self):
        planned = Installation().plan("demo_production")
        assert (planned.environment, planned.branch, planned.parent) == ("production", "main", None)

    def test_a_plan_is_the_kitchen_as_it_would_be_and_nothing_is_made(self, installation):
        before = installation.outside
        planned = installation.plan("dev_kitchen", "demo_dev", ticket="DATA-117", shared=False)
        assert planned.created_by == "padma"
        assert planned.created_at == NOON
        assert planned.project == "retail"
        assert planned.branch == "dev_kitchen"
        assert planned.state is KitchenState.CREATING
        assert planned.settings == KitchenSettings(ticket="DATA-117", shared=False)
        assert installation.outside == before

    @pytest.mark.parametrize(
        ("asked", "error", "words"),
        [
            (("Dev",), InvalidName, "snake_case"),
            (("dataops", "demo_dev"), InvalidName, "reserved"),
            (("demo_dev",), KitchenExists, "a kitchen of this name exists"),
            (("dev_kitchen", "nobody"), KitchenNotFound, "kitchens: demo_dev, demo_production"),
            (("dev_kitchen", "dev_kitchen"), KitchenNotFound, "no kitchen named 'dev_kitchen'"),
            (("dev_kitchen",), KitchenError, "needs a parent to be cut from"),
            (("dev_kitchen", None, "development"), KitchenError, "needs a parent to be cut from"),
            (("dev_kitchen", "demo_dev", "nowhere"), EnvironmentNotFound, "declared: bank, dev"),
            (("dev_kitchen", "demo_dev", "bank"), KitchenError, "belongs to project 'retail'"),
            (("dev_kitchen", "demo_dev", "production"), KitchenError, "protected and has one"),
            (("dev_kitchen", "demo_production"), KitchenError, "protected and has one kitchen"),
            (("demo_bank", "demo_dev"), KitchenError, "belongs to project 'retail'"),
            (("demo_bank", None, "production"), KitchenError, "base kitchen of bank, not of"),
        ],
    )
    def test_what_cannot_be_is_refused_before_anything_is_made(
        self, installation, asked, error, words
    ):
        before = installation.outside
        with pytest.raises(error, match=words):
            installation.begin(*asked)
        assert installation.outside == before
        assert installation.hooks.told == []

    def test_a_branch_that_is_meant_for_another_kitchen_is_refused(self, installation):
        with pytest.raises(KitchenExists, match="branch 'main' belongs to kitchen 'demo_produc"):
            installation.plan("main", "demo_dev")

    def test_a_name_in_whose_namespace_others_have_dags_is_refused(self, installation):
        installation.recorded.foreign_dags.append("finance.daily")
        before = installation.outside
        with pytest.raises(KitchenExists, match=r"DAG 'finance\.daily' lies in its namespace"):
            installation.begin("finance", "demo_dev")
        assert installation.outside == before

    def test_nothing_is_cut_from_a_kitchen_that_goes(self, installation):
        installation.create("dev_kitchen", "demo_dev")
        installation.begin_to_delete("dev_kitchen")
        with pytest.raises(KitchenBusy, match="no kitchen can be cut from it any more"):
            installation.plan("padma", "dev_kitchen")


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
        with pytest.raises(ValueError, match="8 of its steps are left"):
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
