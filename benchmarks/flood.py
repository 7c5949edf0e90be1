"""How much later production's tasks start while development's tasks flood Airflow.

On the Celery deployment of ``docker/compose.yaml``: a queue, workers and a pool for each
environment, and a limit on development's active runs, as the guide to separate workers says.
Production's runs of one task are started by hand, in turns without and with a flood: more of
development's tasks than its pool has slots, all the time. What counts is the time from when Airflow
has a run until its task runs, for runs that come at any moment: each one a while after the last
one's end that differs by parts of the second for which an idle scheduler sleeps. Runs one right
after the other, which find a scheduler that is still awake, are judged beside it.

Development's worker has a processor only while nobody else wants it, as if it were on a host of its
own; scheduler, API server, broker and database are shared, and are what is measured. Goal: at most
5 % later.

    python -m benchmarks.flood [--quick]     (as root)
"""

from __future__ import annotations

import argparse
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from airflow_dataops.demo.stack import EmbeddedStack
from benchmarks import _report
from tests.isolation.conftest import KITCHENS
from tests.isolation.deployment import CeleryAirflow
from tests.live_airflow import Branches, LiveAirflow, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

_GOAL = 1.05
_POOL, _SLOTS, _TASKS = "development", 4, 40
_ACTIVE_RUNS, _RUNS = 2, 8  # of the flood at a time, and in all
_GOLDEN = 0.618  # multiples of it, modulo 1, are spread evenly, however many there are
_PRODUCTION = """\
from airflow.providers.standard.operators.python import PythonOperator
from airflow_dataops import pipeline


@pipeline
def daily():
    PythonOperator(task_id="work", python_callable=lambda: None)
"""
_DEVELOPMENT = f"""\
import time

from airflow.providers.standard.operators.python import PythonOperator
from airflow_dataops import pipeline


@pipeline(max_active_tasks={_TASKS}, max_active_runs=16)
def flood():
    for number in range({_TASKS}):
        PythonOperator(task_id=f"work_{{number}}", python_callable=time.sleep, op_args=[1])
"""


class _OwnHosts(CeleryAirflow):
    """Development's worker takes no time from the others."""

    def _contained(self, service: str) -> list[str]:
        command = super()._contained(service)
        is_developments = service == "worker-development"
        return ["/usr/bin/chrt", "--idle", "0", *command] if is_developments else command


