"""The documented way to have a task for each dbt model: Cosmos in a kitchen, from a manifest.

Cosmos stays out of the tests' own environment: it brings a plugin and a policy into every process
of Airflow. It is installed beside, in a folder that one process of this test sees.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

pytestmark = pytest.mark.airflow
ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
# What Cosmos imports that the product does not bring along.
NEEDED = ("astronomer-cosmos", "aenum", "deprecation", "virtualenv", "filelock")
LOOK = """
import json, sys
from importlib.metadata import distributions
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1], safe_mode=False, load_op_links=False)
tasks = [task for dag in bag.dags.values() for task in dag.tasks]
print(json.dumps({
    "errors": bag.import_errors,
    "dbt": [found.name for found in distributions() if found.name.startswith("dbt-")],
    "dags": list(bag.dags),
    "tasks": {task.task_id: sorted(task.upstream_task_ids) for task in tasks},
    "schemas": sorted({t.profile_config.profile_mapping.profile_args["schema"] for t in tasks}),
    "programs": sorted({task.dbt_executable_path for task in tasks}),
}))
"""


def model(name, *parents):
    return {
        "unique_id": f"model.shop.{name}", "resource_type": "model", "name": name,
        "package_name": "shop", "original_file_path": f"models/{name}.sql", "tags": [],
        "config": {"materialized": "table", "meta": {}}, "fqn": ["shop", name],
        "depends_on": {"nodes": [f"model.shop.{parent}" for parent in parents]},
    }  # fmt: skip


@pytest.fixture
def kitchen(tmp_path):
    """A kitchen whose branch has the documented DAG file and a dbt project, parsed by dbt."""
    page = (ROOT / "docs" / "how-to" / "adopt.md").read_text()
    (documented,) = re.findall(r"```text\n(from pathlib.*?)```", page, re.DOTALL)
    nodes = {node["unique_id"]: node for node in (model("orders"), model("totals", "orders"))}
    files = {
        "shop.py": documented,
        "dbt/dbt_project.yml": "name: shop\nversion: '1'\nprofile: shop\n",
        "dbt/models/orders.sql": "select 1 as amount",
        "dbt/target/manifest.json": json.dumps({"nodes": nodes, "sources": {}, "exposures": {}}),
    }

    def extract(_commit, into):
        for name, text in files.items():
            place = into / "dags" / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    manifest = Manifest(
        project="retail",
        environment="development",
        tools={"warehouse": {}},
        kitchens={"dev_kitchen": KitchenAtCommit(id="1", commit="c" * 40, owner="padma")},
    )
    folders = KitchenFolders(tmp_path / "bundle")
    folders.track(folders.lay_out(manifest, extract=extract))
    return folders.tracking / "dev_kitchen" / "dataops_kitchen.py"


@pytest.fixture
def cosmos(tmp_path):
    """A folder with Cosmos in the version of the constraints."""
    pins = dict(re.findall(r"^(\S+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE))
    wanted = [f"{name}=={pins[name]}" for name in NEEDED]
    into = tmp_path / "cosmos"
    words = [
        UV,
        "--quiet",
        "pip",
        "install",
        "--python",
        sys.executable,
        "--no-deps",
        "--target",
        into,
    ]
    subprocess.run([*words, *wanted], check=True)
    return into


def test_a_kitchen_has_a_task_for_each_model_without_dbt(kitchen, cosmos, tmp_path):
    environ = os.environ | {
        "AIRFLOW_HOME": str(tmp_path / "home"),
        "AIRFLOW__COSMOS__ENABLE_TELEMETRY": "False",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(cosmos)]),
        "PYTHONWARNINGS": "ignore",
    }
    words = [sys.executable, "-c", LOOK, kitchen]
    done = subprocess.run(words, env=environ, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "errors": {},
        "dbt": [],
        "dags": ["dev_kitchen.shop"],
        "tasks": {"shop.orders_run": [], "shop.totals_run": ["shop.orders_run"]},
        "schemas": ["dev_kitchen"],
        "programs": ["/opt/dbt/bin/dbt"],
    }
