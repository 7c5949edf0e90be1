"""The platform's two DAGs, as the loader of the bundle's folder ``dataops`` makes them."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from airflow.serialization.serialized_objects import DagSerialization

from airflow_dataops.dag_factory.platform import platform_dags
from airflow_dataops.domain import names

pytestmark = pytest.mark.airflow


@pytest.fixture
def dags(tmp_path):
    about = {"environment": "development", "project": "retail"}
    (tmp_path / "kitchen.json").write_text(json.dumps(about))
    return platform_dags(str(tmp_path / names.LOADER_FILE))


def test_an_environment_has_two_dags_named_after_it(dags):
    assert list(dags) == ["dataops.development.provision", "dataops.development.janitor"]
    for dag in dags.values():
        dag.validate()
        assert dag.is_paused_upon_creation is False
        assert "environment:development" in dag.tags


def test_provisioning_waits_to_be_asked_and_is_tried_again(dags):
    dag = dags["dataops.development.provision"]
    (task,) = dag.tasks
    assert dag.schedule is None
    assert (task.task_id, task.retries, task.retry_delay) == ("work", 3, timedelta(seconds=10))


def test_the_janitor_comes_every_hour(dags):
    data = DagSerialization.to_dict(dags["dataops.development.janitor"])["dag"]
    assert data["timetable"]["__type"].endswith("CronTriggerTimetable")
    assert data["timetable"]["__var"]["expression"] == "0 * * * *"
    assert data["catchup"] is False


def test_many_kitchens_can_be_made_at_once(dags):
    dag = dags["dataops.development.provision"]
    assert dag.max_active_runs >= 20
    assert dag.max_active_tasks >= 20
