"""How many runs of a kitchen's DAG may be under way, on real parsing results."""

from __future__ import annotations

import pytest

from airflow_dataops.bundles import active_runs
from tests.bundles.test_guard import LOADER, parsed, serialized
from tests.specs.two_environments import TWO_ENVIRONMENTS

pytestmark = pytest.mark.airflow
QUEUE = "        queue: production\n"


@pytest.fixture
def file(tmp_path, monkeypatch):
    path = tmp_path / "environments.yaml"
    path.write_text(TWO_ENVIRONMENTS.replace(QUEUE, f"{QUEUE}        max_active_runs: 2\n"))
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(path))
    return path


def limited(*dags, loader=LOADER, environment="production"):
    result = parsed(*dags)
    active_runs.limit(result, loader, environment=environment)
    return [dag.max_active_runs for dag in result.serialized_dags]


@pytest.mark.usefixtures("file")
def test_no_dag_has_more_than_the_environment_allows():
    asked = [serialized(f"a.b{most}", max_active_runs=most) for most in (1, 2, 3, 1000)]
    assert limited(*asked) == [1, 2, 2, 2]


@pytest.mark.usefixtures("file")
@pytest.mark.parametrize("written", [None, "many", 1e9, [1]])
def test_what_a_file_writes_beside_airflow_is_limited_too(written):
    dag = serialized("a.b")
    dag.data["dag"]["max_active_runs"] = written
    assert limited(dag) == [2]


@pytest.mark.usefixtures("file")
def test_where_nothing_is_declared_dags_have_what_they_ask_for():
    dag = serialized("a.b", max_active_runs=1000)
    assert limited(dag, environment="development") == [1000]


@pytest.mark.usefixtures("file")
def test_the_platforms_own_dags_are_not_limited():
    dag = serialized("dataops.provision-production", max_active_runs=8)
    assert limited(dag, loader="dataops/dataops_kitchen.py") == [8]


def test_where_the_environments_cannot_be_read_dags_stay_as_they_are(file, caplog):
    file.write_text("projects: [")
    assert limited(serialized("a.b", max_active_runs=9)) == [9]
    assert "active runs in production are not limited" in caplog.text
