"""The same attacks where all of Airflow is one user on one host: what the documents give up."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import live_airflow as whole_airflow
from tests.isolation import test_interfaces, test_worker
from tests.isolation.conftest import ATTACKS, LEDGER, known_to_attackers
from tests.live_airflow import eventually, read_json

pytestmark = [pytest.mark.airflow, pytest.mark.service, pytest.mark.isolation]
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "security.md"
LISTED = re.compile(r"^\| ([^|]+) \| [^|]+ \|$", re.MULTILINE)
HEADING, NEXT = "## What the LocalExecutor gives up", "\n## "


@pytest.fixture(scope="module")
def local():
    """What the attacker's tasks found on the LocalExecutor."""
    folder = Path(tempfile.mkdtemp(prefix="dataops-local-"))
    folder.chmod(0o711)
    # In the scheduler's place: to lose that one would end the run.
    stands_for = subprocess.Popen(["sleep", "600"])
    try:
        for live in whole_airflow.live_airflow(folder):
            yield _attacked(live, folder, stands_for.pid)
    finally:
        stands_for.kill()
        stands_for.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _attacked(live, folder, scheduler):
    live.trigger(LEDGER, "first")
    live.branches.push("dev_kitchen", ATTACKS)
    live.refresh("dev_kitchen")
    eventually("the attacks are visible", lambda: live.has_dag("dev_kitchen.host"), seconds=300)
    assert live.ended(LEDGER, "first", seconds=300) == "success"
    knows = known_to_attackers(live, scheduler=scheduler, other_worker=live.airflow.airflow_home)
    found = {}
    for name in ("interfaces", "host"):
        report = folder / f"{name}.json"
        live.trigger(f"dev_kitchen.{name}", "attack", report=str(report), knows=knows)
        assert live.ended(f"dev_kitchen.{name}", "attack", seconds=300) == "success"
        found[name] = read_json(report)
    return SimpleNamespace(live=live, **found)


def succeeded(host):
    """Attacks on the host that the Celery deployment holds, and this one does not."""
    names = {name for name, text in test_worker.REFUSED.items() if text not in host[name]}
    names |= {name for name in test_worker.PROGRAMS if host[name].startswith("exit 0")}
    if any(not text.startswith("FileNotFoundError") for text in _files(host)):
        names.add("files of the servers")
    options = (text for name, text in host.items() if name.startswith("option ["))
    if any("airflow-db-not-allowed" not in text and "Error" not in text for text in options):
        names.add("signing keys of the configuration")
    return names


def _files(host):
    return [text for name, text in host.items() if name.startswith("file ")]


def test_what_succeeds_there_is_what_the_documents_list(local):
    _, _, section = PAGE.read_text().partition(HEADING)
    _, *listed = LISTED.findall(section.partition(NEXT)[0])
    assert sorted(succeeded(local.host)) == sorted(listed)


def test_by_its_own_token_a_task_gets_no_further_there_either(local):
    refused = test_interfaces.SUPERVISOR.items()
    assert [
        name for name, text in refused if text not in local.interfaces[f"supervisor: {name}"]
    ] == []
    granted = [
        name
        for name, text in local.interfaces.items()
        if name.startswith("connection: ") and text.startswith("login")
    ]
    assert granted == []
