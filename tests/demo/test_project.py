"""The demo's project, which people copy: it is all there in each kitchen, and names none."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from airflow.dag_processing.dagbag import DagBag

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.demo import project_repository
from airflow_dataops.demo.environments import demo_environments
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

PROJECT = Path(project_repository.__file__).with_name("project")
KITCHENS = {"demo_production": "production", "dev_kitchen": "development"}
DAGS = {"profitability", "segment_report", "forecast", "households_known"}


@pytest.fixture(scope="module", params=KITCHENS)
def kitchen(request, tmp_path_factory):
    """A kitchen and its DAGs by their names in the project."""
    name = request.param
    manifest = Manifest(
        project="retail",
        environment=KITCHENS[name],
        tools={"redshift": {}, "s3": {"bucket": "acme"}, "sftp": {"folder": "/kitchens"}},
        kitchens={name: KitchenAtCommit(id="1", commit="c" * 40, owner="padma")},
    )
    folders = KitchenFolders(tmp_path_factory.mktemp(name))

    def extract(_commit, into):
        shutil.copytree(PROJECT, into, dirs_exist_ok=True)

    folders.track(folders.lay_out(manifest, extract=extract))
    bag = DagBag(
        str(folders.tracking / name / "dataops_kitchen.py"), load_op_links=False, safe_mode=False
    )
    assert bag.import_errors == {}
    return name, {dag_id.removeprefix(f"{name}."): dag for dag_id, dag in bag.dags.items()}


def test_every_kitchen_has_all_of_the_projects_dags(kitchen):
    assert set(kitchen[1]) == DAGS


def test_nothing_of_the_project_starts_by_itself(kitchen):
    assert not any(dag.timetable.can_be_scheduled for dag in kitchen[1].values())


def test_nothing_is_published_that_was_not_tested(kitchen):
    dag = kitchen[1]["profitability"]
    for stage in ("load", "analyse"):
        assert dag.get_task(f"{stage}.publish").upstream_task_ids == {f"{stage}.data_tests"}


def test_the_extracts_lie_in_the_kitchens_own_places(kitchen):
    dag = kitchen[1]["segment_report"]
    workbook = dag.get_task("deliver.for_excel").target
    assert workbook.key == "{{ tools.sftp.folder }}/{{ CurrentKitchen }}/segment_profit.xlsx"
    assert dag.get_task("deliver.for_bi").target.key.startswith("{{ kitchen.prefix }}")


def test_a_container_has_a_name_that_docker_takes_and_no_other_try_has(kitchen):
    from airflow_dataops.dag_factory.templates import RunDateExtension

    name, dags = kitchen
    task = dags["forecast"].get_task("predict.to_publish.mean")
    environment = dags["forecast"].get_template_env()
    assert RunDateExtension.identifier in environment.extensions

    class Try:
        def __init__(self, number):
            self.try_number = number

    def container(run_id, number):
        values = {"run_id": run_id, "ti": Try(number), "CurrentKitchen": name}
        return environment.from_string(task.container_name).render(values)

    of_tries = {container("manual__2026-11-30T09:12:44.12+00:00", n) for n in (1, 2)}
    assert len(of_tries) == 2
    assert all(re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]+", found) for found in of_tries)
    assert all(found.startswith(f"{name}.forecast.") for found in of_tries)


def test_no_file_of_the_project_knows_a_kitchen_an_environment_or_a_condition_on_one():
    environments = demo_environments(["production", "development"])
    named = {
        *KITCHENS,
        "demo_dev",
        *(e.name for e in environments),
        *(e.bucket for e in environments),
    }
    for file in PROJECT.rglob("*"):
        if file.suffix in {".py", ".yaml", ".sql"}:
            text = file.read_text()
            assert not {word for word in named if word in text}, file
            assert not re.search(r"\bif\b[^\n]*(environment|CurrentKitchen|kitchen\.)", text), file
