"""What a service may rely on, whoever keeps the operations on kitchens."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import OperationKind, Part, PartKind, Progress
from airflow_dataops.errors import OperationNotFound, Superseded
from tests.kitchen_values import BRANCH, NOON, SCHEMA, deed, kitchen

PREFIX = Part(kind=PartKind.PREFIX, tool="s3", what="acme/dev_kitchen/")


@pytest.fixture
def made():
    return kitchen("dev_kitchen")


def steps(operation):
    return [(step.part, step.progress, step.detail) for step in operation.steps]


def writes(operations, operation, made):
    """Everything that can be written about an operation."""
    return [
        lambda: operations.next_attempt(operation),
        lambda: operations.started(operation, run_id="late"),
        lambda: operations.step(operation, BRANCH, Progress.RUNNING),
        lambda: operations.step(operation, BRANCH, Progress.DONE, detail="late"),
        lambda: operations.failed(operation, error="late"),
        lambda: operations.finish(operation, audit=deed("created", made)),
    ]


class OperationsContract:
    def test_an_operation_that_never_was_is_said_to_be_unknown(self, records, made):
        with pytest.raises(OperationNotFound, match="no operation has the id 'op-1'"):
            records.operations.operation("op-1")
        assert records.operations.latest(made) is None
        assert records.operations.all_of(made) == []

    def test_a_kitchens_operations_are_given_the_last_one_first(self, records, made):
        records.add(made, kitchen("another"))
        records.remove(made)
        found = records.operations.all_of(made)
        assert [o.kind for o in found] == [OperationKind.DELETE, OperationKind.CREATE]
        assert found[0] == records.operations.latest(made)
        assert found[1] == records.operations.operation(found[1].id)

    def test_steps_move_on_in_their_order(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.RUNNING)
        records.operations.step(operation, BRANCH, Progress.DONE, detail="cut from demo_dev")
        records.operations.step(operation, SCHEMA, Progress.RUNNING, detail="creating")
        now = records.operations.operation(operation.id)
        assert steps(now) == [
            (BRANCH, Progress.DONE, "cut from demo_dev"),
            (SCHEMA, Progress.RUNNING, "creating"),
        ]
        assert now.left() == [SCHEMA]
        first, second = now.steps
        assert (first.began_at, first.ended_at) == (NOON, NOON)
        assert (second.began_at, second.ended_at) == (NOON, None)

    def test_a_step_that_is_done_stays_done_whoever_reports_late(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.DONE, detail="cut from demo_dev")
        for progress in (Progress.RUNNING, Progress.FAILED, Progress.DONE):
            records.operations.step(operation, BRANCH, progress, detail="late")
        found = records.operations.operation(operation.id)
        assert steps(found)[0] == (BRANCH, Progress.DONE, "cut from demo_dev")

    def test_a_step_of_another_operation_is_a_mistake(self, records, made):
        operation = records.begin(made)
        with pytest.raises(ValueError, match="has no step prefix:s3"):
            records.operations.step(operation, PREFIX, Progress.DONE)

    def test_a_started_run_is_known(self, records, made):
        operation = records.begin(made)
        records.operations.started(operation, run_id="create-dev_kitchen-1")
        assert records.operations.latest(made).run_id == "create-dev_kitchen-1"

    def test_a_failed_attempt_says_why_and_where(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.RUNNING)
        records.operations.failed(operation, error="git refuses:\0 no")
        now = records.operations.operation(operation.id)
        assert (now.progress, now.error) == (Progress.FAILED, "git refuses: no")
        assert not now.is_over
        assert [step.progress for step in now.steps] == [Progress.FAILED, Progress.PENDING]

    def test_work_after_a_failure_takes_the_failure_back(self, records, made):
        operation = records.begin(made)
        records.operations.failed(operation, error="the warehouse is down")
        records.operations.step(operation, SCHEMA, Progress.RUNNING)
        now = records.operations.operation(operation.id)
        assert (now.progress, now.error) == (Progress.RUNNING, None)

    def test_the_next_attempt_goes_on_with_what_is_left(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.DONE, detail="cut from demo_dev")
        records.operations.step(operation, SCHEMA, Progress.RUNNING)
        records.operations.started(operation, run_id="first")
        records.operations.failed(operation, error="the warehouse is down")
        taken = records.operations.next_attempt(operation)
        assert (taken.attempt, taken.run_id, taken.error) == (2, None, None)
        assert taken.progress is Progress.RUNNING
        assert [step.progress for step in taken.steps] == [Progress.DONE, Progress.PENDING]
        assert taken == records.operations.operation(operation.id)

    def test_whoever_works_for_an_earlier_attempt_can_write_nothing(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.DONE)
        records.operations.step(operation, SCHEMA, Progress.DONE)
        taken = records.operations.next_attempt(operation)
        for write in writes(records.operations, operation, made):
            with pytest.raises(Superseded, match="taken over by attempt 2"):
                write()
        assert records.operations.operation(operation.id) == taken

    def test_of_two_who_take_over_one_succeeds(self, records, made):
        operation = records.begin(made)
        records.operations.next_attempt(operation)
        with pytest.raises(Superseded):
            records.operations.next_attempt(operation)
        assert records.operations.operation(operation.id).attempt == 2

    def test_an_operation_that_is_over_takes_no_more_writing(self, records, made):
        operation = records.begin(made)
        records.end(operation)
        over, known = records.operations.latest(made), records.audit.entries(AuditQuery())
        for write in writes(records.operations, operation, made):
            with pytest.raises(Superseded, match="creation of kitchen 'dev_kitchen' is over"):
                write()
        assert records.operations.latest(made) == over
        assert records.audit.entries(AuditQuery()) == known

    def test_a_creation_that_a_deletion_ended_takes_no_more_writing(self, records, made):
        operation = records.begin(made)
        records.mark_deleting(made)
        for write in writes(records.operations, operation, made):
            with pytest.raises(Superseded):
                write()
        assert records.kitchens.kitchen("dev_kitchen").state is KitchenState.DELETING

    def test_a_finished_creation_leaves_a_kitchen_that_is_ready(self, records, made):
        operation = records.begin(made)
        records.end(operation, by="chris")
        found = records.kitchens.kitchen("dev_kitchen")
        assert found == replace(made, state=KitchenState.READY)
        over = records.operations.operation(operation.id)
        assert over.is_over
        assert (over.progress, over.ended_at, over.kitchen) == (Progress.DONE, NOON, found)
        assert records.audit.entries(AuditQuery(at_most=1)) == [deed("end", made, by="chris")]

    def test_a_finished_deletion_keeps_its_steps_as_the_inventory(self, records, made):
        records.add(made)
        operation = records.mark_deleting(made)
        for part in (BRANCH, SCHEMA):
            records.operations.step(operation, part, Progress.DONE, detail="gone")
        records.operations.finish(operation, audit=deed("deleted", made))
        assert records.kitchens.kitchens() == []
        over = records.operations.operation(operation.id)
        assert steps(over) == [(BRANCH, Progress.DONE, "gone"), (SCHEMA, Progress.DONE, "gone")]
        assert over.kitchen.id == made.id
        assert records.operations.latest(made) == over

    def test_nothing_is_finished_while_a_step_is_left(self, records, made):
        operation = records.begin(made)
        records.operations.step(operation, BRANCH, Progress.DONE)
        known = records.audit.entries(AuditQuery())
        with pytest.raises(ValueError, match="1 of its steps are left"):
            records.operations.finish(operation, audit=deed("created", made))
        assert records.kitchens.kitchen("dev_kitchen").state is KitchenState.CREATING
        assert not records.operations.operation(operation.id).is_over
        assert records.audit.entries(AuditQuery()) == known


class TestFake(OperationsContract):
    @pytest.fixture
    def records(self, fake):
        return fake


@pytest.mark.airflow
class TestTable(OperationsContract):
    @pytest.fixture
    def records(self, tables):
        return tables
