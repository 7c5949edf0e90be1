"""Which logins are in use, on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from airflow_dataops.domain.leases import Lease
from airflow_dataops.registry.leases import LeaseTable
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.registry.kitchen_rows import add_kitchen, change_kitchen, remove_kitchen

pytestmark = pytest.mark.airflow
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def leases(engine):
    yield LeaseTable(engine)
    with engine.begin() as connection:
        connection.execute(text("delete from dataops_lease"))


@pytest.fixture
def kitchen(engine):
    return add_kitchen(engine, "dev_kitchen")


@pytest.fixture
def task(engine):
    add_dag(engine, "dev_kitchen.profit", bundle="kitchens")
    return add_running_task(engine, "dev_kitchen.profit", version="v1")


def lease(kitchen, lease_id, *, environment="development", since=NOON, **holder):
    return Lease(
        lease_id=lease_id,
        environment=environment,
        kitchen_id=kitchen,
        tool="redshift",
        issued_at=since,
        expires_at=since + DAY,
        **holder,
    )


def over(leases, now=NOON, environment="development"):
    return [found.lease_id for found in leases.over(environment, now=now)]


def test_a_login_is_in_force_until_its_end(leases, kitchen, task):
    leases.add(lease(kitchen, "a", task_instance=task))
    assert leases.is_in_force("a", now=NOON)
    assert leases.is_in_force("a", now=NOON + DAY - timedelta(seconds=1))
    assert not leases.is_in_force("a", now=NOON + DAY)
    assert not leases.is_in_force("unknown", now=NOON)


def test_what_is_written_down_comes_back_as_it_was(leases, kitchen, task):
    held = lease(kitchen, "a", task_instance=task)
    leases.add(held)
    assert leases.end(task, now=NOON) == [held]


def test_the_end_of_a_try_puts_its_logins_out_of_force_and_no_others(leases, kitchen, task, engine):
    other = add_running_task(engine, "dev_kitchen.profit", version="v1")
    leases.add(lease(kitchen, "a", task_instance=task))
    leases.add(lease(kitchen, "b", task_instance=other))
    leases.add(lease(kitchen, "c", person="padma"))
    assert [found.lease_id for found in leases.end(task, now=NOON)] == ["a"]
    assert [leases.is_in_force(name, now=NOON) for name in "abc"] == [False, True, True]


def test_what_is_issued_after_an_end_stays_in_force(leases, kitchen, task):
    leases.add(lease(kitchen, "before", task_instance=task))
    leases.add(lease(kitchen, "after", task_instance=task, since=NOON + timedelta(seconds=1)))
    assert [found.lease_id for found in leases.end(task, now=NOON)] == ["before"]
    assert leases.is_in_force("after", now=NOON)


def test_an_end_that_is_told_twice_is_the_same_end(leases, kitchen, task):
    leases.add(lease(kitchen, "a", task_instance=task))
    leases.end(task, now=NOON)
    leases.end(task, now=NOON + timedelta(hours=1))
    assert not leases.is_in_force("a", now=NOON)


def test_an_end_of_a_try_without_logins_is_the_end_of_none(leases, task):
    assert leases.end(task, now=NOON) == []


def test_logins_of_running_tries_and_of_people_are_not_over(leases, kitchen, task):
    leases.add(lease(kitchen, "a", task_instance=task))
    leases.add(lease(kitchen, "b", person="padma"))
    assert over(leases) == []


def test_expired_logins_are_over_the_oldest_first(leases, kitchen, task):
    leases.add(lease(kitchen, "a", task_instance=task, since=NOON + timedelta(hours=2)))
    leases.add(lease(kitchen, "b", person="padma"))
    leases.add(lease(kitchen, "c", person="padma", since=NOON + DAY))
    assert over(leases, now=NOON + DAY) == ["b"]
    assert over(leases, now=NOON + DAY + timedelta(hours=2)) == ["b", "a"]


@pytest.mark.parametrize("state", ["success", "failed", "deferred", "restarting", None])
def test_a_login_of_a_try_that_does_not_run_is_over(leases, kitchen, task, engine, state):
    leases.add(lease(kitchen, "a", task_instance=task))
    with engine.begin() as connection:
        connection.execute(text("update task_instance set state = :state"), {"state": state})
    assert over(leases) == ["a"]


def test_a_login_of_a_try_that_is_gone_is_over(leases, kitchen, task, engine):
    leases.add(lease(kitchen, "a", task_instance=task))
    with engine.begin() as connection:
        connection.execute(text("delete from task_instance"))
    assert over(leases) == ["a"]


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_logins_of_a_kitchen_that_is_not_ready_are_over(leases, kitchen, engine, state):
    leases.add(lease(kitchen, "a", person="padma"))
    change_kitchen(engine, kitchen, state=state)
    assert over(leases) == ["a"]


def test_logins_of_a_deleted_kitchen_are_over_and_those_of_its_successor_are_not(
    leases, kitchen, engine
):
    leases.add(lease(kitchen, "a", person="padma"))
    remove_kitchen(engine, kitchen)
    leases.add(lease(add_kitchen(engine, "dev_kitchen"), "b", person="padma"))
    assert over(leases) == ["a"]


def test_another_environments_logins_are_not_told(leases, kitchen):
    leases.add(lease(kitchen, "a", person="eric", environment="production"))
    assert over(leases, now=NOON + DAY) == []
    assert over(leases, now=NOON + DAY, environment="production") == ["a"]


def test_a_removed_login_is_forgotten_and_may_be_removed_again(leases, kitchen):
    leases.add(lease(kitchen, "a", person="padma"))
    leases.remove("a")
    leases.remove("a")
    assert over(leases, now=NOON + DAY) == []


def test_a_sweep_has_some_hundreds_of_logins_at_most(leases, kitchen):
    for number in range(510):
        leases.add(lease(kitchen, f"{number:03}", person="padma"))
    assert over(leases, now=NOON + DAY) == [f"{number:03}" for number in range(500)]
