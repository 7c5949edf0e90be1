"""What scheduling may rely on, whoever keeps the schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import insert, text, update

from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.schedule import EnabledSchedule, PipelineSchedule, Schedule
from airflow_dataops.errors import KitchenBusy, KitchenNotFound
from tests.fakes_registry import FakeSchedules
from tests.kitchen_values import NOON, deed, kitchen
from tests.registry.airflow_rows import add_dag

DEV, PRODUCTION = kitchen("dev_kitchen"), kitchen("demo_production", environment="production")
MONDAYS = Schedule(cron="0 6 * * 1", timezone="America/Chicago")
PROFIT = EnabledSchedule(pipeline="profit", schedule=MONDAYS, enabled_by="eric", enabled_at=NOON)
ENABLING, DISABLING = deed("enable schedule", DEV), deed("disable schedule", DEV)


class ScheduleContract:
    @pytest.fixture(autouse=True)
    def _kitchens(self, records):
        records.add(DEV, PRODUCTION)

    def test_nothing_is_enabled_and_nothing_known_at_first(self, schedules):
        assert schedules.of([DEV, PRODUCTION]) == {DEV.id: [], PRODUCTION.id: []}
        assert schedules.of([]) == {}
        assert schedules.enabled_in("dev_kitchen", environment="development") == {}

    def test_each_pipeline_is_given_with_what_its_code_declares(self, schedules, declare):
        declare("dev_kitchen.profit", "inert schedule: 0 6 * * 1 America/Chicago", "weekly")
        declare("dev_kitchen.by_hand", "kitchen:dev_kitchen")
        declare("dev_kitchen.untagged")
        declare("demo_production.profit", "changed schedule: @daily UTC")
        daily = Schedule(cron="@daily", timezone="UTC")
        assert schedules.of([DEV, PRODUCTION]) == {
            DEV.id: [
                PipelineSchedule(pipeline="by_hand"),
                PipelineSchedule(pipeline="profit", declared=MONDAYS),
                PipelineSchedule(pipeline="untagged"),
            ],
            PRODUCTION.id: [PipelineSchedule(pipeline="profit", declared=daily)],
        }

    def test_what_is_enabled_is_given_with_its_pipeline(self, schedules, declare):
        declare("dev_kitchen.profit", "inert schedule: 0 6 * * 1 America/Chicago")
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        [found] = schedules.of([DEV])[DEV.id]
        assert found == PipelineSchedule(pipeline="profit", declared=MONDAYS, enabled=PROFIT)
        assert schedules.enabled_in("dev_kitchen", environment="development") == {"profit": PROFIT}

    def test_what_is_enabled_stays_known_when_its_code_is_gone(self, schedules):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        assert schedules.of([DEV])[DEV.id] == [PipelineSchedule(pipeline="profit", enabled=PROFIT)]

    def test_enabling_again_takes_the_place_of_what_was_enabled(self, schedules):
        later = replace(
            PROFIT,
            schedule=Schedule(cron="@daily", timezone="UTC"),
            enabled_by="nora",
            enabled_at=NOON + timedelta(microseconds=1),
        )
        for one in (PROFIT, later):
            schedules.enable(DEV, one, audit=ENABLING)
        assert schedules.enabled_in("dev_kitchen", environment="development") == {"profit": later}

    def test_it_is_enabled_in_this_kitchen_and_environment_alone(self, schedules):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        assert schedules.enabled_in("demo_production", environment="production") == {}
        assert schedules.enabled_in("dev_kitchen", environment="production") == {}
        assert schedules.enabled_in("nowhere", environment="development") == {}

    def test_disabling_forgets_it_once(self, schedules):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        other = replace(PROFIT, pipeline="other")
        schedules.enable(DEV, other, audit=ENABLING)
        assert schedules.disable(DEV, "profit", audit=DISABLING) is True
        assert schedules.disable(DEV, "profit", audit=DISABLING) is False
        assert schedules.enabled_in("dev_kitchen", environment="development") == {"other": other}

    def test_the_audit_trail_says_what_was_done_and_no_more(self, schedules, records):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        for _ in range(2):
            schedules.disable(DEV, "profit", audit=DISABLING)
        newest = records.audit.entries(AuditQuery(kitchen_id=DEV.id, at_most=2))
        assert newest == [DISABLING, ENABLING]

    def test_a_kitchen_that_goes_takes_its_schedules_along(self, schedules, records):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        records.mark_deleting(DEV)
        assert schedules.enabled_in("dev_kitchen", environment="development") == {}
        assert schedules.of([DEV])[DEV.id] == []
        with pytest.raises(KitchenBusy):
            schedules.enable(DEV, PROFIT, audit=ENABLING)
        assert schedules.enabled_in("dev_kitchen", environment="development") == {}

    def test_another_kitchen_of_the_same_name_has_none(self, schedules, records):
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        records.remove(DEV)
        records.add(kitchen("dev_kitchen"))
        assert schedules.enabled_in("dev_kitchen", environment="development") == {}
        with pytest.raises(KitchenNotFound):
            schedules.enable(DEV, PROFIT, audit=ENABLING)


class TestFake(ScheduleContract):
    @pytest.fixture
    def records(self, fake):
        return fake

    @pytest.fixture
    def schedules(self, records):
        return FakeSchedules(records.kitchens.recorded)

    @pytest.fixture
    def declare(self, records):
        def declare(dag_id, *tags):
            records.kitchens.recorded.tags[dag_id] = tags

        return declare


def add_tags(engine, dag_id, *tags):
    """A DAG of its kitchen's bundle, as the dag-processor writes it."""
    from airflow.models.dag import DagTag

    is_production = dag_id.startswith("demo_production.")
    add_dag(engine, dag_id, bundle=f"kitchens_{'production' if is_production else 'development'}")
    with engine.begin() as connection:
        connection.execute(text("update dag set is_paused = false"))
        for tag in tags:
            connection.execute(insert(DagTag.__table__).values(dag_id=dag_id, name=tag))


