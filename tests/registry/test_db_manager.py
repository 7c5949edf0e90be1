"""Our tables come and go with Airflow's, on a fresh database and on an existing one."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text
from sqlalchemy.exc import DBAPIError

from airflow_dataops.domain.audit import AuditEntry, AuditQuery
from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.registry.audit import AuditTable
from airflow_dataops.registry.db_manager import DataOpsDBManager
from airflow_dataops.registry.kitchens import KitchenTable
from airflow_dataops.registry.operations import OperationTable
from tests.registry_fixtures import OUR_TABLES

pytestmark = pytest.mark.airflow
ENTRY = AuditEntry(
    at=datetime(2026, 3, 2, 12, tzinfo=UTC),
    by="padma",
    source="api 10.0.0.7",
    action="created",
    project="retail",
    environment="development",
)
GUARDS = {
    "sqlite": {"dataops_audit_no_update", "dataops_audit_no_delete"},
    "postgresql": {"dataops_audit_append_only", "dataops_audit_is_append_only"},
}
_CHANGES = ["update dataops_audit set action = 'seen'", "delete from dataops_audit"]
CHANGES = {"sqlite": _CHANGES, "postgresql": [*_CHANGES, "truncate dataops_audit"]}

STEPS = """
import sys, warnings
warnings.simplefilter("ignore")
from airflow import settings
settings.initialize()
from airflow_dataops.registry.db_manager import DataOpsDBManager
session = settings.Session()
manager = DataOpsDBManager(session)
for line in sys.stdin:
    step = line.strip()
    session.commit()
    if step == "drop":
        with settings.get_engine().begin() as connection:
            manager.drop_tables(connection)
    elif step == "down":
        manager.downgrade("base")
    elif step == "down to 0001":
        manager.downgrade("0001")
    elif step == "up to 0001":
        from alembic import command
        command.upgrade(manager.get_alembic_config(), revision="0001")
    elif step == "sql":
        manager.downgrade("base", show_sql_only=True)
    elif step == "up":
        manager.upgradedb(use_migration_files=True)
        assert manager.check_migration()
    session.commit()
    print("DONE", step, flush=True)
"""


class Steps:
    """A process of Airflow's that migrates our tables up and down, a step at a time."""

    def __init__(self, database):
        self._process = subprocess.Popen(
            [sys.executable, "-c", STEPS],
            env=database.environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def take(self, *steps):
        """What the steps printed."""
        said = []
        for step in steps:
            self._process.stdin.write(f"{step}\n")
            self._process.stdin.flush()
            for line in self._process.stdout:
                if line == f"DONE {step}\n":
                    break
                said.append(line)
            else:
                pytest.fail(f"{step}: {''.join(said)[-4000:]}")
        return "".join(said)

    def close(self):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(30)


@pytest.fixture(scope="module")
def steps(metadata_database):
    """Importing Airflow takes seconds: one process takes all the steps of these tests."""
    taken = Steps(metadata_database)
    yield taken
    taken.close()


def our_tables(engine):
    return {name for name in inspect(engine).get_table_names() if "dataops" in name}


def what_guards_the_trail(engine):
    """Names of the triggers and functions in the database that are ours."""
    query = {
        "sqlite": "select name from sqlite_master where type = 'trigger' and name like 'dataops%'",
        "postgresql": """select tgname from pg_trigger where tgname like 'dataops%'
            union select proname from pg_proc where proname like 'dataops%'""",
    }[engine.dialect.name]
    with engine.connect() as connection:
        return set(connection.scalars(text(query)))


def differences(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_object": lambda _i, name, kind, *_: kind != "table" or name in OUR_TABLES,
            },
        )
        return compare_metadata(context, DataOpsDBManager.metadata)


def test_a_fresh_database_has_our_tables_at_the_newest_revision(engine):
    assert our_tables(engine) == {*OUR_TABLES, "alembic_version_dataops"}
    assert differences(engine) == []
    with engine.connect() as connection:
        revision = connection.scalar(text("select version_num from alembic_version_dataops"))
    assert revision == list(DataOpsDBManager.revision_heads_map.values())[-1]


def test_migrations_make_what_the_models_say_and_take_it_back(metadata_database, steps, engine):
    steps.take("down")
    assert our_tables(engine) == {"alembic_version_dataops"}
    assert what_guards_the_trail(engine) == set()
    steps.take("up")
    assert differences(engine) == []
    assert what_guards_the_trail(engine) == GUARDS[engine.dialect.name]
    assert_append_only(engine)
    indices = {index["name"]: index for index in inspect(engine).get_indexes("dataops_kitchen")}
    living_name = indices["idx_dataops_kitchen_living_name"]
    assert living_name["unique"]
    where = living_name["dialect_options"][f"{metadata_database.kind}_where"]
    assert "deleted_at IS NULL" in str(where)


def test_an_existing_airflow_gets_our_tables_by_db_migrate(metadata_database, steps, engine):
    steps.take("drop")
    assert our_tables(engine) == set()
    assert what_guards_the_trail(engine) == set()
    metadata_database.airflow("db", "migrate")
    assert our_tables(engine) == {*OUR_TABLES, "alembic_version_dataops"}
    assert differences(engine) == []
    assert what_guards_the_trail(engine) == GUARDS[engine.dialect.name]
    assert_append_only(engine)


def test_kitchens_of_an_earlier_release_keep_working(steps, engine):
    steps.take("down", "up to 0001")
    with engine.begin() as connection:
        connection.execute(
            text(
                "insert into dataops_kitchen"
                " (id, name, project, environment, branch, created_at, created_by)"
                " values ('k1', 'demo_dev', 'retail', 'development', 'demo_dev',"
                " '2026-03-02 12:00', 'chris')"
            )
        )
    steps.take("up")
    kitchen = KitchenTable(engine, bundle_name=str).kitchen("demo_dev")
    assert kitchen.state is KitchenState.READY
    assert kitchen.settings == KitchenSettings()
    assert OperationTable(engine).latest(kitchen) is None
    steps.take("down to 0001", "up")
    assert KitchenTable(engine, bundle_name=str).kitchen("demo_dev") == kitchen


def assert_append_only(engine):
    trail = AuditTable(engine)
    trail.add(ENTRY)
    for change in CHANGES[engine.dialect.name]:
        with pytest.raises(DBAPIError, match="dataops_audit is append-only"):
            execute(engine, change)
    assert trail.entries(AuditQuery()) == [ENTRY]


def execute(engine, statement):
    with engine.begin() as connection:
        connection.execute(text(statement))


# alembic prints no batch operations, which SQLite needs.
@pytest.mark.parametrize(
    "metadata_database", [pytest.param("postgresql", marks=pytest.mark.service)], indirect=True
)
def test_a_downgrade_can_be_read_before_it_is_made(steps, engine):
    assert "DROP TABLE dataops_kitchen" in steps.take("sql")
    assert our_tables(engine) >= set(OUR_TABLES)
