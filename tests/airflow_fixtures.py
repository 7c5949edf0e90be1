"""Airflow's metadata database for tests that act as one of Airflow's own processes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile

import pytest

# Our own modules import Airflow's; its configuration must not be that of whoever runs the tests.
os.environ.setdefault("AIRFLOW_HOME", tempfile.mkdtemp(prefix="airflow-home-"))


@pytest.fixture(scope="session")
def migrated_database(tmp_path_factory):
    """A SQLite file after ``airflow db migrate``; to be copied, never written to."""
    home = tmp_path_factory.mktemp("airflow-migrated")
    file = home / "airflow.db"
    done = subprocess.run(
        [sys.executable, "-m", "airflow", "db", "migrate"],
        env=airflow_environment(home, f"sqlite:///{file}"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return file


@pytest.fixture
def airflow_engine(migrated_database, tmp_path, monkeypatch):
    """An empty metadata database of a test's own, which this process takes for its Airflow's."""
    from airflow import settings
    from sqlalchemy import create_engine

    file = tmp_path / "airflow.db"
    shutil.copy(migrated_database, file)
    engine = create_engine(f"sqlite:///{file}")
    monkeypatch.setattr(settings, "engine", engine)
    yield engine
    engine.dispose()


def airflow_environment(home, url):
    """Environment of a process that belongs to an installation of the test's own."""
    return {
        **{k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW__")},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": url,
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": "",
        "PYTHONWARNINGS": "ignore",
    }