@pytest.mark.airflow
class TestTable(ScheduleContract):
    @pytest.fixture
    def records(self, tables):
        return tables

    @pytest.fixture
    def schedules(self, engine):
        from airflow_dataops.registry.schedules import ScheduleTable

        return ScheduleTable(engine, bundle_name="kitchens_{}".format)

    @pytest.fixture
    def declare(self, engine):
        def declare(dag_id, *tags):
            add_tags(engine, dag_id, *tags)

        return declare

    def test_dags_of_other_bundles_and_hidden_ones_are_not_the_kitchens(self, schedules, engine):
        from airflow.models.dag import DagModel

        for dag_id, bundle in {
            "dev_kitchen.foreign": "dags-folder",
            "devXkitchen.profit": "kitchens_development",
            "dev_kitchen.gone": "kitchens_development",
        }.items():
            add_dag(engine, dag_id, bundle=bundle)
        with engine.begin() as connection:
            gone = DagModel.__table__.c.dag_id == "dev_kitchen.gone"
            connection.execute(update(DagModel.__table__).where(gone).values(is_stale=True))
        assert schedules.of([DEV])[DEV.id] == []

    def test_somebodys_pause_is_told(self, schedules, engine, declare):
        declare("dev_kitchen.profit", "inert schedule: 0 6 * * 1 America/Chicago")
        with engine.begin() as connection:
            connection.execute(text("update dag set is_paused = true"))
        assert [one.is_paused for one in schedules.of([DEV])[DEV.id]] == [True]

    def test_disabling_leaves_the_scheduler_nothing_to_wait_for(self, schedules, engine, declare):
        declare("dev_kitchen.profit", "schedule: 0 6 * * 1 America/Chicago")
        declare("dev_kitchen.other", "schedule: 0 6 * * 1 America/Chicago")
        schedules.enable(DEV, PROFIT, audit=ENABLING)
        query = text("select dag_id from dag where next_dagrun_create_after is not null")
        with engine.begin() as connection:
            connection.execute(text("update dag set next_dagrun_create_after = current_timestamp"))
        schedules.disable(DEV, "profit", audit=DISABLING)
        with engine.connect() as connection:
            assert connection.scalars(query).all() == ["dev_kitchen.other"]
