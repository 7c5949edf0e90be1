"""Where tasks run, whatever their DAGs say."""

from __future__ import annotations

import json
from types import SimpleNamespace

import pytest

from airflow_dataops import policies

pytestmark = pytest.mark.airflow
BUNDLES = [
    {
        "name": f"kitchens-{environment}",
        "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
        "kwargs": {"environment": environment},
    }
    for environment in ("production", "development")
]
FILE = """\
projects:
  retail:
    repository: retail.git
    environments:
      production:
        vault: {kind: hashicorp, url: "http://127.0.0.1:1", mount: p, role_id_env: A, secret_id_env: B}
        base_kitchen: {name: demo_production, branch: main}
        tools: {s3: {bucket: p}}
        queue: production
        provision_queue: makes-production
      development:
        vault: {kind: hashicorp, url: "http://127.0.0.1:1", mount: d, role_id_env: C, secret_id_env: D}
        base_kitchen: {name: demo_dev, branch: dev}
        tools: {s3: {bucket: d}}
"""  # noqa: E501


@pytest.fixture
def queue(tmp_path, monkeypatch):
    """The queue that a DAG's task of a bundle gets, which asked for another."""
    file = tmp_path / "environments.yaml"

    def queue(dag_id, bundle="kitchens-production", text=FILE):
        file.write_text(text)
        task = SimpleNamespace(
            dag_id=dag_id, queue="makes-production", executor="Own", executor_config={"a": 1},
            run_as_user="root",
        )  # fmt: skip
        run = SimpleNamespace(dag_model=SimpleNamespace(bundle_name=bundle))
        policies.task_instance_mutation_hook(task, run)
        return task.queue

    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(BUNDLES))
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))
    return queue


def test_a_kitchens_task_gets_its_environments_queue(queue):
    assert queue("demo_production.profit") == "production"


@pytest.mark.parametrize("task", ["provision", "janitor"])
def test_the_platforms_tasks_get_the_queue_for_making_kitchens(queue, task):
    assert queue(f"dataops.production.{task}") == "makes-production"


def test_without_a_name_that_queue_is_named_after_the_kitchens(queue):
    text = FILE.replace("        provision_queue: makes-production\n", "")
    assert queue("dataops.production.provision", text=text) == "production-provision"


def test_an_environment_without_queues_has_the_clusters_default(queue):
    for dag_id in ("demo_dev.profit", "dataops.development.provision"):
        assert queue(dag_id, "kitchens-development") == "default"


@pytest.mark.parametrize(
    "dag_id", ["dataops.development.provision", "dataops.production.other", "dataops.provision"]
)
def test_nothing_that_looks_like_the_platforms_gets_its_queue(queue, dag_id):
    assert queue(dag_id) == "production"


def test_other_bundles_tasks_are_left_alone(queue):
    assert queue("dataops.production.provision", "dags-folder") == "makes-production"
