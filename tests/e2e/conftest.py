"""One Airflow, and an attacker's branch on the kitchen of development."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import live_airflow as whole_airflow
from tests.live_airflow import PROJECT, eventually, read_json

PRODUCTION_ROW = (
    "select d.bundle_name, d.fileloc, d.relative_fileloc, d.is_stale, s.dag_hash, d.is_paused "
    "from dag d join serialized_dag s using (dag_id) where d.dag_id = "
    "'demo_production.profitability'"
)
PRODUCTION_VERSIONS = (
    "select count(*) from dag_version where dag_id in "
    "('demo_production.ledger', 'demo_production.profitability')"
)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    """Say with a test that failed what the servers say of it: their logs go with the folder."""
    report = yield
    live = getattr(item, "funcargs", {}).get("live_airflow")
    if report.failed and live is not None:
        report.sections.append(("the servers' last faults", live.faults()))
    return report


@pytest.fixture(scope="package")
def live_airflow():
    """A whole Airflow with kitchens, started at most once; it ends with the tests of this folder.

    Ten processes that wait for work would slow down all tests that come after.
    """
    folder = Path(tempfile.mkdtemp(prefix="dataops-live-"))
    folder.chmod(0o711)
    try:
        yield from whole_airflow.live_airflow(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def attack(live_airflow):
    """Production has worked, then development's kitchen gets the attacker's branch."""
    live_airflow.trigger("demo_production.ledger", "first")
    assert live_airflow.ended("demo_production.ledger", "first") == "success"
    before = live_airflow.rows(PRODUCTION_ROW)
    versions = live_airflow.rows(PRODUCTION_VERSIONS)
    live_airflow.branches.push("dev_kitchen", PROJECT / "development")
    live_airflow.refresh("dev_kitchen")
    eventually("the attacks are visible", lambda: live_airflow.has_dag("dev_kitchen.asks"))
    # Production's own file is read again meanwhile: what was taken over would flip back and forth.
    live_airflow.refresh("demo_production")
    return SimpleNamespace(live=live_airflow, before=before, versions=versions)


@pytest.fixture(scope="package")
def waiting(attack):
    """A running task of development, by its id; it runs until all tests are done with it."""
    live = attack.live
    until, report = live.folder / "until", live.folder / "code"
    live.trigger("dev_kitchen.waits", "waiting", until=str(until), report=str(report))
    task = live.running_task("dev_kitchen.waits", "waiting", "wait")
    return SimpleNamespace(live=live, task=task, until=until, report=report)


@pytest.fixture(scope="package")
def asked(attack):
    """What the task found that asks for everything."""
    live, report = attack.live, attack.live.folder / "asked.json"
    live.trigger("dev_kitchen.asks", "asking", report=str(report), ledger_run="first")
    assert live.ended("dev_kitchen.asks", "asking") == "success"
    return read_json(report)


@pytest.fixture(scope="package")
def parsed(attack):
    """What the file found that asks while it is parsed."""
    return read_json(attack.live.airflow.airflow_home / "dags" / "parsed.json")
