"""What the tables say about a task instance."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from weakref import WeakSet

import psycopg2.extensions
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, text

from airflow_dataops.domain import names
from airflow_dataops.errors import BundleError
from airflow_dataops.registry import single_reads
from airflow_dataops.registry.identities import (
    kitchen_environments,
    look_up,
    namespace_of,
)
from airflow_dataops.registry.single_reads import without_transactions
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.registry.kitchen_rows import add_kitchen, remove_kitchen

pytestmark = pytest.mark.airflow
DEVELOPMENT, PRODUCTION = "kitchens_development", "kitchens_production"


def record(engine, version, *, bundle=DEVELOPMENT, environment="development"):
    kitchen_rows.record(engine, version, bundle=bundle, environment=environment)


def facts(engine, task_instance_id):
    return look_up(engine, task_instance_id)


def test_a_kitchens_task_is_known_with_all_that_its_environment_is_decided_by(engine):
    kitchen = add_kitchen(engine, "dev_kitchen")
    record(engine, "v1")
    add_dag(engine, "dev_kitchen.profit", bundle=DEVELOPMENT)
    found = facts(engine, add_running_task(engine, "dev_kitchen.profit", version="v1"))
    assert (found.dag_id, found.task_id) == ("dev_kitchen.profit", "load")
    assert (found.map_index, found.try_number, found.state) == (3, 2, "running")
    assert (found.run_version, found.dag_bundle) == ("v1", DEVELOPMENT)
    assert (found.version_bundle, found.version_environment) == (DEVELOPMENT, "development")
    assert found.is_kitchens_bundle is True
    assert (found.kitchen_id, found.kitchen_environment) == (kitchen, "development")
    assert found.kitchen_state == "ready"


@pytest.mark.parametrize("state", ["creating", "deleting"])
def test_a_kitchens_state_is_told(engine, state):
    add_kitchen(engine, "dev_kitchen", state=state)
    record(engine, "v1")
    add_dag(engine, "dev_kitchen.profit", bundle=DEVELOPMENT)
    found = facts(engine, add_running_task(engine, "dev_kitchen.profit", version="v1"))
    assert found.kitchen_state == state


def test_a_task_of_the_platform_is_of_no_kitchen(engine):
    record(engine, "v1")
    add_dag(engine, "dataops.development.provision", bundle=DEVELOPMENT)
    found = facts(engine, add_running_task(engine, "dataops.development.provision", version="v1"))
    assert (found.version_bundle, found.version_environment) == (DEVELOPMENT, "development")
    assert found.is_kitchens_bundle is True
    assert found.kitchen_id is found.kitchen_environment is found.kitchen_state is None


def test_a_task_of_an_ordinary_dag_has_nothing_of_ours(engine):
    add_kitchen(engine, "dev_kitchen")
    record(engine, "v1")
    add_dag(engine, "report", bundle="dags-folder")
    found = facts(engine, add_running_task(engine, "report", version="some commit"))
    assert (found.run_version, found.dag_bundle) == ("some commit", "dags-folder")
    assert found.is_kitchens_bundle is False
    assert found.version_bundle is found.version_environment is None
    assert found.kitchen_id is found.kitchen_environment is None


def test_an_unpinned_run_of_a_kitchens_bundle_is_recognised(engine):
    record(engine, "v1")
    add_dag(engine, "gone.profit", bundle=DEVELOPMENT)
    found = facts(engine, add_running_task(engine, "gone.profit", version=None))
    assert found.run_version is None
    assert found.is_kitchens_bundle is True


def test_a_run_keeps_its_versions_environment_when_another_bundle_takes_its_dag(engine):
    add_kitchen(engine, "prod", environment="production")
    record(engine, "v1")
    record(engine, "v2", bundle=PRODUCTION, environment="production")
    add_dag(engine, "prod.profit", bundle=DEVELOPMENT)
    task = add_running_task(engine, "prod.profit", version="v1")
    add_dag(engine, "prod.profit", bundle=PRODUCTION)
    found = facts(engine, task)
    assert (found.dag_bundle, found.kitchen_environment) == (PRODUCTION, "production")
    assert (found.version_bundle, found.version_environment) == (DEVELOPMENT, "development")


def test_of_two_bundles_with_one_version_that_of_the_dag_is_named(engine):
    record(engine, "v1", bundle="a")
    record(engine, "v1", bundle="b")
    for bundle in ("a", "b"):
        add_dag(engine, f"{bundle}.profit", bundle=bundle)
        found = facts(engine, add_running_task(engine, f"{bundle}.profit", version="v1"))
        assert found.version_bundle == bundle


def test_a_version_of_two_environments_answers_nothing(engine):
    record(engine, "v1")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into dataops_bundle_version select version, 'other', project, 'production',"
                " recorded_at from dataops_bundle_version"
            )
        )
    add_dag(engine, "a.profit", bundle=DEVELOPMENT)
    with pytest.raises(BundleError, match="several environments"):
        facts(engine, add_running_task(engine, "a.profit", version="v1"))


def test_a_deleted_kitchen_owns_nothing_and_its_successor_has_another_id(engine):
    first = add_kitchen(engine, "dev_kitchen")
    add_dag(engine, "dev_kitchen.profit", bundle=DEVELOPMENT)
    task = add_running_task(engine, "dev_kitchen.profit", version=None)
    remove_kitchen(engine, first)
    assert facts(engine, task).kitchen_id is None
    second = add_kitchen(engine, "dev_kitchen")
    assert facts(engine, task).kitchen_id == second != first


@pytest.mark.parametrize(
    "dag_id", ["dev_kitchen", "devXkitchen.profit", "Dev_kitchen.profit", "dev_kitchen.", "dev.a"]
)
def test_a_dag_beside_a_namespace_is_in_no_kitchen(engine, dag_id):
    add_kitchen(engine, "dev_kitchen")
    add_dag(engine, dag_id, bundle="dags-folder")
    assert facts(engine, add_running_task(engine, dag_id, version=None)).kitchen_id is None


@pytest.mark.parametrize(
    "unknown", ["01a203d5-2f78-7590-91a9-9d6a8313cc94", "no uuid", "", "' or 1=1 --"]
)
def test_an_unknown_task_instance_has_no_facts(engine, unknown):
    assert facts(engine, unknown) is None


@given(dag_id=st.text(alphabet="ab_%.\\'[-Ü", max_size=8))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_the_database_and_the_domain_agree_on_namespaces(engine, dag_id):
    with engine.connect() as connection:
        found = connection.scalar(select(namespace_of(dag_id)))
    expected = names.kitchen_of_dag(dag_id)
    if expected is not None:
        assert found == expected
    elif "." not in dag_id:
        assert not found


def test_a_look_up_is_a_single_statement(engine):
    add_dag(engine, "a.profit", bundle=DEVELOPMENT)
    task = add_running_task(engine, "a.profit", version=None)
    facts(engine, task)  # a session prepares the statement once
    with sent_by(engine) as statements:
        look_up(engine, task)
    assert [text[:4] for text in statements if not text.startswith("PRAGMA")] in (
        ["WITH"],
        ["EXEC"],
    )


@contextmanager
def sent_by(engine):
    """What goes to the database, seen at its driver."""
    statements = []

    class Watched(psycopg2.extensions.cursor):
        def execute(self, *arguments):
            statements.append(arguments[0])
            return super().execute(*arguments)

    if engine.driver == "psycopg2":
        session = single_reads._kept[engine][-1].driver
        session.cursor_factory = Watched
        yield statements
        session.cursor_factory = None
        return
    with engine.connect() as connection:  # SQLite's pool gives a thread its own one again
        session = connection.connection.driver_connection
    session.set_trace_callback(statements.append)
    yield statements
    session.set_trace_callback(None)


@pytest.fixture
def asked_task(engine, monkeypatch):
    """A task whose look-up has left a session behind."""
    monkeypatch.setattr(single_reads, "_forgetful", WeakSet())
    add_dag(engine, "a.profit", bundle=DEVELOPMENT)
    task = add_running_task(engine, "a.profit", version=None)
    facts(engine, task)
    return task


@pytest.mark.parametrize(
    "metadata_database", [pytest.param("postgresql", marks=pytest.mark.service)], indirect=True
)
class TestKeptSessions:
    def kept(self, engine):
        return [session.driver for session in single_reads._kept[engine]]

    def test_a_session_is_used_again(self, engine, asked_task):
        before = self.kept(engine)
        facts(engine, asked_task)
        assert self.kept(engine) == before

    def test_no_connection_of_the_pool_is_taken_for_it(self, engine, asked_task):
        assert engine.pool.checkedout() == 0
        facts(engine, asked_task)
        assert engine.pool.checkedout() == 0

    @pytest.mark.parametrize("spoilt", ["DEALLOCATE ALL", "PREPARE {title} AS SELECT 1"])
    def test_behind_a_pgbouncer_the_pool_answers_from_then_on(self, engine, asked_task, spoilt):
        # What was prepared is gone, or was prepared by another process.
        (session,) = single_reads._kept[engine]
        (title,) = session.prepared
        cursor = session.driver.cursor()
        cursor.execute("DEALLOCATE ALL")
        if spoilt.startswith("PREPARE"):
            session.prepared.clear()
        cursor.execute(spoilt.format(title=title))
        assert facts(engine, asked_task).dag_id == "a.profit"
        assert engine in single_reads._forgetful
        assert facts(engine, asked_task).dag_id == "a.profit"
        assert session.driver.closed

    def test_a_session_that_the_database_ended_is_replaced(self, engine, asked_task):
        (dead,) = self.kept(engine)
        with engine.connect() as connection:
            end = text("select pg_terminate_backend(:pid)")
            connection.execute(end, {"pid": dead.info.backend_pid})
        assert facts(engine, asked_task).dag_id == "a.profit"
        assert engine not in single_reads._forgetful
        assert facts(engine, asked_task).dag_id == "a.profit"
        (alive,) = self.kept(engine)
        assert alive is not dead
        assert dead.closed

    def test_a_session_that_waited_long_is_not_trusted(self, engine, asked_task):
        (session,) = single_reads._kept[engine]
        session.waits_since -= 61
        facts(engine, asked_task)
        assert session.driver.closed
        assert self.kept(engine) != [session.driver]

    def test_a_forked_process_leaves_its_parents_session_alone(self, engine, asked_task):
        (session,) = single_reads._kept[engine]
        session.process -= 1
        facts(engine, asked_task)
        assert not session.driver.closed
        assert self.kept(engine) != [session.driver]
        session.driver.close()

    def test_many_at_once_leave_a_few_sessions(self, engine, asked_task):
        at_once = Barrier(12)

        def ask(_):
            at_once.wait()
            return facts(engine, asked_task).dag_id

        with ThreadPoolExecutor(12) as threads:
            assert set(threads.map(ask, range(12))) == {"a.profit"}
        assert len(self.kept(engine)) <= 4


def test_a_session_goes_back_to_the_pool_as_it_was(engine):
    with without_transactions(engine) as connection:
        connection.exec_driver_sql("select 1")
    with engine.connect() as connection:
        connection.exec_driver_sql("create temporary table t (n int)")
        connection.commit()
        connection.exec_driver_sql("insert into t values (1)")
        connection.rollback()
        assert connection.exec_driver_sql("select count(*) from t").scalar() == 0
        connection.exec_driver_sql("drop table t")
        connection.commit()


def test_environments_of_living_kitchens_alone_are_told(engine):
    add_kitchen(engine, "a")
    add_kitchen(engine, "b", environment="production")
    remove_kitchen(engine, add_kitchen(engine, "c"))
    with engine.connect() as connection:
        asked = kitchen_environments(connection, ["a", "b", "c", "nobody", "a"])
        assert asked == {"a": "development", "b": "production"}
        assert kitchen_environments(connection, []) == {}


class TestRecordVersion:
    def test_the_same_again_changes_nothing(self, engine):
        record(engine, "v1")
        record(engine, "v1")
        with engine.connect() as connection:
            rows = connection.execute(text("select * from dataops_bundle_version")).all()
        assert [row[:4] for row in rows] == [("v1", DEVELOPMENT, "retail", "development")]

    @pytest.mark.parametrize("bundle", [DEVELOPMENT, "another"])
    def test_a_version_never_changes_its_environment(self, engine, bundle):
        record(engine, "v1")
        with pytest.raises(BundleError, match=r"'development' already and cannot .*'production'"):
            record(engine, "v1", bundle=bundle, environment="production")
        with engine.connect() as connection:
            environments = connection.scalars(
                text("select environment from dataops_bundle_version")
            )
            assert list(environments) == ["development"]
