"""Our tables come and go with Airflow's, on a fresh database and on an existing one."""

from __future__ import annotations

import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from airflow_dataops.registry.db_manager import DataOpsDBManager
from tests.registry.conftest import OUR_TABLES

pytestmark = pytest.mark.airflow

STEP = """
import sys
from airflow import settings
settings.initialize()
from airflow_dataops.registry.db_manager import DataOpsDBManager
session = settings.Session()
manager = DataOpsDBManager(session)
for step in sys.argv[1:]:
    session.commit()
    if step == "drop":
        with settings.get_engine().begin() as connection:
            manager.drop_tables(connection)
    elif step == "down":
        manager.downgrade("base")
    elif step == "sql":
        manager.downgrade("base", show_sql_only=True)
    elif step == "up":
        manager.upgradedb(use_migration_files=True)
        assert manager.check_migration()
"""


def take_steps(database, *steps):
    return database.run(sys.executable, "-c", STEP, *steps)


def our_tables(engine):
    return {name for name in inspect(engine).get_table_names() if "dataops" in name}


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


def test_migrations_make_what_the_models_say_and_take_it_back(metadata_database, engine):
    take_steps(metadata_database, "down")
    assert our_tables(engine) == {"alembic_version_dataops"}
    take_steps(metadata_database, "up")
    assert differences(engine) == []
    indices = {index["name"]: index for index in inspect(engine).get_indexes("dataops_kitchen")}
    living_name = indices["idx_dataops_kitchen_living_name"]
    assert living_name["unique"]
    where = living_name["dialect_options"][f"{metadata_database.kind}_where"]
    assert "deleted_at IS NULL" in str(where)


def test_an_existing_airflow_gets_our_tables_by_db_migrate(metadata_database, engine):
    take_steps(metadata_database, "drop")
    assert our_tables(engine) == set()
    metadata_database.airflow("db", "migrate")
    assert our_tables(engine) == {*OUR_TABLES, "alembic_version_dataops"}
    assert differences(engine) == []


def test_a_downgrade_can_be_read_before_it_is_made(metadata_database, engine):
    if metadata_database.kind == "sqlite":
        pytest.skip("alembic prints no batch operations for SQLite")
    assert "DROP TABLE dataops_kitchen" in take_steps(metadata_database, "sql")
    assert our_tables(engine) >= set(OUR_TABLES)
