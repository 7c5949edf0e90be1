"""Schedules that come back, on real serialized DAGs and a real registry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from airflow.models.dag import DagModel
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, CronDataIntervalTimetable, CronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

from airflow_dataops.bundles import enabled_schedules, guard
from airflow_dataops.domain.schedule import EnabledSchedule, Schedule
from tests.bundles.test_guard import LOADER, NO_SCHEDULE, parsed

pytestmark = pytest.mark.airflow
MONDAYS = Schedule(cron="0 6 * * 1", timezone="America/Chicago")
DECLARED = "inert schedule: 0 6 * * 1 America/Chicago"
AN_HOUR = timedelta(hours=1)


@pytest.fixture
def kitchen(host):
    return host.add_kitchen("dev_kitchen")


@pytest.fixture
def enable(kitchen):
    """Enables a schedule of ``profit`` at this moment; gives the moment."""
    from airflow_dataops import bootstrap
    from tests.bundles.conftest import deed

    def enable(schedule=MONDAYS, *, pipeline="profit", ago=timedelta()):
        at = datetime.now(tz=UTC) - ago
        enabled = EnabledSchedule(
            pipeline=pipeline, schedule=schedule, enabled_by="eric", enabled_at=at
        )
        audit = deed(kitchen, "enable schedule")
        bootstrap.schedules().enable(kitchen, enabled, audit=audit)
        return at

    return enable


def serialized(dag_id="dev_kitchen.profit", *, tags=(DECLARED,), schedule=None, **arguments):
    with DAG(dag_id, schedule=schedule, tags=list(tags), **arguments) as dag:
        EmptyOperator(task_id="nothing")
    return LazyDeserializedDAG(data=DagSerialization.to_dict(dag))


def read(dag, host, *, environment="development", loader=LOADER):
    """The DAG as the guarded manager writes it."""
    result = parsed(dag)
    bundle = guard.Guarded(tracking=host.home / "tracking", environment=environment)
    guard.hold_to_kitchen(result, relative_fileloc=loader, bundle=bundle)
    enabled_schedules.set_enabled(result, loader, environment=environment)
    # Again from text, as from the database.
    return LazyDeserializedDAG(data=result.serialized_dags[0].data)


def next_run(dag):
    model = DagModel(dag_id=dag.dag_id)
    model.calculate_dagrun_date_fields(dag, reference_run=None)
    return model.next_dagrun_create_after


def is_inert(dag):
    return dag.data["dag"]["timetable"]["__type"] == NO_SCHEDULE and next_run(dag) is None


@pytest.mark.usefixtures("kitchen")
def test_a_declared_schedule_is_inert(host):
    dag = read(serialized(), host)
    assert is_inert(dag)
    assert dag.tags == [DECLARED]


def test_an_enabled_schedule_runs_at_its_next_tick(host, enable):
    enable()
    dag = read(serialized(), host)
    found = next_run(dag)
    assert datetime.now(tz=UTC) < found <= datetime.now(tz=UTC) + timedelta(days=8)
    local = found.in_timezone("America/Chicago")
    assert (local.day_of_week, local.hour, local.minute) == (0, 6, 0)
    assert dag.tags == ["schedule: 0 6 * * 1 America/Chicago"]


@pytest.mark.parametrize(
    "declared",
    ["0 7 * * 1 America/Chicago", "0 6 * * 1 UTC", "* * * * * America/Chicago", "@weekly UTC"],
)
def test_code_that_says_another_schedule_is_inert_until_that_is_enabled(host, enable, declared):
    enable()
    dag = read(serialized(tags=[f"inert schedule: {declared}"]), host)
    assert is_inert(dag)
    assert dag.tags == [f"changed schedule: {declared}"]


EVERY_MINUTE = CronTriggerTimetable("* * * * *", timezone="UTC", run_immediately=True)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "hostile",
    [
        {"schedule": EVERY_MINUTE},
        {"schedule": CronDataIntervalTimetable("* * * * *", timezone="UTC")},
        {"schedule": [Asset("orders")]},
        {"schedule": "@continuous", "max_active_runs": 1},
        {"start_date": LONG_AGO, "catchup": True},
        {"start_date": LONG_AGO, "default_args": {"start_date": LONG_AGO}},
        {"allowed_run_types": ["manual"]},
        {"is_paused_upon_creation": True},
    ],
    ids=", ".join,
)
def test_what_else_a_file_says_changes_nothing_of_an_enabled_schedule(host, enable, hostile):
    enable()
    dag, honest = read(serialized(**hostile), host), read(serialized(), host)
    assert dag.data["dag"]["timetable"] == honest.data["dag"]["timetable"]
    assert dag.data["dag"]["catchup"] is False
    assert dag.data["dag"]["allowed_run_types"] is None
    assert dag.data["dag"]["is_paused_upon_creation"] is False
    assert next_run(dag) == next_run(honest)


def test_start_dates_of_tasks_bring_no_run_forward(host, enable):
    enable(Schedule(cron="0 * * * *", timezone="UTC"))
    dag = serialized(tags=["inert schedule: 0 * * * * UTC"])
    for one in dag.data["dag"]["tasks"]:
        one["__var"]["start_date"] = LONG_AGO.timestamp()
    assert next_run(read(dag, host)) > datetime.now(tz=UTC)


def test_a_run_for_a_past_day_has_its_tasks(host, enable):
    """Which is why the moment of enabling is no start date: Airflow would leave them out."""
    enable()
    full = DagSerialization.from_dict(read(serialized(start_date=LONG_AGO), host).data)
    assert full.start_date == LONG_AGO
    assert [one.start_date for one in full.tasks] == [LONG_AGO]


@pytest.mark.parametrize(
    ("claim", "shown"),
    [
        ("schedule: 0 6 * * 1 America/Chicago", [DECLARED]),
        ("changed schedule: 0 6 * * 1 America/Chicago", [DECLARED]),
        ("schedule: every minute", []),
    ],
)
@pytest.mark.usefixtures("kitchen")
def test_a_tag_cannot_claim_that_a_schedule_is_enabled(host, claim, shown):
    dag = read(serialized(tags=[claim]), host)
    assert is_inert(dag)
    assert dag.tags == shown


def test_two_declarations_are_none(host, enable):
    enable()
    dag = read(serialized(tags=[DECLARED, "inert schedule: * * * * * UTC", "weekly"]), host)
    assert is_inert(dag)
    assert dag.tags == ["weekly"]


def test_a_timetable_class_that_the_code_names_is_thrown_away(host, enable):
    enable()
    dag = serialized()
    dag.data["dag"]["timetable"] = {
        "__type": "airflow_dataops.timetables.EnabledTimetable",
        "__var": {"expression": "* * * * *", "timezone": "UTC", "starts_at": "2020-01-01T00:00Z"},
    }
    inert = serialized(tags=())
    inert.data["dag"]["timetable"] = dag.data["dag"]["timetable"]
    assert read(dag, host).timetable.summary == "0 6 * * 1"
    assert is_inert(read(inert, host))


def test_what_is_enabled_for_one_pipeline_enables_no_other(host, enable):
    enable(pipeline="other")
    assert is_inert(read(serialized(), host))


def test_what_is_enabled_in_one_kitchen_enables_no_other(host, enable):
    enable()
    host.add_kitchen("demo_dev")
    host.add_kitchen("demo_production", "production")
    for kitchen, environment in (("demo_dev", "development"), ("demo_production", "production")):
        dag = serialized(f"{kitchen}.profit")
        loader = f"{kitchen}/dataops_kitchen.py"
        assert is_inert(read(dag, host, environment=environment, loader=loader))


def test_a_kitchen_that_goes_is_inert_and_so_is_the_next_of_its_name(host, enable):
    enable()
    host.delete("dev_kitchen")
    assert is_inert(read(serialized(), host))


def test_an_ordinary_dag_is_scheduled_like_a_pipeline(host, enable):
    enable(pipeline="reports.daily-load")
    dag = read(serialized("dev_kitchen.reports.daily-load"), host)
    assert next_run(dag) is not None


def test_nothing_is_run_for_the_time_before_it_was_enabled(host, enable):
    enable(Schedule(cron="0 0 1 1 *", timezone="UTC"), ago=AN_HOUR)
    dag = read(serialized(tags=["inert schedule: 0 0 1 1 * UTC"]), host)
    assert next_run(dag) > datetime.now(tz=UTC)
