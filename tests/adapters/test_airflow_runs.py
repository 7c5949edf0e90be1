"""Ending, forgetting and starting runs, on Airflow's own tables."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from airflow.sdk import DAG
from sqlalchemy import event, text, update
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from airflow_dataops.adapters.airflow_runs import AirflowRuns, AirflowWorkers, provisioning_run_id
from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.domain.provisioning import (
    Operation,
    OperationKind,
    Part,
    PartKind,
    Progress,
    StepProgress,
)
from airflow_dataops.errors import OutsideSystemError

pytestmark = pytest.mark.airflow
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
PROVISION = "dataops.development.provision"
BUNDLE = "kitchens-development"


@pytest.fixture
def database(airflow_engine, monkeypatch):
    """The database of this process's Airflow."""
    with used_by_airflow(airflow_engine, monkeypatch):
        yield airflow_engine


@contextmanager
def used_by_airflow(engine, monkeypatch):
    from airflow import settings

    sessions = sessionmaker(engine, expire_on_commit=False)  # as Airflow does
    shared = scoped_session(sessions)
    monkeypatch.setattr(settings, "NonScopedSession", sessions)
    monkeypatch.setattr(settings, "Session", shared)
    yield
    shared.remove()


def kitchen(name="padma", *, created_at=NOON):
    return Kitchen(
        id=str(uuid4()),
        name=name,
        project="retail",
        environment="development",
        branch=name,
        parent="demo_dev",
        created_at=created_at,
        created_by="padma",
    )


def declare(database, dag_id, *, parsed_at=NOON, schedule=None):
    """A DAG as the dag-processor writes it."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

    with DAG(dag_id, schedule=schedule) as dag:
        EmptyOperator(task_id="work")
    data = LazyDeserializedDAG(data=DagSerialization.to_dict(dag))
    with Session(database) as session, session.begin():
        session.merge(DagBundleModel(name=BUNDLE))
        session.flush()
        SerializedDAG.bulk_write_to_db(BUNDLE, "v1", [data], session=session)
        SerializedDagModel.write_dag(data, BUNDLE, "v1", session=session)
        session.execute(
            update(DagModel)
            .where(DagModel.dag_id == dag_id)
            .values(last_parsed_time=parsed_at, is_stale=False, is_paused=False)
        )


def add_run(database, dag_id, run_id, *, state="running", tasks=()):
    """A run with tasks in these states."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from sqlalchemy import insert

    with database.begin() as connection:
        connection.execute(
            insert(DagRun.__table__).values(
                dag_id=dag_id,
                run_id=run_id,
                run_type="manual",
                run_after=NOON,
                state=state,
                log_template_id=1,
            )
        )
        for number, task in enumerate(tasks):
            state, heartbeat = task if isinstance(task, tuple) else (task, None)
            connection.execute(
                insert(TaskInstance.__table__).values(
                    id=uuid4(),
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id="work" if len(tasks) == 1 else f"task_{number}",
                    map_index=-1,
                    try_number=1,
                    state=state,
                    pool="default_pool",
                    start_date=heartbeat,
                    last_heartbeat_at=heartbeat,
                )
            )


def states(database, table, dag_id):
    query = text(f"select state from {table} where dag_id = :dag order by state")  # noqa: S608
    with database.connect() as connection:
        return [row[0] for row in connection.execute(query, {"dag": dag_id})]


class TestEndingRuns:
    def test_unfinished_runs_end_and_nothing_of_them_goes_on(self, database):
        for number, state in enumerate(["running", "queued", "success", "failed"]):
            add_run(database, "padma.profit", f"run_{number}", state=state)
        assert AirflowRuns().cancel_all(kitchen()) == 2
        assert states(database, "dag_run", "padma.profit") == ["failed"] * 3 + ["success"]

    def test_tasks_that_had_begun_have_failed_and_the_others_are_skipped(self, database):
        begun = ["running", "deferred", "up_for_reschedule"]
        waiting = ["queued", "scheduled", "up_for_retry", None]
        add_run(database, "padma.profit", "run", tasks=[*begun, *waiting, "success", "failed"])
        AirflowRuns().cancel_all(kitchen())
        expected = ["failed"] * 4 + ["skipped"] * 4 + ["success"]
        assert states(database, "task_instance", "padma.profit") == expected

    @pytest.mark.parametrize("other", ["padma2.profit", "padma", "demo.padma.profit", "padmaXx.p"])
    def test_runs_of_other_namespaces_go_on(self, database, other):
        add_run(database, other, "run", tasks=["running"])
        assert AirflowRuns().cancel_all(kitchen()) == 0
        assert states(database, "task_instance", other) == ["running"]

    def test_a_name_with_an_underscore_means_no_other_letter(self, database):
        add_run(database, "devXkitchen.profit", "run")
        assert AirflowRuns().cancel_all(kitchen("dev_kitchen")) == 0


@pytest.mark.parametrize(
    "metadata_database", [pytest.param("postgresql", marks=pytest.mark.service)], indirect=True
)
def test_a_deadlock_with_airflow_itself_is_got_over(engine, monkeypatch):
    add_run(engine, "padma.profit", "run", tasks=["running"])
    waits = text("select count(*) from pg_stat_activity where wait_event_type = 'Lock'")
    with (
        used_by_airflow(engine, monkeypatch),
        engine.connect() as other,
        engine.connect().execution_options(isolation_level="AUTOCOMMIT") as observer,
        ThreadPoolExecutor(1) as thread,
    ):
        other.execute(text("update task_instance set hostname = 'here'"))
        ended = thread.submit(AirflowRuns().cancel_all, kitchen())
        while not observer.scalar(waits):
            assert not ended.done()
        # Of the two the database ends the one that has waited longer, after a second.
        other.execute(text("update dag_run set clear_number = 0"))
        other.commit()
        assert ended.result(timeout=30) == 1
    assert states(engine, "task_instance", "padma.profit") == ["failed"]


