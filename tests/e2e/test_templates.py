"""The pipelines repository to copy is pushed to a kitchen's branch, and its pipelines work."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.e2e.service import Service
from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
TEMPLATES = Path(__file__).parents[2] / "dags_templates"
KITCHEN = "copied"


@pytest.fixture(scope="module")
def copied(live_airflow, tmp_path_factory):
    """A kitchen whose branch is the repository to copy, with this project's name of the tool."""
    service = Service(live=live_airflow, person=live_airflow.person("chris"))
    asked = service.create(KITCHEN)
    branch = shutil.copytree(TEMPLATES, tmp_path_factory.mktemp("copied") / "branch")
    for file in (f for kind in ("*.py", "*.yaml") for f in branch.rglob(kind)):
        file.write_text(file.read_text().replace("warehouse", "redshift"))
    service.done(asked)
    live_airflow.branches.push(KITCHEN, branch)
    live_airflow.refresh(KITCHEN)
    eventually("its DAGs are there", lambda: live_airflow.has_dag(f"{KITCHEN}.row_counts_yaml"))
    return live_airflow


@pytest.mark.parametrize("pipeline", ["row_counts", "row_counts_yaml"])
def test_a_pipeline_of_either_form_runs_with_its_data_test(copied, pipeline):
    dag_id = f"{KITCHEN}.{pipeline}"
    copied.trigger(dag_id, "tried")
    assert copied.ended(dag_id, "tried") == "success"
    found = copied.rows(
        "select r.outcome, r.measured from dataops_result r join dataops_kitchen k on "
        "k.id = r.kitchen_id where k.name = :kitchen and r.pipeline = :pipeline",
        kitchen=KITCHEN, pipeline=pipeline,
    )  # fmt: skip
    assert found == [("pass", 1)]


def test_an_ordinary_dag_starts_the_pipeline_of_its_own_kitchen(copied):
    dag_id = f"{KITCHEN}.daily_days"
    copied.trigger(dag_id, "tried")
    assert copied.ended(dag_id, "tried") == "success"
    started = copied.get(f"/dags/{KITCHEN}.row_counts/dagRuns")["dag_runs"]
    assert [run for run in started if run["dag_run_id"] != "tried"]
