"""Between ``pip install`` and ``airflow db migrate``: no kitchens, or nothing at all."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from airflow_dataops import bootstrap
from tests.registry.airflow_rows import add_dag, add_running_task

pytestmark = pytest.mark.airflow


@pytest.fixture
def ordinary_task(airflow_engine):
    """A running task of an ordinary DAG, in a database without our tables."""
    add_dag(airflow_engine, "finance.daily", bundle="dags-folder")
    task = add_running_task(airflow_engine, "finance.daily", version=None)
    with airflow_engine.begin() as connection:
        for table in ("dataops_bundle_version", "dataops_kitchen"):
            connection.execute(text(f"drop table {table}"))
    return task


def test_without_kitchens_configured_a_task_is_ordinary(ordinary_task):
    assert bootstrap.identify(ordinary_task) is None


def test_with_kitchens_configured_nobody_is_taken_for_ordinary(ordinary_task, monkeypatch):
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", "/opt/airflow/environments.yaml")
    with pytest.raises(DBAPIError, match="no such table"):
        bootstrap.identify(ordinary_task)
