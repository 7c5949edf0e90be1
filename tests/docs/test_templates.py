"""What a team copies from ``dags_templates`` works as it is."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from airflow.dag_processing.dagbag import DagBag

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

TEMPLATES = Path(__file__).parents[2] / "dags_templates"
PIPELINES = {path.parent.name for path in (TEMPLATES / "pipelines").glob("*/pipeline.*")}


def found(file, **arguments):
    bag = DagBag(str(file), load_op_links=False, **arguments)
    assert bag.import_errors == {}
    return bag.dags


@pytest.fixture
def in_kitchen(tmp_path):
    """The DAGs of a kitchen whose branch is the pipelines repository to copy."""

    def extract(_commit, into):
        shutil.copytree(TEMPLATES, into, dirs_exist_ok=True)

    manifest = Manifest(
        project="retail",
        environment="development",
        tools={"warehouse": {}, "s3": {"bucket": "acme-development"}},
        kitchens={"dev_kitchen": KitchenAtCommit(id="1", commit="c" * 40, owner="padma")},
    )
    folders = KitchenFolders(tmp_path / "bundle")
    folders.track(folders.lay_out(manifest, extract=extract))
    return found(folders.tracking / "dev_kitchen" / "dataops_kitchen.py", safe_mode=False)


def test_every_pipeline_and_every_dag_file_is_a_dag_of_the_kitchen(in_kitchen):
    assert {"dbt_build", "row_counts"} <= PIPELINES
    assert set(in_kitchen) == {f"dev_kitchen.{name}" for name in PIPELINES | {"daily_days"}}


def test_the_ordinary_dag_starts_the_pipeline_of_its_own_kitchen(in_kitchen):
    dag = in_kitchen["dev_kitchen.daily_days"]
    assert dag.get_task("then").trigger_dag_id == "dev_kitchen.row_counts"
    assert dag.get_task("count").sql == "select count(*) from days\n"


def test_dbt_works_in_the_kitchens_schema_with_the_tools_login(in_kitchen):
    task = in_kitchen["dev_kitchen.dbt_build"].get_task("build.dbt")
    assert task.env["DBT_SCHEMA"] == "dev_kitchen"
    assert "{{ conn.warehouse.password }}" in task.env.values()
    assert Path(task.cwd, "dbt_project.yml").is_file()
    profile = yaml.safe_load(Path(task.cwd, "profiles.yml").read_text())
    named = {text for text in task.env if text.startswith("DBT_")}
    asked = str(profile["kitchen"]["outputs"]["kitchen"])
    assert all(f"env_var('{name}')" in asked for name in named)


class TestWithoutBundles:
    @pytest.fixture
    def dags_folder(self, tmp_path):
        """Airflow's DAG folder with the fallback loader and two kitchens' checkouts."""
        shutil.copy(TEMPLATES / "kitchens.py", tmp_path)
        for kitchen in ("demo_dev", "dev_kitchen"):
            shutil.copytree(TEMPLATES, tmp_path / "kitchens" / kitchen)
        return tmp_path

    def test_the_loader_says_what_it_does_not_give(self):
        says = (TEMPLATES / "kitchens.py").read_text()
        assert "conventions only" in says
        assert "no trusted identity" in says
        assert "no pinning" in says

    def test_each_checkout_is_a_kitchen(self, dags_folder):
        dags = found(dags_folder / "kitchens.py")
        assert set(dags) == {
            f"{kitchen}.{name}"
            for kitchen in ("demo_dev", "dev_kitchen")
            for name in PIPELINES | {"daily_days"}
        }
        count = dags["demo_dev.daily_days"].get_task("count")
        assert count.sql == "select count(*) from days\n"
        assert count.outlets[0].name == "demo_dev.days"
        assert dags["demo_dev.daily_days"].fileloc == str(dags_folder / "kitchens.py")

    def test_before_a_task_its_dag_alone_is_built(self, dags_folder, monkeypatch):
        monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", "demo_dev.daily_days")
        assert set(found(dags_folder / "kitchens.py")) == {"demo_dev.daily_days"}
