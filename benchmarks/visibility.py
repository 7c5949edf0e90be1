"""From "kitchen created" to its DAG in the list that Airflow's REST API gives; no restart.

A whole Airflow on the demo's stack; kitchens are created one after the other, as the command
line does it, and the list is asked until the kitchen's DAG is in it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_dataops import bootstrap
from airflow_dataops.demo.airflow_processes import BUNDLES
from airflow_dataops.registry.kitchens import KitchenTable
from airflow_dataops.services import kitchens
from airflow_dataops.specs.environment_file import load_environments
from benchmarks import _report

if TYPE_CHECKING:
    from tests.live_airflow import LiveAirflow

MEASURE = "kitchen created to DAG visible, p95 seconds"
GOAL_SECONDS = 5.0
LONGEST_SECONDS = 60.0


def main() -> None:
    """Create the kitchens and judge the 95th percentile."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kitchens", type=int, default=20)
    number = parser.parse_args().kitchens
    from tests.live_airflow import live_airflow

    folder = Path(tempfile.mkdtemp(prefix="dataops-visibility-"))
    folder.chmod(0o711)
    running = live_airflow(folder)
    try:
        live = next(running)
        waited = []
        for turn in range(number):
            waited.append(seconds_until_visible(live, f"new_kitchen_{turn}"))
            _report.line(kitchen=turn, seconds=waited[-1])
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)
    _report.line(measure="median seconds", value=_report.median(waited), worst=max(waited))
    p95 = sorted(waited)[max(0, -(-len(waited) * 95 // 100) - 1)]
    _report.verdict(MEASURE, p95, goal=GOAL_SECONDS, met=p95 <= GOAL_SECONDS)


def seconds_until_visible(live: LiveAirflow, name: str) -> float:
    """Create a kitchen cut from ``demo_dev``; how long its DAG took from there to the list."""
    bundle_of = {environment: bundle for bundle, environment in BUNDLES.items()}
    registry = KitchenTable(live.engine, bundle_name=bundle_of.__getitem__)
    projects = load_environments(live.stack.addresses.environments_file)
    asked = kitchens.KitchenRequest(
        name=name,
        parent="demo_dev",
        environment=None,
        by="padma",
        id=str(uuid4()),
        now=datetime.now(tz=UTC),
    )
    planned = kitchens.plan(asked, projects=projects, registry=registry)
    repository = bootstrap.repository(str(live.branches.path))
    places = kitchens.Places(registry=registry, repository=repository, warehouses=[])
    kitchens.create(planned, places, projects=projects, say=lambda _: None)
    begin = time.monotonic()
    wanted = f"{name}.profitability"
    while wanted not in _listed(live, wanted):
        if time.monotonic() - begin > LONGEST_SECONDS:
            message = f"{wanted} did not appear within {LONGEST_SECONDS:g} s"
            raise TimeoutError(message)
        time.sleep(0.05)
    return time.monotonic() - begin


def _listed(live: LiveAirflow, dag_id: str) -> set[str]:
    found = live.get(f"/dags?dag_id_pattern={dag_id}")["dags"]
    return {dag["dag_id"] for dag in found}


if __name__ == "__main__":
    main()
