"""What one kitchen costs while nobody works in it: rows, bytes, parse time.

A whole Airflow on the demo's stack gets a number of kitchens through the REST API, with the
three pipelines of a small project. Counted before and after: rows and bytes of Airflow's tables
and ours, the disk of the bundle and of the repository, CPU seconds of the dag-processor. The same
again with kitchens that show none of their pipelines but those they change. Each figure is that
of one kitchen.

    python -m benchmarks.cost [--quick]
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _report

if TYPE_CHECKING:
    import httpx

    from tests.live_airflow import LiveAirflow

_PARENT, _PIPELINES = "demo_dev", 3
_LONGEST_SECONDS = 120.0
_TABLES = (
    "dag", "dag_version", "serialized_dag", "dag_code", "dag_tag", "dag_bundle",
    "dataops_kitchen", "dataops_member", "dataops_operation", "dataops_step", "dataops_audit",
    "dataops_bundle_version",
)  # fmt: skip
# A kitchen that is not worked in must cost little: this is what keeps hundreds of them cheap.
_GOAL_MEGABYTES = 1.0


def main() -> None:
    """Create the kitchens and print what each of them costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 kitchens of each kind, not 10")
    number = 2 if parser.parse_args().quick else 10
    from tests.live_airflow import live_airflow

    folder = Path(tempfile.mkdtemp(prefix="dataops-cost-"))
    folder.chmod(0o711)
    running = live_airflow(folder)
    try:
        live = next(running)
        all_shown = _cost(live, "full", number, {})
        none_shown = _cost(live, "thin", number, {"pipelines": []})
    finally:
        running.close()
        shutil.rmtree(folder, ignore_errors=True)
    _report.line(kitchen=f"all {_PIPELINES} pipelines shown", kitchens=number, **all_shown)
    _report.line(kitchen="no pipeline shown", kitchens=number, **none_shown)
    megabytes = all_shown["database_kilobytes"] / 1024 + all_shown["disk_kilobytes"] / 1024
    _report.verdict(
        "an idle kitchen's storage, megabytes",
        megabytes, goal=f"<= {_GOAL_MEGABYTES:g}", met=megabytes <= _GOAL_MEGABYTES,
    )  # fmt: skip


def _cost(live: LiveAirflow, kind: str, number: int, settings: dict[str, Any]) -> dict[str, Any]:
    client = live.person("chris")
    before = _state(live)
    for turn in range(number):
        _create(live, client, {"name": f"{kind}_{turn}", "parent": _PARENT, **settings})
    time.sleep(3)  # the dag-processor finishes what it has begun
    after = _state(live)
    each = {what: (after[what] - before[what]) / number for what in after}
    return {what: round(value, 3) for what, value in each.items() if value}


def _create(live: LiveAirflow, client: httpx.Client, body: dict[str, Any]) -> None:
    asked = client.post("/dataops/api/v1/kitchens", json=body).raise_for_status().json()
    deadline = time.monotonic() + _LONGEST_SECONDS
    dag_id = f"{body['name']}.first_table"
    while not (_is_ready(client, asked["id"]) and ("pipelines" in body or live.has_dag(dag_id))):
        if time.monotonic() > deadline:
            message = f"{body['name']} was not ready within {_LONGEST_SECONDS:g} s"
            raise TimeoutError(message)
        time.sleep(0.2)


def _is_ready(client: httpx.Client, operation: str) -> bool:
    found = client.get(f"/dataops/api/v1/operations/{operation}").raise_for_status().json()
    if found["progress"] == "failed":
        raise RuntimeError(found["error"])
    return bool(found["progress"] == "done")


def _state(live: LiveAirflow) -> dict[str, float]:
    rows = {f"rows_{t}": live.rows(f"select count(*) from {t}")[0][0] for t in _TABLES}  # noqa: S608
    sizes = " + ".join(f"pg_total_relation_size('{table}')" for table in _TABLES)
    database = live.rows(f"select {sizes}")[0][0] / 1024
    bundles = live.airflow.airflow_home / "bundles"
    return {
        **rows,
        "database_kilobytes": float(database),
        "disk_kilobytes": _kilobytes(bundles) + _kilobytes(live.branches.path),
        "parse_cpu_seconds": _cpu_seconds(live),
    }


def _kilobytes(folder: Path) -> float:
    found = (path.lstat() for path in folder.rglob("*") if not path.is_symlink())
    return sum(stat.st_blocks for stat in found) / 2


def _cpu_seconds(live: LiveAirflow) -> float:
    """CPU that the dag-processor and its children have taken so far, all of them ended or not."""
    total = 0.0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes()
            if (
                b"dag-processor" not in command
                or str(live.folder).encode() not in (process / "environ").read_bytes()
            ):
                continue
            fields = (process / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended meanwhile
        # utime, stime and those of waited-for children: fields 14 to 17 of proc(5).
        total += sum(int(ticks) for ticks in fields[11:15])
    return total / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