def main() -> None:
    """Run the deployment, start runs in turns, and print how long they took to start."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2 turns of 6 runs, not 5 of 12")
    quick = parser.parse_args().quick
    turns, runs = (2, 6) if quick else (5, 12)
    took: dict[str, list[_Start]] = {}
    with _deployment() as live:
        _starts(live, "warm", 4, at_once=True)
        for turn in range(turns):
            for flooded in (False, True):
                if flooded:
                    _flood(live, f"flood_{turn}")
                for at_once in (False, True):
                    name = f"{'flooded' if flooded else 'alone'}{'_at_once' if at_once else ''}"
                    starts = _starts(live, f"{name}_{turn}", runs, at_once=at_once)
                    took.setdefault(name, []).extend(starts)
            _report.line(turn=turn, left=_end_flood(live), **_medians(took))
    for name, starts in took.items():
        parts = {part: _report.median([getattr(one, part) for one in starts]) for part in _PARTS}
        p95_ms = _report.p95([one.ms for one in starts])
        _report.line(system=name, runs=len(starts), p95_ms=p95_ms, **parts)
    median = _medians(took)
    for form, runs_are in (
        ("_at_once", "runs one right after the other"),
        ("", "runs at any moment"),
    ):
        flooded, alone = median[f"flooded{form}"], median[f"alone{form}"]
        _report.verdict(
            f"flood: median start of production's tasks, flooded to alone, {runs_are}",
            flooded / alone,
            goal=f"<= {_GOAL:g}", met=flooded <= _GOAL * alone,
        )  # fmt: skip


@dataclass(frozen=True)
class _Start:
    """Milliseconds of one run from when Airflow has it until its task runs, and their parts."""

    ms: float
    until_scheduled_ms: float
    until_queued_ms: float
    until_running_ms: float


_PARTS = [part.name for part in fields(_Start)]


def _medians(took: dict[str, list[_Start]]) -> dict[str, float]:
    return {name: _report.median([one.ms for one in starts]) for name, starts in took.items()}


def _starts(live: LiveAirflow, name: str, runs: int, *, at_once: bool) -> list[_Start]:
    """Start runs one after the other; how long each took to start its task."""
    for number in range(runs):
        if not at_once:
            time.sleep(1 + number * _GOLDEN % 1)
        live.trigger("demo_production.daily", f"{name}_{number}")
        live.ended("demo_production.daily", f"{name}_{number}", seconds=300)
    moments = live.rows(
        "select r.queued_at, t.scheduled_dttm, t.queued_dttm, t.start_date "
        "from task_instance t "
        "join dag_run r on r.dag_id = t.dag_id and r.run_id = t.run_id "
        "where t.dag_id = 'demo_production.daily' and r.run_id like :runs",
        runs=f"{name}_%",
    )
    return [
        _Start(*(1000 * (till - since).total_seconds() for since, till in steps))
        for known, scheduled, queued, started in moments
        for steps in [
            ((known, started), (known, scheduled), (scheduled, queued), (queued, started))
        ]
    ]


def _flood(live: LiveAirflow, name: str) -> None:
    for number in range(_RUNS):
        live.trigger("dev_kitchen.flood", f"{name}_{number}")
    running = (
        "select count(*) from task_instance where pool = :pool and state in ('queued', 'running')"
    )
    eventually(
        "development is full",
        lambda: live.rows(running, pool=_POOL)[0][0] >= _SLOTS, seconds=300,
    )  # fmt: skip


def _end_flood(live: LiveAirflow) -> int:
    """Stop what is left of it; how many tasks that were."""
    runs = (
        "select run_id from dag_run where dag_id = 'dev_kitchen.flood' "
        "and state in ('queued', 'running') order by state"
    )
    open_tasks = (
        "select count(*) from task_instance where dag_id = 'dev_kitchen.flood' "
        "and (state is null or state in ('scheduled', 'queued', 'running'))"
    )
    ((left,),) = live.rows(open_tasks)
    for (run_id,) in live.rows(runs):
        answer = live.api("PATCH", f"/dags/dev_kitchen.flood/dagRuns/{run_id}", {"state": "failed"})
        answer.raise_for_status()
    working = (
        "select count(*) from task_instance where dag_id = 'dev_kitchen.flood' "
        "and state in ('queued', 'running')"
    )
    eventually("the flood is over", lambda: live.rows(working) == [(0,)], seconds=300)
    time.sleep(3)
    return int(left)


@contextmanager
def _deployment() -> Iterator[LiveAirflow]:
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as made:
        folder = Path(made)
        folder.chmod(0o711)
        branches = Branches(folder)
        branches.push("main", _project(folder / "production", "daily", _PRODUCTION))
        with EmbeddedStack(folder / "home", repository=branches.path) as stack:
            airflow = _OwnHosts(stack.home, stack.start(), repository=branches.path)
            _limit_development(stack.addresses.environments_file)
            airflow.configure()
            airflow.migrate(lambda _: None)
            try:
                airflow.launch()
                create = [["dataops", "kitchen", "create", *words, "--local"] for words in KITCHENS]
                pool = ["pools", "set", _POOL, str(_SLOTS), "Tasks of development"]
                airflow.run_several([*create, pool])
                branches.push("dev_kitchen", _project(folder / "dev", "flood", _DEVELOPMENT))
                airflow.wait_until_serving()
                live = LiveAirflow(stack=stack, airflow=airflow, branches=branches, folder=folder)
                try:
                    for dag_id in ("demo_production.daily", "dev_kitchen.flood"):
                        if dag_id.startswith("dev"):
                            live.refresh("dev_kitchen")
                        eventually(dag_id, lambda dag_id=dag_id: live.has_dag(dag_id), seconds=300)
                    yield live
                finally:
                    live.close()
            finally:
                airflow.stop()


def _project(folder: Path, name: str, text: str) -> Path:
    pipeline = folder / "pipelines" / name / "pipeline.py"
    pipeline.parent.mkdir(parents=True)
    pipeline.write_text(text)
    return folder


def _limit_development(environments_file: Path) -> None:
    declared = yaml.safe_load(environments_file.read_text())
    development = declared["projects"]["retail"]["environments"]["development"]
    development |= {"pool": _POOL, "max_active_runs": _ACTIVE_RUNS}
    environments_file.write_text(yaml.safe_dump(declared))


if __name__ == "__main__":
    main()
