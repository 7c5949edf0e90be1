"""From "I want a kitchen" to its first finished task, through the REST API; no restart.

A whole Airflow on the demo's stack. Kitchens are asked for one after the other, as a person's
client does it: create, wait until it is ready, trigger a pipeline, wait until its first task has
succeeded. In the same rounds the limit is measured: the same pipeline's first task in a kitchen
that has been there all along, so what lies between is the kitchen. Each kitchen is deleted again,
down to its inventory.

    python -m benchmarks.kitchens [--quick]
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from tests.live_airflow import LiveAirflow

GOAL_SECONDS = 60.0
GOAL_VISIBLE_SECONDS = 5.0
_PARENT, _PIPELINE = "demo_dev", "first_table"
_LONGEST_SECONDS = 180.0


def main() -> None:
    """Create, use and delete the kitchens, and judge the 95th percentiles."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="3 kitchens instead of 20")
    number = 3 if parser.parse_args().quick else 20
    from tests.live_airflow import live_airflow

    folder = Path(tempfile.mkdtemp(prefix="dataops-kitchens-"))
    folder.chmod(0o711)
    running = live_airflow(folder)
    try:
        rounds = _rounds(next(running), number)
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)
    for what in rounds[0]:
        values = [one[what] for one in rounds]
        median = _report.median(values)
        _report.line(
            system=what, kitchens=number, median_seconds=median, p95_seconds=_report.p95(values)
        )
    visible = _report.p95([one["DAG visible"] for one in rounds])
    _report.verdict(
        "kitchen asked for to DAG visible, p95 seconds",
        visible, goal=f"<= {GOAL_VISIBLE_SECONDS:g}", met=visible <= GOAL_VISIBLE_SECONDS,
    )  # fmt: skip
    first = _report.p95([one["first task finished"] for one in rounds])
    _report.verdict(
        "kitchen asked for to first finished task, p95 seconds",
        first, goal=f"<= {GOAL_SECONDS:g}", met=first <= GOAL_SECONDS,
    )  # fmt: skip


def _rounds(live: LiveAirflow, number: int) -> list[dict[str, float]]:
    client = live.person("chris")
    rounds = []
    for turn in range(number):
        measured = _one(live, client, f"measured_{turn}")
        _report.line(kitchen=turn, **measured)
        rounds.append(measured)
    return rounds


def _one(live: LiveAirflow, client: httpx.Client, name: str) -> dict[str, float]:
    """Seconds from the request to each moment of a kitchen's life, and the limit's."""
    begin = time.monotonic()
    asked = client.post("/dataops/api/v1/kitchens", json={"name": name, "parent": _PARENT})
    asked.raise_for_status()
    answered = time.monotonic() - begin
    dag_id = f"{name}.{_PIPELINE}"
    visible = _seconds_until(lambda: live.has_dag(dag_id), begin)
    ready = _seconds_until(lambda: _is_over(client, asked.json()["id"]), begin)
    live.trigger(dag_id, "first")
    first = _seconds_until(lambda: _has_finished_task(live, dag_id, "first"), begin)
    limit_begin = time.monotonic()
    live.trigger(f"{_PARENT}.{_PIPELINE}", f"beside_{name}")
    there = lambda: _has_finished_task(live, f"{_PARENT}.{_PIPELINE}", f"beside_{name}")  # noqa: E731
    limit = _seconds_until(there, limit_begin)
    delete_begin = time.monotonic()
    going = client.delete(f"/dataops/api/v1/kitchens/{name}").raise_for_status().json()
    deleted = _seconds_until(lambda: _is_over(client, going["id"]), delete_begin)
    return {
        "request answered": answered,
        "DAG visible": visible,
        "ready": ready,
        "first task finished": first,
        "first task in an old kitchen (limit)": limit,
        "deleted": deleted,
    }


def _seconds_until(found: Callable[[], Any], begin: float) -> float:
    while not found():
        if time.monotonic() - begin > _LONGEST_SECONDS:
            message = f"it did not happen within {_LONGEST_SECONDS:g} s"
            raise TimeoutError(message)
        time.sleep(0.05)
    return time.monotonic() - begin


def _is_over(client: httpx.Client, operation: str) -> bool:
    found = client.get(f"/dataops/api/v1/operations/{operation}").raise_for_status().json()
    if found["progress"] == "failed":
        raise RuntimeError(found["error"])
    return bool(found["progress"] == "done")


def _has_finished_task(live: LiveAirflow, dag_id: str, run_id: str) -> bool:
    found = live.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances")["task_instances"]
    if failed := [task["task_id"] for task in found if task["state"] == "failed"]:
        message = f"{dag_id} {run_id}: {failed[0]} failed"
        raise RuntimeError(message)
    return any(task["state"] == "success" for task in found)


if __name__ == "__main__":
    main()
