"""Which pools a kitchen's DAG may name, on real parsing results."""

from __future__ import annotations

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG

from airflow_dataops.bundles import guard
from tests.bundles.test_guard import LOADER, names_of, parsed

pytestmark = pytest.mark.airflow
FILE = """\
projects:
  retail:
    repository: retail.git
    environments:
      development:
        vault: {kind: hashicorp, url: "http://127.0.0.1:1", mount: d, role_id_env: C, secret_id_env: D}
        base_kitchen: {name: demo_dev, branch: dev}
        tools: {}
        pools: {warehouse: development_warehouse, api: development_api}
"""  # noqa: E501


@pytest.fixture
def hold(tmp_path, monkeypatch):
    file = tmp_path / "environments.yaml"
    file.write_text(FILE)
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))

    def hold(result):
        bundle = guard.Guarded(tracking=tmp_path, environment="development")
        guard.hold_to_kitchen(result, relative_fileloc=LOADER, bundle=bundle)
        return result

    hold.file = file
    return hold


def with_pool(pool, *, mapped=False, default=None):
    with DAG(
        "dev_kitchen.profit", schedule=None, default_args={"pool": default} if default else {}
    ) as dag:
        EmptyOperator(task_id="before")
        arguments = {"pool": pool} if pool else {}
        if mapped:
            EmptyOperator.partial(task_id="load", **arguments).expand(doc=["one"])
        else:
            EmptyOperator(task_id="load", **arguments)
    return LazyDeserializedDAG(data=DagSerialization.to_dict(dag))


@pytest.mark.parametrize("mapped", [False, True])
@pytest.mark.parametrize("pool", [None, "default_pool", "warehouse", "development_api"])
def test_the_environments_pools_may_be_named(hold, pool, mapped):
    result = hold(parsed(with_pool(pool, mapped=mapped)))
    assert (names_of(result), result.import_errors) == (["dev_kitchen.profit"], {})


@pytest.mark.parametrize("mapped", [False, True])
def test_a_foreign_pool_is_refused_with_those_that_there_are(hold, mapped):
    result = hold(parsed(with_pool("production_warehouse", mapped=mapped)))
    assert names_of(result) == []
    assert result.import_errors == {
        LOADER: "DAG 'dev_kitchen.profit' is refused: task 'load' names pool "
        "'production_warehouse', and environment 'development' declares the pools api, warehouse;"
        " leave the pool out, or have it declared under 'pools'"
    }


def test_a_pool_for_all_tasks_of_a_dag_is_looked_at_too(hold):
    result = hold(parsed(with_pool(None, default="production_warehouse")))
    assert "task 'before' names pool 'production_warehouse'" in result.import_errors[LOADER]


def test_where_the_environments_cannot_be_read_dags_stay(hold):
    hold.file.write_text("projects: [")
    assert names_of(hold(parsed(with_pool("any")))) == ["dev_kitchen.profit"]
