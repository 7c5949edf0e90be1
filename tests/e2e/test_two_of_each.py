"""Two API servers, two schedulers and two dag-processors at once, as a cluster has them."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from airflow_dataops.demo.processes import GuardedProcess
from tests.e2e.service import Service
from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]


@pytest.fixture(scope="module")
def second_url(live_airflow):
    """Address of the second API server; the other dag-processor keeps files of its own."""
    airflow, home = live_airflow.airflow, live_airflow.stack.home
    port = home.ports(["second-airflow"])["second-airflow"]
    url = f"http://127.0.0.1:{port}"
    bundles = {"AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(home.root / "bundles-2")}
    kitchens = {"AIRFLOW__DATAOPS__SERVES_KITCHENS": "True"}
    commands = {
        "api-server": (["--port", str(port), "--host", "127.0.0.1"], {}),
        "scheduler": (["--skip-serve-logs"], {}),
        "dag-processor": ([], bundles | kitchens),
    }
    started = []
    try:
        for command, (options, settings) in commands.items():
            assigned = {"AIRFLOW_HOME": str(airflow.airflow_home), **settings}
            line = [f"{name}={value}" for name, value in assigned.items()]
            airflow_command = [sys.executable, "-m", "airflow", command, *options]
            words = ["/usr/bin/env", *line, *airflow_command]
            started.append(GuardedProcess.start(home, f"second-{command}", words))
        started[0].wait_until(lambda: _serves(url), seconds=240)
        httpx.get(f"{url}/execution/health", timeout=240)
        log = home.logs / "second-dag-processor.log"
        eventually("it parses", lambda: "guarding the DAGs" in log.read_text(), seconds=120)
        yield url
    finally:
        for process in started:
            process.ask_to_stop()
        for process in started:
            process.stop()


def _serves(url):
    try:
        return httpx.get(f"{url}/api/v2/version", timeout=5).is_success
    except httpx.TransportError:
        return False


def test_kitchens_come_work_and_go_whichever_process_serves_them(live_airflow, second_url):
    first = Service(live=live_airflow, person=live_airflow.person("chris"))
    other = httpx.Client(base_url=second_url, headers=first.person.headers, timeout=180)
    with other:
        second = Service(live=live_airflow, person=other)
        names = [f"of_two_{number}" for number in range(4)]
        servers = [first, second, first, second]
        with ThreadPoolExecutor(4) as people:
            made = list(people.map(lambda of, name: of.done(of.create(name)), servers, names))
        assert {operation["progress"] for operation in made} == {"done"}
        for name in names:
            eventually(name, lambda name=name: live_airflow.has_dag(f"{name}.first_table"))
            live_airflow.trigger(f"{name}.first_table", "run")
        for name in names:
            assert live_airflow.ended(f"{name}.first_table", "run") == "success"
        # Who made it on one server takes it away on the other.
        with ThreadPoolExecutor(4) as people:
            gone = list(
                people.map(lambda of, name: of.done(of.delete(name)), reversed(servers), names)
            )
        assert {operation["progress"] for operation in gone} == {"done"}
        # Other tests' kitchen holds what an attacker pushed, errors and all.
        errors = first.live.get("/importErrors")["import_errors"]
        assert [error for error in errors if "dev_kitchen" not in error["filename"]] == []
        eventually("nothing is left", lambda: not [x for x in first.state() if "of_two" in x])
