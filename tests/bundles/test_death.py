"""A process that is killed while it brings kitchens to disk harms nobody after it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.airflow_fixtures import airflow_environment

pytestmark = pytest.mark.airflow
PIPELINE = "pipelines/profit/pipeline.py"
SCRIPT = Path(__file__).with_name("dying_process.py")
STORAGE = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH"


@pytest.fixture
def kitchen(host):
    host.origin.commit({PIPELINE: "one = 1\n"}, branch="dev_kitchen", source="main")
    host.add_kitchen("dev_kitchen")
    return host


def environment_of(host, storage):
    file = str(host.home / "environments.yaml")
    return {
        **airflow_environment(host.home / "airflow", host.database),
        "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": file,
        STORAGE: str(storage),
    }


def walk(host, *, expected, shown="tracking", **asked):
    """Die at several points of the way, each time followed by a process that lives."""
    asked = {
        "version": None,
        "repository": None,
        "state": None,
        "points": 6,
        "shown": f"{shown}/dev_kitchen/code/{PIPELINE}",
        "expected": expected,
        **asked,
    }
    done = subprocess.run(
        [sys.executable, SCRIPT, json.dumps(asked), host.home / "calls"],
        env=environment_of(host, host.home / "walked"),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["wrong"] == [], done.stderr[-3000:]
    assert found["calls"] > 40


def test_a_death_during_the_first_initialize_is_made_good(kitchen):
    walk(kitchen, expected="one = 1\n")


def test_a_death_during_a_refresh_is_made_good(kitchen):
    kitchen.bundle().initialize()
    before = kitchen.home / "before"
    shutil.move(kitchen.storage(), before)
    kitchen.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    walk(kitchen, state=str(before), expected="two = 2\n")


def test_a_death_while_a_worker_restores_a_version_is_made_good(kitchen):
    kitchen.bundle().initialize()
    version = kitchen.current()
    kitchen.origin.commit({PIPELINE: "two = 2\n"}, branch="dev_kitchen")
    walk(
        kitchen,
        version=version,
        repository=kitchen.origin.url,
        shown=f"versions/{version}",
        expected="one = 1\n",
    )


INITIALIZE = """
import sys
from airflow import settings
from airflow_dataops.bundles.kitchens import KitchenBundle
bundle = KitchenBundle(name="kitchens-development", environment="development")
print("ready", flush=True)
sys.stdin.readline()
bundle.initialize()
print(bundle.get_current_version().version)
"""


@pytest.mark.parametrize("hosts", [1, 2])
def test_two_processes_at_once_come_to_the_same_version(kitchen, hosts):
    started = [
        subprocess.Popen(
            [sys.executable, "-c", INITIALIZE],
            env=environment_of(kitchen, kitchen.home / f"host{number % hosts}"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(2)
    ]
    try:
        for process in started:
            while process.stdout.readline() not in ("ready\n", ""):
                pass
        for process in started:
            process.stdin.write("go\n")
            process.stdin.flush()
        said = [process.communicate(timeout=30)[0].splitlines()[-1:] for process in started]
    finally:
        for process in started:
            process.kill()
            process.wait()
    assert [process.returncode for process in started] == [0, 0]
    assert said[0] == said[1]
