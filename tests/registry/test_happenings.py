"""What happened, as a migrated metadata database tells it."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text, update

from airflow_dataops.domain.events import EventKind, Incident
from tests.kitchen_values import deed, kitchen
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import NOON, add_dag, add_running_task

pytestmark = pytest.mark.airflow
BUNDLE, VERSION = "kitchens-development", "version-1"
HOUR = timedelta(hours=1)


@pytest.fixture
def site(engine):
    kitchen_rows.record(engine, VERSION, bundle=BUNDLE, environment="development")
    return Site(engine)


class Site:
    """Development with one kitchen."""

    def __init__(self, engine):
        from airflow_dataops.registry.happenings import AirflowHappenings

        self.engine, self.happenings = engine, AirflowHappenings(engine)
        self.kitchen_id = kitchen_rows.add_kitchen(engine, "dev_kitchen")

    def task(self, state, *, dag="dev_kitchen.profit", at=NOON + HOUR, bundle=BUNDLE, **how):
        """A try that has ended; its id."""
        add_dag(self.engine, dag, bundle=bundle)
        found = add_running_task(self.engine, dag, version=VERSION, **how)
        self.change(found, state=state, end_date=at)
        return found

    def change(self, task_instance, **values):
        from airflow.models.taskinstance import TaskInstance

        table = TaskInstance.__table__
        with self.engine.begin() as connection:
            change = update(table).where(table.c.id == UUID(task_instance))
            connection.execute(change.values(**values))

    def failures(self, since=NOON, environment="development"):
        return self.happenings.failures(environment, since=since)

    def incident(self, **values):
        known = {
            "id": str(uuid4()),
            "environment": "development",
            "kitchen_id": self.kitchen_id,
            "dag_id": "dev_kitchen.profit",
            "task_id": "load",
            "opened_at": NOON,
            "last_at": NOON,
        }
        return Incident(**{**known, **values})


def test_a_failed_try_is_found_with_all_that_names_it(site):
    task = site.task("failed")
    [found] = site.failures()
    assert (found.key, found.kind, found.at) == (f"{task}:failed", "failed", NOON + HOUR)
    assert (found.kitchen, found.kitchen_id) == ("dev_kitchen", site.kitchen_id)
    assert (found.task.task_instance, found.task.dag_id) == (task, "dev_kitchen.profit")
    assert (found.task.task_id, found.task.map_index, found.task.try_number) == ("load", 3, 2)
    assert found.text is None


@pytest.mark.parametrize("state", ["success", "running", "up_for_retry", "upstream_failed", None])
def test_a_try_that_did_not_fail_for_good_is_nobodys_alert(site, state):
    site.task(state)
    assert site.failures() == []


def test_what_failed_before_was_told_before(site):
    site.task("failed", at=NOON + HOUR)
    site.task("failed", at=NOON + 3 * HOUR)
    assert [event.at for event in site.failures(since=NOON + 2 * HOUR)] == [NOON + 3 * HOUR]


def test_strangers_failures_are_not_told(site):
    site.task("failed", dag="plain_dag")
    site.task("failed", dag="dev_kitchen.foreign", bundle="dags-folder")
    site.task("failed", dag="other_kitchen.profit")
    kitchen_rows.add_kitchen(site.engine, "demo_production", environment="production")
    site.task("failed", dag="demo_production.profit")
    assert site.failures() == []
    assert site.failures(environment="production") == []


def test_a_name_used_again_starts_without_the_failures_before(site):
    site.task("failed", at=NOON - HOUR)
    assert site.failures(since=NOON - 2 * HOUR) == []
    kitchen_rows.remove_kitchen(site.engine, site.kitchen_id)
    site.task("failed")
    assert site.failures() == []


def test_the_environments_own_tasks_belong_to_no_kitchen(site):
    site.task("failed", dag="dataops.development.janitor")
    site.task("failed", dag="dataops.production.janitor")
    [found] = site.failures()
    assert (found.kitchen_id, found.kitchen) == (None, None)
    assert found.task.dag_id == "dataops.development.janitor"


@pytest.mark.parametrize("event", ["heartbeat timeout", "state mismatch"])
def test_a_task_that_died_without_a_word_is_told_as_such(site, event):
    from airflow.models.log import Log

    from airflow_dataops.registry.happenings import _DEATHS

    task = site.task("failed")
    [found] = site.failures()
    about = {name: getattr(found.task, name) for name in ("dag_id", "run_id", "task_id")}
    rows = [
        {**about, "map_index": 3, "try_number": 1, "event": event, "dttm": NOON},
        {**about, "map_index": 3, "try_number": 2, "event": "failed", "dttm": NOON},
    ]
    with site.engine.begin() as connection:
        connection.execute(insert(Log.__table__).values(rows))
    assert [failure.text for failure in site.failures()] == [None]  # that was the try before
    with site.engine.begin() as connection:
        connection.execute(insert(Log.__table__).values({**rows[0], "try_number": 2}))
    [found] = site.failures()
    assert found.key == f"{task}:failed"
    assert found.text is not None
    both = [{**rows[0], "try_number": 2, "event": note} for note in _DEATHS]
    with site.engine.begin() as connection:
        connection.execute(insert(Log.__table__).values(both))
    assert [failure.text for failure in site.failures()] == [_DEATHS["heartbeat timeout"]]
    with site.engine.begin() as connection:
        connection.execute(text("delete from log"))


def test_deeds_are_read_from_the_audit_trail(site):
    from airflow_dataops.registry.audit import AuditTable

    trail, dev = AuditTable(site.engine), kitchen("dev_kitchen")
    trail.add(deed("begin to create", dev, at=NOON))
    trail.add(deed("created", dev, at=NOON + HOUR, reason="DATA-117"))
    trail.add(deed("staff", dev, at=NOON + 2 * HOUR, details={"who": "carl", "role": "cook"}))
    created, staffed = site.happenings.deeds("development", since=NOON)
    assert (created.kind, created.text, created.kitchen) == ("created", "DATA-117", "dev_kitchen")
    assert (staffed.kind, dict(staffed.details)) == ("staff", {"who": "carl", "role": "cook"})
    assert created.key != staffed.key
    later = site.happenings.deeds("development", since=NOON + 2 * HOUR)
    assert [event.kind for event in later] == ["staff"]
    assert site.happenings.deeds("production", since=NOON) == []


class TestRecovery:
    def test_only_tasks_that_succeeded_since_are_looked_at(self, site):
        site.task("success", task_id="back", at=NOON + HOUR)
        site.task("success", task_id="before", at=NOON - HOUR)
        site.task("failed", task_id="again", at=NOON + HOUR)
        names = ("back", "before", "again", "never")
        incidents = [site.incident(task_id=name) for name in names]
        assert [i.task_id for i in site.happenings.recovering(incidents)] == ["back"]
        assert site.happenings.recovering([]) == []
        assert len(site.happenings.recovering(incidents * 99)) == 99

    def test_a_later_success_ends_an_incident(self, site):
        task = site.task("success", at=NOON + HOUR)
        found = site.happenings.recovery(site.incident(), tries=[])
        assert (found.kind, found.key) == (EventKind.RECOVERED, f"{task}:recovered")
        assert (found.at, found.kitchen) == (NOON + HOUR, "dev_kitchen")

    def test_no_other_success_does(self, site):
        before = site.task("success", at=NOON - HOUR)
        assert before
        site.task("success", task_id="other")
        site.task("success", dag="dev_kitchen.other")
        site.task("running", at=NOON + HOUR)
        assert site.happenings.recovery(site.incident(), tries=[]) is None

    def test_a_try_that_warned_or_was_marked_does_not_end_its_own_incident(self, site):
        task = site.task("success")
        assert site.happenings.recovery(site.incident(), tries=[task]) is None
        again = site.task("success", at=NOON + 2 * HOUR)
        found = site.happenings.recovery(site.incident(), tries=[task])
        assert found.task.task_instance == again

    def test_a_mapped_task_recovers_when_all_of_a_runs_tries_succeed(self, site):
        first = site.task("success")
        [run] = [e.task.run_id for e in [site.happenings.recovery(site.incident(), tries=[])]]
        second = site.task("failed")
        site.change(second, run_id=run, map_index=4)
        assert site.happenings.recovery(site.incident(), tries=[]) is None
        site.change(second, state="success")
        found = site.happenings.recovery(site.incident(), tries=[])
        assert found.task.task_instance in {first, second}


def test_a_try_is_found_by_its_id_and_knows_whether_it_is_the_last(site):
    task = site.task("running")
    site.change(task, max_tries=2)
    found, is_last = site.happenings.task_try(task)
    assert (found.task_id, found.try_number, is_last) == ("load", 2, False)
    site.change(task, max_tries=1)
    assert site.happenings.task_try(task)[1]
    with pytest.raises(ValueError, match="there is no task instance"):
        site.happenings.task_try(str(uuid4()))
