"""The Celery deployment with production, development and an attacker's kitchen; and its loot."""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path
from types import SimpleNamespace

import pytest

from airflow_dataops.demo.stack import EmbeddedStack
from tests.isolation.deployment import CeleryAirflow, can_contain
from tests.live_airflow import PROJECT, Branches, LiveAirflow, eventually, read_json

KITCHENS = (
    ("demo_production",),
    ("demo_dev", "--from", "demo_production"),
    ("dev_kitchen", "--from", "demo_dev"),
)
ATTACKS = Path(__file__).with_name("project")
LEDGER = "demo_production.ledger"


def pytest_collection_modifyitems(items):
    for item in items:
        if "celery" in getattr(item, "fixturenames", ()):
            item.add_marker("isolation")


@pytest.fixture(scope="package")
def celery():
    """The deployment of the compose file, with production's ledger written once."""
    assert can_contain(), (
        "workers are put into containers made by hand: run as root, with unshare, setpriv and "
        "mount of util-linux"
    )
    folder = Path(tempfile.mkdtemp(prefix="dataops-isolation-"))
    folder.chmod(0o711)
    branches = Branches(folder)
    branches.push("main", PROJECT / "production")
    with EmbeddedStack(folder / "home", repository=branches.path) as stack:
        airflow = CeleryAirflow(stack.home, stack.start(), repository=branches.path)
        airflow.configure()
        airflow.migrate(lambda _: None)
        try:
            airflow.launch()
            airflow.run_several(
                [["dataops", "kitchen", "create", *words, "--local"] for words in KITCHENS]
            )
            branches.push("dev_kitchen", ATTACKS)
            airflow.wait_until_serving()
            live = LiveAirflow(stack=stack, airflow=airflow, branches=branches, folder=folder)
            try:
                eventually("production is visible", lambda: live.has_dag(LEDGER), seconds=300)
                live.trigger(LEDGER, "first")
                yield live
            finally:
                live.close()
        finally:
            airflow.stop()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="package")
def attacked(celery):
    """What the attacker's tasks found on development's worker, by pipeline."""
    live = celery
    parser = live.airflow.homes["dag-processor-development"]
    (parser / "knows.json").write_text(json.dumps(_known(live)))
    live.refresh("dev_kitchen")
    names = ("host", "broker", "interfaces")
    eventually(
        "the attacks are visible", lambda: live.has_dag("dev_kitchen.callbacks"), seconds=300
    )
    ended, server = live.ended(LEDGER, "first", seconds=300), live.stack.home.logs
    said = [
        (server / f"{name}.log").read_text()[-3000:] for name in ("scheduler", "worker-production")
    ]
    assert ended == "success", "\n".join(said)
    home = live.airflow.homes["worker-development"]
    callbacks = live.folder / "callbacks"
    callbacks.mkdir()
    reports = {name: home / f"{name}.json" for name in names}
    for name, report in reports.items():
        live.trigger(f"dev_kitchen.{name}", "attack", report=str(report), knows=_known(live))
    wanted = {"ledger_task": _ledger_task(live), "file": str(live.airflow.airflow_home)}
    live.trigger("dev_kitchen.spoofs", "attack", **wanted)
    live.trigger("dev_kitchen.callbacks", "attack", folder=str(callbacks))
    for name in names:
        assert live.ended(f"dev_kitchen.{name}", "attack", seconds=300) == "success"
    assert live.ended("dev_kitchen.spoofs", "attack", seconds=300) == "failed"
    # The dag-processor runs the DAG's own.
    eventually("both callbacks ran", lambda: len(list(callbacks.iterdir())) == 2, seconds=180)
    reports["parsing"] = parser / "parsed.json"
    eventually("a file was parsed that looks around", reports["parsing"].exists, seconds=180)
    found = {name: read_json(file) for name, file in reports.items()}
    return SimpleNamespace(live=live, callbacks=callbacks, **found)


@pytest.fixture(scope="package")
def waiting(attacked):
    """A running task of development, by its id, for as long as anybody shows its token."""
    live = attacked.live
    until = live.airflow.homes["worker-development"] / "until"
    live.trigger("dev_kitchen.waits", "waiting", until=str(until))
    yield live.running_task("dev_kitchen.waits", "waiting", "wait")
    until.touch()


@pytest.fixture(scope="package")
def canaries(celery):
    """Every secret that no kitchen of development may hold, by what it is."""
    stack, airflow = celery.stack, celery.airflow
    production = stack.addresses.environments["production"]
    secrets = {
        "vault root": stack.addresses.vault_root_token_file.read_text(),
        "metadata database": stack.addresses.metadata_url,
        "production's warehouse": production.warehouse_password,
        "production's warehouse, making kitchens": production.provision_password,
        "production's bucket": production.s3_key.secret_key,
        "production's partner": production.sftp_password,
        "production's Slack": production.slack_token,
        "production's vault login": production.secret_id_file.read_text().strip(),
    }
    for name in ("jwt_key", "fernet_key", "api_secret_key", "dataops_token_key"):
        secrets[name] = stack.home.secret(name)
    secrets |= {
        name: password
        for name, password in airflow.broker.passwords.items()
        if name != "BROKER_DEVELOPMENT_PASSWORD"
    }
    return secrets


def _known(live):
    home = live.stack.home
    scheduler = int((home.run / "scheduler.pid").read_text())
    other_worker = live.airflow.homes["worker-production"]
    knows = known_to_attackers(live, scheduler=scheduler, other_worker=other_worker)
    knows["files"] += [
        str(home.secret_file(name)) for name in ("broker.acl", "worker-production.sh")
    ]
    return knows


def known_to_attackers(live, *, scheduler, other_worker):
    """What an attacker may know: every address, path and name, and no secret."""
    home, addresses = live.stack.home, live.stack.addresses
    commit = (live.branches.path / "refs" / "heads" / "dev_kitchen").read_text().strip()
    production = addresses.environments["production"]
    files = (
        production.secret_id_file,
        addresses.vault_root_token_file,
        addresses.environments_file,
        live.airflow.airflow_home / "airflow.cfg",
        home.secret_file("jwt_key"),
    )
    return {
        "url": live.airflow.url,
        "home": str(home.root),
        "other_worker": str(other_worker),
        "files": [str(file) for file in files],
        "repository": str(live.branches.path),
        "commit": commit,
        "scheduler": scheduler,
        "postgres_port": addresses.postgres_port,
        "vault_url": addresses.vault_url,
        "role_id": production.role_id,
        "ledger_task": _ledger_task(live),
    }


def _ledger_task(live):
    ((task,),) = live.rows(
        "select id from task_instance where dag_id = :dag and run_id = 'first'", dag=LEDGER
    )
    return str(task)
