"""What the tables do beyond the contract: races, namespaces, and what other tables know."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import text

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.domain.schedule import EnabledSchedule, Schedule
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    KitchenBusy,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
    Superseded,
)
from airflow_dataops.registry.audit import AuditTable
from airflow_dataops.registry.kitchens import KitchenTable
from airflow_dataops.registry.operations import OperationTable
from airflow_dataops.registry.schedules import ScheduleTable
from tests.kitchen_values import BRANCH, NOON, Records, deed, kitchen
from tests.registry.airflow_rows import add_dag

pytestmark = pytest.mark.airflow


@pytest.fixture
def records(engine):
    return Records(
        kitchens=KitchenTable(engine, bundle_name="kitchens_{}".format),
        operations=OperationTable(engine, now=lambda: NOON),
        audit=AuditTable(engine),
    )


def test_a_dag_outside_of_kitchens_keeps_its_namespace(engine, records):
    add_dag(engine, "finance.report", bundle="dags-folder")
    with pytest.raises(KitchenExists) as refused:
        records.add(kitchen("finance"))
    assert refused.value.why == (
        "DAG 'finance.report' of bundle 'dags-folder' lies in its namespace; choose another name"
    )
    assert records.kitchens.kitchens() == []


@pytest.mark.parametrize("dag_id", ["finance", "financeXreport", "Finance.report", "a.finance.b"])
def test_a_dag_beside_the_namespace_is_no_obstacle(engine, records, dag_id):
    add_dag(engine, dag_id, bundle="dags-folder")
    records.add(kitchen("finance"))


def test_an_underscore_matches_itself_alone(engine, records):
    add_dag(engine, "devXkitchen.report", bundle="dags-folder")
    records.add(kitchen("dev_kitchen"))


def test_dags_that_a_kitchen_of_this_name_left_behind_are_no_obstacle(engine, records):
    add_dag(engine, "finance.report", bundle="kitchens_development")
    records.add(kitchen("finance"))


def test_a_deleted_row_says_when_and_by_whom(engine, records):
    gone = kitchen("finance")
    records.add(gone)
    records.end(records.mark_deleting(gone), by="chris")
    with engine.connect() as connection:
        row = connection.execute(text("select * from dataops_kitchen")).one()
    assert (row.id, row.deleted_by) == (gone.id, "chris")
    assert str(row.deleted_at).startswith("2026-03-02 12:00")


def test_asking_twice_for_parsing_leaves_one_request_as_airflow_would_write_it(engine, records):
    finance = kitchen("finance", environment="production")
    records.kitchens.ask_for_parsing(finance)
    records.kitchens.ask_for_parsing(finance)
    with engine.connect() as connection:
        rows = connection.execute(text("select * from dag_priority_parsing_request")).all()
    assert [(row.bundle_name, row.relative_fileloc) for row in rows] == [
        ("kitchens_production", "finance/dataops_kitchen.py")
    ]


def together(*steps):
    """What became of steps that are taken in the same moment, in their order."""
    at_once = Barrier(len(steps))

    def outcome(step):
        at_once.wait(timeout=30)
        try:
            step()
        except (
            KitchenBusy,
            KitchenExists,
            KitchenHasChildren,
            KitchenNotFound,
            Superseded,
        ) as error:
            return type(error)
        return None

    with ThreadPoolExecutor(len(steps)) as threads:
        return list(threads.map(outcome, steps))


def test_of_several_who_add_the_same_name_one_succeeds(records):
    outcomes = together(*[partial(records.begin, kitchen("finance")) for _ in range(4)])
    assert Counter(outcomes) == {None: 1, KitchenExists: 3}
    assert len(records.audit.entries(AuditQuery())) == 1


def test_twenty_kitchens_are_added_at_the_same_time(records):
    records.add(kitchen("demo_dev"))
    added = [kitchen(f"k{n}", parent="demo_dev") for n in range(20)]
    outcomes = together(*[partial(records.begin, each) for each in added])
    assert set(outcomes) == {None}
    assert len(records.kitchens.kitchens()) == 21
    assert {records.operations.latest(each).kitchen.id for each in added} == {k.id for k in added}


def test_a_child_that_is_added_while_its_parent_goes_never_outlives_it(records):
    for attempt in range(8):
        parent, child = kitchen(f"p{attempt}"), kitchen(f"c{attempt}", parent=f"p{attempt}")
        records.add(parent)
        marked, added = together(
            partial(records.mark_deleting, parent), partial(records.begin, child)
        )
        assert (marked, added) in [(None, KitchenBusy), (KitchenHasChildren, None)]


def test_a_schedule_that_is_enabled_while_its_kitchen_goes_stops_neither(records, engine):
    """Each takes the rows in the same order: otherwise the database would end one of the two."""
    schedules = ScheduleTable(engine, bundle_name="kitchens_{}".format)
    nightly = Schedule(cron="0 3 * * *", timezone="UTC")
    for attempt in range(25):
        going = kitchen(f"k{attempt}")
        records.add(going)
        enabling = [
            partial(
                schedules.enable,
                going,
                EnabledSchedule(
                    pipeline=pipeline, schedule=nightly, enabled_by="eric", enabled_at=NOON
                ),
                audit=deed("enable schedule", going),
            )
            for pipeline in ("a", "b", "c")
        ]
        for enable in enabling:
            enable()
        marked, *enabled = together(
            partial(records.mark_deleting, going), *enabling, *enabling[::-1]
        )
        assert (marked, set(enabled) | {None, KitchenBusy}) == (None, {None, KitchenBusy})
        with engine.connect() as connection:
            assert connection.execute(text("select * from dataops_schedule")).all() == []


def test_of_several_who_delete_a_kitchen_one_succeeds(records):
    gone = kitchen("finance")
    records.add(gone)
    outcomes = together(*[partial(records.mark_deleting, gone) for _ in range(4)])
    assert Counter(outcomes) == {None: 1, KitchenBusy: 3}


def test_a_creation_that_ends_while_the_kitchen_is_deleted_does_not_bring_it_back(records):
    for attempt in range(8):
        made = kitchen(f"k{attempt}")
        operation = records.begin(made)
        for part in operation.left():
            records.operations.step(operation, part, Progress.DONE)
        finish = partial(records.operations.finish, operation, audit=deed("created", made))
        finished, marked = together(finish, partial(records.mark_deleting, made))
        assert finished in {None, Superseded}
        assert marked is None
        assert records.kitchens.kitchen(made.name).state is KitchenState.DELETING
        assert records.operations.operation(operation.id).is_over


def test_of_several_who_take_over_an_operation_one_succeeds(records):
    operation = records.begin(kitchen("finance"))
    outcomes = together(*[partial(records.operations.next_attempt, operation) for _ in range(4)])
    assert Counter(outcomes) == {None: 1, Superseded: 3}
    assert records.operations.operation(operation.id).attempt == 2


def test_a_step_that_is_reported_while_the_operation_is_taken_over_is_kept_or_refused(records):
    for attempt in range(8):
        operation = records.begin(kitchen(f"k{attempt}"))
        report = partial(records.operations.step, operation, BRANCH, Progress.DONE)
        reported, _ = together(report, partial(records.operations.next_attempt, operation))
        is_done = BRANCH not in records.operations.operation(operation.id).left()
        assert (reported, is_done) in [(None, True), (Superseded, False)]


def test_staff_that_is_put_at_the_same_time_is_there_once(records):
    made = kitchen("finance")
    records.add(made)
    puts = [
        partial(
            records.kitchens.put_member,
            made,
            Member(who=who, role=role),
            audit=deed("staff", made, by=who),
        )
        for role in Role
        for who in ("padma", "chris")
    ]
    assert set(together(*puts)) == {None}
    assert [member.who for member in records.kitchens.staff(made)] == ["chris", "padma"]
    assert len(records.audit.entries(AuditQuery(kitchen_id=made.id))) == 2 + len(puts)


def test_staff_that_is_put_while_a_kitchen_goes_is_kept_or_refused(records):
    for attempt in range(8):
        made = kitchen(f"k{attempt}")
        records.add(made)
        padma = Member(who="padma", role=Role.COOK)
        put = partial(records.kitchens.put_member, made, padma, audit=deed("staff", made))
        done, marked = together(put, partial(records.mark_deleting, made))
        assert marked is None
        staff = records.kitchens.staff(made)
        assert (done, staff) in [(None, [padma]), (KitchenBusy, [])]
