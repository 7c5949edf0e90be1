"""The dbt project to copy, built by dbt itself in a kitchen's schema of the real warehouse.

dbt has a virtual environment of its own, as the documentation says that workers need it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import Connection
from airflow.sdk.exceptions import AirflowException

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

pytestmark = [pytest.mark.airflow, pytest.mark.service]
TEMPLATE = Path(__file__).parents[2] / "dags_templates" / "pipelines" / "dbt_build"
UV = Path(sys.executable).with_name("uv")


@pytest.fixture(scope="module")
def dbt(tmp_path_factory):
    """The program, in the versions that the template names."""
    place = tmp_path_factory.mktemp("dbt")
    python = place / "venv" / "bin" / "python"
    wanted = TEMPLATE / "dbt" / "requirements.txt"
    uv("venv", "--python", sys.executable, place / "venv")
    uv("pip", "install", "--python", python, "--requirement", wanted)
    return python.with_name("dbt")


def uv(*words):
    subprocess.run([UV, "--quiet", *words], check=True)


@pytest.fixture
def build(dbt, login, tmp_path):
    """Runs the stage's task in a kitchen, on the branch's own copy of the template."""
    schema = login["options"].partition("search_path=")[2]

    def extract(_commit, into):
        copied = shutil.copytree(TEMPLATE, into / "pipelines" / "dbt_build")
        program = copied / "pipeline.py"
        program.write_text(program.read_text().replace("/opt/dbt/bin/dbt", str(dbt)))

    manifest = Manifest(
        project="retail",
        environment="development",
        tools={"warehouse": {}},
        kitchens={schema: KitchenAtCommit(id="1", commit="c" * 40, owner="padma")},
    )
    folders = KitchenFolders(tmp_path / "bundle")
    folders.track(folders.lay_out(manifest, extract=extract))
    warehouse = Connection(
        conn_id="warehouse",
        conn_type="postgres",
        host=login["host"],
        port=login["port"],
        schema=login["dbname"],
        login=login["user"],
        password=login["password"],
    )

    def run(*, models=()):
        place = folders.tracking / schema
        bag = DagBag(str(place / "dataops_kitchen.py"), safe_mode=False, load_op_links=False)
        assert bag.import_errors == {}
        task = bag.dags[f"{schema}.dbt_build"].get_task("build.dbt")
        for name, text in dict(models).items():
            Path(task.cwd, "models", name).write_text(text)
        ti = SimpleNamespace(id=f"{schema}_try", xcom_push=lambda **_: None)
        context = {"conn": SimpleNamespace(warehouse=warehouse), "ti": ti}
        task.render_template_fields(context)
        try:
            task.execute(context)
        finally:
            results = Path(f"/tmp/{ti.id}")  # noqa: S108 - where the template has dbt write
            found = json.loads((results / "target" / "run_results.json").read_text())
            shutil.rmtree(results)
        return {r["unique_id"].split(".")[2]: r["status"] for r in found["results"]}

    return run


def test_models_and_their_tests_are_built_in_the_kitchens_schema(build, database):
    found = build()
    assert {found.pop("orders"), found.pop("totals")} == {"success"}
    assert set(found) == {"not_null_orders_order_id", "unique_orders_order_id"}
    assert set(found.values()) == {"pass"}
    assert database.execute("select total from totals").fetchall() == [(15,)]


def test_a_test_of_dbt_that_fails_fails_the_stage(build, database):
    twice = "select 1 as order_id, 10.5 as amount union all select 1, 4.5"
    with pytest.raises(AirflowException, match="non-zero exit code 1"):
        build(models={"orders.sql": twice})
    assert database.execute("select to_regclass('totals')").fetchall() == [(None,)]