class TestForgettingDags:
    def test_what_an_earlier_kitchen_left_is_removed_with_its_runs(self, database):
        declare(database, "padma.profit", parsed_at=NOON - timedelta(hours=1))
        add_run(database, "padma.profit", "run", tasks=["running"])
        assert AirflowRuns().forget(kitchen()) == 1
        for table in ("dag", "dag_run", "task_instance", "serialized_dag", "dag_version"):
            with database.connect() as connection:
                assert connection.scalar(text(f"select count(*) from {table}")) == 0, table  # noqa: S608

    def test_what_was_parsed_since_the_kitchen_came_is_its_own(self, database):
        declare(database, "padma.profit", parsed_at=NOON + timedelta(seconds=1))
        assert AirflowRuns().forget(kitchen()) == 0

    def test_other_kitchens_keep_theirs(self, database):
        declare(database, "padma2.profit", parsed_at=NOON - timedelta(hours=1))
        assert AirflowRuns().forget(kitchen()) == 0


def operation(**about):
    schema = Part(kind=PartKind.SCHEMA, tool="redshift", what="padma")
    return Operation(
        **{
            "id": "0b",
            "kind": OperationKind.CREATE,
            "kitchen": kitchen(),
            "by": "padma",
            "reason": None,
            "began_at": NOON,
            "steps": (StepProgress(part=schema),),
            **about,
        }
    )


@pytest.fixture
def workers(database):  # noqa: ARG001 - theirs
    return AirflowWorkers(
        bundle_name=lambda environment: f"kitchens-{environment}",
        patience_seconds=0.1,
        now=lambda: NOON,
    )


class TestWorkers:
    def test_a_run_names_the_operation_and_its_attempt(self, database, workers):
        declare(database, PROVISION)
        run_id = workers.start(operation(attempt=3))
        assert run_id == "create-padma-0b-3"
        with database.connect() as connection:
            query = text("select state, conf, triggering_user_name, bundle_version from dag_run")
            ((state, conf, who, version),) = connection.execute(query).all()
        assert (state, who, version) == ("queued", "padma", "v1")
        assert '"operation": "0b"' in conf
        assert '"attempt": 3' in conf

    def test_to_start_it_twice_is_to_start_it_once(self, database, workers):
        declare(database, PROVISION)
        assert workers.start(operation()) == workers.start(operation())
        assert states(database, "dag_run", PROVISION) == ["queued"]

    def test_no_connection_is_held_while_another_is_waited_for(self, database, workers):
        declare(database, PROVISION)
        held, most = 0, 0

        def changed(by):
            nonlocal held, most
            held += by
            most = max(most, held)

        taken, given = (lambda *_: changed(1)), (lambda *_: changed(-1))
        event.listen(database, "checkout", taken)
        event.listen(database, "checkin", given)
        try:
            workers.start(operation())
            workers.start(operation())
        finally:
            event.remove(database, "checkout", taken)
            event.remove(database, "checkin", given)
        assert (held, most) == (0, 1)

    def test_a_dag_that_is_not_there_is_asked_for_and_named(self, database, workers):
        with pytest.raises(OutsideSystemError, match=PROVISION) as refused:
            workers.start(operation())
        assert BUNDLE in str(refused.value)
        with database.connect() as connection:
            query = text("select bundle_name, relative_fileloc from dag_priority_parsing_request")
            assert connection.execute(query).all() == [(BUNDLE, "dataops/dataops_kitchen.py")]

    def test_a_run_that_waits_is_worked_for(self, database, workers):
        declare(database, PROVISION)
        workers.start(operation())
        assert workers.is_working(operation())

    @pytest.mark.parametrize(
        ("task", "is_working"),
        [
            (("running", NOON - timedelta(seconds=29)), True),
            (("running", NOON - timedelta(seconds=31)), False),
            ("queued", True),
            ("up_for_retry", True),
        ],
        ids=str,
    )
    def test_a_task_that_gives_no_sign_of_life_is_not_worked_for(
        self, database, workers, task, is_working
    ):
        add_run(database, PROVISION, provisioning_run_id(operation()), tasks=[task])
        assert workers.is_working(operation()) is is_working

    @pytest.mark.parametrize("state", ["failed", "success"])
    def test_a_run_that_is_over_is_not_worked_for(self, database, workers, state):
        add_run(database, PROVISION, provisioning_run_id(operation()), state=state)
        assert not workers.is_working(operation())

    def test_a_failed_attempt_is_not_worked_for(self, workers):
        assert not workers.is_working(operation(progress=Progress.FAILED))

    @pytest.mark.parametrize(("seconds", "is_working"), [(29, True), (31, False)])
    def test_before_there_is_a_run_the_steps_tell(self, workers, seconds, is_working):
        (step,) = operation().steps
        long_ago, then = NOON - timedelta(hours=1), NOON - timedelta(seconds=seconds)
        begun = operation(began_at=long_ago, steps=(replace(step, began_at=then),))
        assert workers.is_working(begun) is is_working

    def test_an_attempt_that_is_stopped_ends_and_no_other_does(self, database, workers):
        declare(database, PROVISION)
        for attempt in (1, 2):
            workers.start(operation(attempt=attempt))
        workers.stop(operation(attempt=1))
        assert states(database, "dag_run", PROVISION) == ["failed", "queued"]
        workers.stop(operation(attempt=1))
        workers.stop(operation(attempt=7))
