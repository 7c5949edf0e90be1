"""Where tasks run, whatever their DAGs say."""

from __future__ import annotations

import json
from types import SimpleNamespace
from uuid import uuid4

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

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
        protected: true
        owner: eric
        vault: {kind: hashicorp, url: "http://127.0.0.1:1", mount: p, role_id_env: A, secret_id_env: B}
        base_kitchen: {name: demo_production, branch: main}
        tools: {s3: {bucket: p}}
        queue: production
        pool: production
        pools: {warehouse: production_warehouse}
        provision_queue: makes-production
      development:
        vault: {kind: hashicorp, url: "http://127.0.0.1:1", mount: d, role_id_env: C, secret_id_env: D}
        base_kitchen: {name: demo_dev, branch: dev}
        tools: {s3: {bucket: d}}
"""  # noqa: E501


@pytest.fixture
def environments_file(tmp_path, monkeypatch):
    file = tmp_path / "environments.yaml"
    file.write_text(FILE)
    monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST", json.dumps(BUNDLES))
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))
    return file


@pytest.fixture
def queue(environments_file):
    """The queue that a DAG's task of a bundle gets, which asked for another."""

    def queue(dag_id, bundle="kitchens-production", text=FILE):
        environments_file.write_text(text)
        task = SimpleNamespace(
            dag_id=dag_id, queue="makes-production", executor="Own", executor_config={"a": 1},
            run_as_user="root", pool="default_pool", priority_weight=1, pool_slots=1,
        )  # fmt: skip
        run = SimpleNamespace(dag_model=SimpleNamespace(bundle_name=bundle))
        policies.task_instance_mutation_hook(task, run)
        return task.queue

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


@pytest.fixture
def task_instance(environments_file):  # noqa: ARG001 - for the hook
    """Airflow's own task instance of a serialized DAG, bound to a run of a bundle's DAG."""
    from airflow.models.dag import DagModel
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.serialization.serialized_objects import DagSerialization

    def bound(dag_id, bundle="kitchens-production", **arguments):
        with DAG(dag_id, schedule=None) as dag:
            EmptyOperator.partial(task_id="work", **arguments).expand(doc=["one"])
        task = DagSerialization.from_dict(DagSerialization.to_dict(dag)).get_task("work")
        run = DagRun(dag_id=dag_id, run_id="by_hand")
        run.dag_model = DagModel(dag_id=dag_id, bundle_name=bundle)
        created = TaskInstance(task, run_id="by_hand", dag_version_id=uuid4())
        created.dag_run = run
        return created, run

    return bound


def pool_of(bound):
    """The pool that Airflow gives a task as it binds it to its run, and as it looks again."""
    from airflow import settings

    task_instance, run = bound
    pools = set()
    for _ in range(2):
        settings.task_instance_mutation_hook(task_instance, dag_run=run)
        pools.add(task_instance.pool)
    task_instance.refresh_from_task(task_instance.task, dag_run=run)
    pools.add(task_instance.pool)
    (pool,) = pools
    return pool


@pytest.mark.parametrize(
    ("named", "given"),
    [
        ("default_pool", "production"),
        ("warehouse", "production_warehouse"),
        ("production_warehouse", "production_warehouse"),
        ("somebody_elses", "production"),
    ],
)
def test_a_kitchens_task_gets_a_pool_of_its_environment(task_instance, named, given):
    assert pool_of(task_instance("demo_production.profit", pool=named)) == given


def test_without_pools_a_kitchens_task_has_the_clusters_default(task_instance):
    bound = task_instance("demo_dev.profit", "kitchens-development", pool="production_warehouse")
    assert pool_of(bound) == "default_pool"


def test_a_full_pool_of_kitchens_does_not_keep_them_from_being_made(task_instance):
    assert pool_of(task_instance("dataops.production.janitor")) == "default_pool"


def test_other_bundles_tasks_keep_their_pool(task_instance):
    assert pool_of(task_instance("reports.daily", "dags-folder", pool="warehouse")) == "warehouse"


def weights_of(bound):
    from airflow import settings

    task_instance, run = bound
    found = set()
    for _ in range(2):
        settings.task_instance_mutation_hook(task_instance, dag_run=run)
        found.add((task_instance.priority_weight, task_instance.pool_slots))
    (weights,) = found
    return weights


@pytest.mark.parametrize(("wanted", "given"), [(1, -999), (5, -995), (10**6, 0), (-7, -7)])
def test_kitchens_outside_of_protected_environments_stand_behind_all_others(
    task_instance, wanted, given
):
    arguments = {"priority_weight": wanted, "weight_rule": "absolute", "pool_slots": 100}
    bound = task_instance("demo_dev.profit", "kitchens-development", **arguments)
    assert weights_of(bound) == (given, 1)


def test_a_protected_environments_weights_are_its_own(task_instance):
    arguments = {"priority_weight": 7, "weight_rule": "absolute", "pool_slots": 3}
    assert weights_of(task_instance("demo_production.profit", **arguments)) == (7, 3)
