"""Parse 100 pipelines of 8 tasks: ours, the same DAGs in plain Airflow, and dag-factory.

Each measurement is a process of its own. Counted is the CPU time of Airflow's ``DagBag``, after
the imports that every system needs (Airflow and the operators); what a system imports of its own
counts, and is shown. "The same DAGs" are equal to ours as Airflow stores them, but for the copies
of the parameter run_date that plain Airflow hangs on every task; "bare" ones are the tasks and
their order alone, as dag-factory's are. Goals: at most 1.2 times the same DAGs in plain Airflow,
at most 1.25 times where they are written in YAML, a cost per DAG that stays the same up to 100
kitchens, and no more than the wanted pipeline before a task starts.

    python -m benchmarks.parse [--quick]
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Mapping

_GOAL = 1.2
_GOAL_YAML = 1.25
_GOAL_GROWTH = 1.15
_OURS_YAML = "airflow_dataops YAML"
_OURS_YAML_TESTED = "airflow_dataops YAML, data tests"
_OURS, _SAME, _BARE = "airflow_dataops", "same DAGs, plain Airflow", "bare DAGs, plain Airflow"
_IMPORTS_OF_ITS_OWN = "DATAOPS_BENCHMARK_IMPORTS"
_OURS_TESTED, _SAME_TESTED = "airflow_dataops, data tests", "same DAGs, data tests"
_EQUAL = (
    (_OURS_TESTED, _SAME_TESTED),
    (_OURS_YAML_TESTED, _SAME_TESTED),
    (_OURS, _SAME),
    (_OURS_YAML, _SAME),
)
_WANTED = "_AIRFLOW_PARSING_CONTEXT_DAG_ID"


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="20 pipelines and 2 rounds")
    parser.add_argument("--measure", metavar="FOLDER", help=argparse.SUPPRESS)
    parser.add_argument("--serialize", metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        print_measured(Path(arguments.measure))
    elif arguments.serialize:
        print_serialized(Path(arguments.serialize))
    else:
        with tempfile.TemporaryDirectory() as place:
            os.environ.update(_environment(Path(place)))
            pipelines, rounds = (20, 2) if arguments.quick else (100, 7)
            sizes = (2, 4) if arguments.quick else (10, 30, 100)
            _measure_kitchens(Path(place), sizes, rounds=1 if arguments.quick else 3)
            _measure_task_start(Path(place), pipelines=pipelines, rounds=rounds)
            _measure_systems(Path(place), pipelines=pipelines, rounds=rounds)


def _environment(place: Path) -> Mapping[str, str]:
    return {
        "AIRFLOW_HOME": str(place / "airflow"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(place / "none"),
        "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
        "PYTHONWARNINGS": "ignore",
    }


def _measure_systems(place: Path, *, pipelines: int, rounds: int) -> None:
    from benchmarks import _parse_sources as sources

    folders = {
        _OURS: sources.kitchens(place / "ours", number=1, pipelines=pipelines),
        _OURS_YAML: sources.kitchens(
            place / "ours_yaml", number=1, pipelines=pipelines, is_yaml=True
        ),
        _SAME: sources.same_in_one_file(place / "same", pipelines=pipelines),
        f"{_SAME}, {pipelines} files": sources.same_in_many_files(
            place / "same_files", pipelines=pipelines
        ),
        _BARE: sources.bare_in_one_file(place / "bare", pipelines=pipelines),
        _OURS_TESTED: sources.kitchens(
            place / "ours_tested", number=1, pipelines=pipelines, data_tests=True
        ),
        _OURS_YAML_TESTED: sources.kitchens(
            place / "ours_yaml_tested",
            number=1,
            pipelines=pipelines,
            data_tests=True,
            is_yaml=True,
        ),
        _SAME_TESTED: sources.same_in_one_file(
            place / "same_tested", pipelines=pipelines, data_tests=True
        ),
        "dag-factory, 1 YAML": sources.dag_factory(place / "yaml", pipelines=pipelines, files=1),
        f"dag-factory, {pipelines} YAML": sources.dag_factory(
            place / "yamls", pipelines=pipelines, files=pipelines
        ),
    }
    for ours, same in _EQUAL:
        _check_same(folders[ours], folders[same])
    own_imports = {
        _OURS: {_IMPORTS_OF_ITS_OWN: "airflow_dataops.dag_factory"},
        _OURS_YAML: {_IMPORTS_OF_ITS_OWN: "airflow_dataops.dag_factory.yaml_pipeline"},
        "dag-factory": {_IMPORTS_OF_ITS_OWN: "dagfactory"},
    }
    results: dict[str, list[Mapping[str, Any]]] = {name: [] for name in folders}

    def measured(name: str) -> float:
        result = _child("--measure", folders[name], own_imports.get(name.partition(",")[0]))
        if (result["dags"], result["tasks"]) != (pipelines, pipelines * sources.TASKS):
            message = f"{name} made {result['dags']} DAGs, {result['tasks']} tasks: {result}"
            raise RuntimeError(message)
        results[name].append(result)
        return float(result["cpu_ms"])

    # The first parse compiles bytecode, and ours keeps what YAML says in the same way.
    for folder in folders.values():
        _child("--measure", folder)
    milliseconds = _report.alternate(
        {name: lambda name=name: measured(name) for name in folders}, rounds=rounds
    )
    medians = {name: _report.median(values) for name, values in milliseconds.items()}
    for name, values in milliseconds.items():
        _report.line(
            system=name, pipelines=pipelines, tasks=sources.TASKS, rounds=rounds,
            cpu_ms=medians[name], cpu_ms_range=[round(min(values), 3), round(max(values), 3)],
            wall_ms=_report.median([r["wall_ms"] for r in results[name]]),
            own_imports_ms=_report.median([r["own_imports_ms"] for r in results[name]]),
            times_same=medians[name] / medians[_SAME], times_bare=medians[name] / medians[_BARE],
            modules_added=results[name][0]["modules_added"],
            peak_rss_mb=_report.median([r["peak_rss_mb"] for r in results[name]]),
        )  # fmt: skip
    for ours, same in _EQUAL:
        goal = _GOAL_YAML if ours.startswith(_OURS_YAML) else _GOAL
        _goal(f"parse: CPU of {ours} / {same}", medians[ours] / medians[same], goal)


def _measure_kitchens(place: Path, sizes: tuple[int, ...], *, rounds: int) -> None:
    from benchmarks import _parse_sources as sources

    pipelines = 20
    folders = {
        size: sources.kitchens(place / f"kitchens_{size}", number=size, pipelines=pipelines)
        for size in sizes
    }

    def per_dag(size: int) -> float:
        result = _child("--measure", folders[size])
        if result["dags"] != size * pipelines:
            message = f"{size} kitchens made {result['dags']} DAGs: {result}"
            raise RuntimeError(message)
        return float(result["cpu_ms"]) / result["dags"]

    for size in sizes:
        per_dag(size)
    milliseconds = _report.alternate(
        {str(size): lambda size=size: per_dag(size) for size in sizes}, rounds=rounds
    )
    medians = {size: _report.median(values) for size, values in milliseconds.items()}
    for size, median in medians.items():
        _report.line(kitchens=int(size), pipelines=pipelines, cpu_ms_per_dag=median)
    first, last = str(sizes[0]), str(sizes[-1])
    _goal(
        f"parse: CPU per DAG with {last} kitchens / with {first}",
        medians[last] / medians[first],
        _GOAL_GROWTH,
    )


def _measure_task_start(place: Path, *, pipelines: int, rounds: int) -> None:
    from benchmarks import _parse_sources as sources

    folder = sources.kitchens(place / "start", number=1, pipelines=pipelines)
    plain = sources.same_in_one_file(place / "start_plain", pipelines=pipelines)
    wanted = {_WANTED: "kitchen_000.pipeline_007"}
    systems = {
        "one wanted pipeline": (folder, wanted),
        "all pipelines": (folder, {}),
        _SAME: (plain, wanted),
    }
    results: dict[str, Mapping[str, Any]] = {}

    def measured(name: str) -> float:
        results[name] = _child("--measure", systems[name][0], systems[name][1])
        return float(results[name]["cpu_ms"])

    for name in systems:
        measured(name)
    milliseconds = _report.alternate(
        {name: lambda name=name: measured(name) for name in systems}, rounds=rounds
    )
    for name, values in milliseconds.items():
        _report.line(
            task_start=name, pipelines=pipelines, cpu_ms=_report.median(values),
            pipelines_built=results[name]["dags"],
            pipelines_imported=results[name]["pipelines_imported"],
        )  # fmt: skip
    built = results["one wanted pipeline"]
    _report.verdict(
        "parse: pipelines imported and built before a task starts",
        max(built["dags"], built["pipelines_imported"]),
        goal="= 1",
        met=built["dags"] == built["pipelines_imported"] == 1,
    )


def _goal(measure: str, ratio: float, at_most: float) -> None:
    _report.verdict(measure, ratio, goal=f"<= {at_most}", met=ratio <= at_most)


def _check_same(ours: Path, same: Path) -> None:
    """Stop where "the same DAGs" are not: what is compared has to be equal work."""
    one, other = _child("--serialize", ours), _child("--serialize", same)
    if not one or one != other:
        different = next((n for n in one if one[n] != other.get(n)), "one kitchen's")
        message = f"these are not the same DAGs: {different} in {ours} and in {same}"
        raise RuntimeError(message)


def _child(mode: str, folder: Path, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    # Without bytecode on disk most of the time would go into compiling, for every system alike.
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.parse", mode, str(folder)],
        env={**kept, **(environ or {})}, check=True, capture_output=True, text=True,
    )  # fmt: skip
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _common_imports() -> type:
    import pendulum  # noqa: F401
    from airflow.dag_processing.dagbag import DagBag
    from airflow.providers.standard.operators.bash import BashOperator  # noqa: F401
    from airflow.providers.standard.operators.empty import EmptyOperator  # noqa: F401
    from airflow.providers.standard.operators.python import PythonOperator  # noqa: F401
    from airflow.sdk import DAG, Param, TaskGroup  # noqa: F401

    return DagBag


def print_measured(folder: Path) -> None:
    """Parse a folder once in this process and print what it took."""
    import resource

    dag_bag = _common_imports()
    modules = set(sys.modules)
    started, cpu_started = time.perf_counter(), time.process_time()
    if own := os.environ.get(_IMPORTS_OF_ITS_OWN):
        importlib.import_module(own)
    imported = time.process_time() - cpu_started
    bag = dag_bag(str(folder), safe_mode=False)
    cpu, wall = time.process_time() - cpu_started, time.perf_counter() - started
    if bag.import_errors:
        raise RuntimeError(next(iter(bag.import_errors.values())))
    added = {name for name in sys.modules if name not in modules}
    of_pipelines = {name for name in added if name.endswith(".pipeline")}
    _report.line(
        cpu_ms=1000 * cpu,
        wall_ms=1000 * wall,
        own_imports_ms=1000 * imported,
        dags=len(bag.dags),
        tasks=sum(len(dag.tasks) for dag in bag.dags.values()),
        modules_added=len(added - of_pipelines),
        pipelines_imported=len(of_pipelines),
        peak_rss_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def print_serialized(folder: Path) -> None:
    """Print a folder's DAGs as Airflow stores them, without what names their files."""
    dag_bag = _common_imports()
    from airflow.serialization.serialized_objects import DagSerialization

    from benchmarks import _parse_sources as sources

    dags = dag_bag(str(folder), safe_mode=False).dags.items()
    texts = {name: sources.digest(DagSerialization.to_dict(dag)["dag"]) for name, dag in dags}
    sys.stdout.write(json.dumps(texts) + "\n")


if __name__ == "__main__":
    main()
