"""Parsing a kitchen reads the kitchen's folder and nothing else of this host or the network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

import airflow_dataops
from airflow_dataops.bundles.folders import KitchenFolders
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest

PROGRAM = Path(__file__).parent / "parse_watched.py"
BACKEND = "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"
PIPELINE = '''
from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator
from airflow_dataops import current_kitchen, file, pipeline, stage, table
from airflow_dataops.operators import FileToTableOperator

orders = table("redshift", "orders", where="day = '{{ run_date }}'")


@pipeline(schedule="0 6 * * 1", timezone="America/Chicago")
def profit():
    """Uses all that a pipeline can."""
    BEYOND
    with stage("collect") as collect:
        BashOperator(task_id="fetch", bash_command="run.sh", env={"k": current_kitchen().name})
        source = file("s3", key="{{ kitchen.prefix }}a.csv")
        FileToTableOperator(task_id="load", source=source, target=orders)
        collect.test(orders.row_count().between(1, 10), source.row_count().between(1, 10))
'''


@pytest.fixture
def watched(tmp_path):
    """What parsing a kitchen with this pipeline does."""

    def parse(text):
        def extract(_commit, code):
            folder = code / "pipelines" / "profit"
            folder.mkdir(parents=True)
            (folder / "pipeline.py").write_text(text)
            (folder / "run.sh").write_text("echo {{ run_date }}")

        about = KitchenAtCommit(id="1", commit="c" * 40, owner="padma")
        manifest = Manifest(
            project="retail",
            environment="development",
            tools={"s3": {"bucket": "acme"}, "redshift": {}},
            kitchens={"dev_kitchen": about},
        )
        folders = KitchenFolders(tmp_path / "kitchens")
        folders.track(folders.lay_out(manifest, extract=extract))
        loader = folders.tracking / "dev_kitchen" / "dataops_kitchen.py"
        environ = {
            **os.environ,
            "AIRFLOW_HOME": str(tmp_path / "airflow"),
            "AIRFLOW__LOGGING__LOGGING_LEVEL": "CRITICAL",
            # A real backend: a lookup would be seen on its way out.
            "AIRFLOW__SECRETS__BACKEND": BACKEND,
            "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(tmp_path / "environments.yaml"),
            "PYTHONWARNINGS": "ignore",
        }
        done = subprocess.run(
            [sys.executable, str(PROGRAM), str(loader)],
            env=environ,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return parse


def outside(opened, kitchens):
    """Files that are neither the kitchens' nor a library's."""
    paths = sysconfig.get_paths()
    known = (kitchens, paths["purelib"], paths["platlib"], paths["stdlib"], paths["platstdlib"])
    zones = ("/usr/share/zoneinfo",)
    ours = str(Path(airflow_dataops.__file__).parent)
    return {p for p in opened if not p.startswith((*map(str, known), *zones, ours))}


def test_a_kitchen_is_parsed_from_its_own_folder_alone(watched, tmp_path):
    seen = watched(PIPELINE.replace("BEYOND", ""))
    assert (seen["dags"], seen["errors"]) == (["dev_kitchen.profit"], {})
    assert seen["connected"] == []
    assert seen["started"] == []
    assert outside(seen["opened"], tmp_path / "kitchens") == set()
    assert any("/pipelines/profit/" in path for path in seen["opened"])


@pytest.mark.parametrize(
    ("beyond", "kind"),
    [
        ("Path('/etc/hostname').read_bytes()", "opened"),
        ("__import__('socket').create_connection(('127.0.0.1', 9), 0.1)", "connected"),
        ("__import__('subprocess').run(['true'])", "started"),
    ],
)
def test_the_watch_sees_what_a_pipeline_reaches_for(watched, tmp_path, beyond, kind):
    """Or the test above would prove nothing."""
    seen = watched(PIPELINE.replace("BEYOND", beyond))
    found = outside(seen["opened"], tmp_path / "kitchens") if kind == "opened" else seen[kind]
    assert found
