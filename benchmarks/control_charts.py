"""Judge series by an individuals chart with all eight Nelson rules: ours, the peers, the limit.

The limit is one numpy pass over the data: mean, mean absolute difference and one cumulative sum.
The peers live in an environment of their own, made at the first run. Counted is CPU time, all
systems by turns; a peer's round is a process of its own, without its start. Peers that would take
minutes are measured on fewer points, and the line says so. Every system also judges vectors whose
right answer is known. Goals: at most 10 times the limit, at least 30 times faster than the fastest
peer at 10,000 points, 1,000 series of 200 points within 20 ms, and every vector right.

    python -m benchmarks.control_charts [--quick]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from airflow_dataops.control_charts.batch import individuals_of_each
from airflow_dataops.control_charts.rules import NELSON, violations
from airflow_dataops.control_charts.variables import individuals
from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Callable

Measured = tuple[float, float, float]
Seconds = dict[tuple[int, int], dict[str, list[float]]]

_PEERS = ("pccpy", "capstat_core", "pyqicharts", "mfgqc", "processbehavior", "pycontrolcharts")
_PROGRAM = Path(__file__).with_name("_control_chart_peers.py")
_OURS, _LIMIT = "airflow_dataops", "one numpy pass"
_SIZES = ((1, 100), (1, 10_000), (1, 1_000_000), (1000, 200))
# What a peer is measured on instead, and by how much that is less.
_SMALLER = {(1, 1_000_000): (1, 10_000), (1000, 200): (20, 200)}
_ROUNDS, _ROUNDS_OF_PEERS = 7, 3
_GOAL_LIMIT, _GOAL_PEERS, _GOAL_BATCH_MS = 10.0, 30.0, 20.0
_SAWTOOTH = [1, 3, 2, 4, 3, 5, 4, 6, 5, 7, 6, 8, 7, 9, 8]
_VECTORS: dict[str, tuple[int, list[float], list[int]]] = {
    "1": (1, [0, 3.2, -3.4, 3], [2, 3]),
    "2": (2, [0.5] * 10 + [-0.5] * 10, [9, 10, 19, 20]),
    "3": (3, [1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1], [6, 7, 13, 14]),
    "4": (4, [float(v) for v in _SAWTOOTH], [14, 15]),
    "5": (5, [0, 2.3, 0.4, 2.2, -2.4, -0.2, -2.5], [4, 7]),
    "5, last point inside": (5, [0, 2.3, 2.2, 0.4, -0.3], [3]),
    "6": (6, [1.2, 1.4, 0.2, 1.3, 1.1, 0.5], [5]),
    "7": (7, [0.3, -0.4] * 8, [15, 16]),
    "8": (8, [1.5, -1.5] * 4 + [1.2], [8, 9]),
    "8, one side": (8, [1.5] * 9, []),
}


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="the fastest peer alone")
    arguments = parser.parse_args()
    python = _environment()
    systems = (_LIMIT, _OURS, *(_PEERS[:1] if arguments.quick else _PEERS))
    seconds: Seconds = {size: {name: [] for name in systems} for size in _SIZES}
    for turn in range(_ROUNDS_OF_PEERS if arguments.quick else _ROUNDS):
        for name in systems[turn % len(systems) :] + systems[: turn % len(systems)]:
            # The peers take minutes a round; their share of the noise is small.
            if name in (_LIMIT, _OURS) or turn < _ROUNDS_OF_PEERS:
                for size, value in _seconds(python, name).items():
                    seconds[size][name].append(value)
    ratios = {size: _compared(size, seconds[size]) for size in _SIZES}
    right = _judge_vectors(python)
    worst = max(ratio for ratio, _, _ in ratios.values())
    _report.verdict(
        "control charts: time / one numpy pass, worst size", worst,
        goal=f"<= {_GOAL_LIMIT:g}", met=worst <= _GOAL_LIMIT,
    )  # fmt: skip
    faster = ratios[1, 10_000][1]
    _report.verdict(
        "control charts: fastest peer / ours, 10,000 points", faster,
        goal=f">= {_GOAL_PEERS:g}", met=faster >= _GOAL_PEERS,
    )  # fmt: skip
    batch = ratios[1000, 200][2]
    _report.verdict(
        "control charts: ms for 1,000 series of 200 points", batch,
        goal=f"<= {_GOAL_BATCH_MS:g}", met=batch <= _GOAL_BATCH_MS,
    )  # fmt: skip
    _report.verdict(
        "control charts: share of vectors that are right", right, goal="= 1", met=right == 1
    )


def _compared(size: tuple[int, int], measured: dict[str, list[float]]) -> Measured:
    """Ours / limit, fastest peer / ours, and ours in milliseconds."""
    seconds = {name: _report.median(values) for name, values in measured.items()}
    less = _less(size)
    for name, value in seconds.items():
        _report.line(
            system=name, series=size[0], points=size[1], ms=1000 * value,
            times_limit=value / seconds[_LIMIT], times_ours=value / seconds[_OURS],
            share_measured=1.0 if name in (_LIMIT, _OURS) else 1 / less,
        )  # fmt: skip
    fastest = min(value for name, value in seconds.items() if name in _PEERS)
    ours = seconds[_OURS]
    return ours / seconds[_LIMIT], fastest / ours, 1000 * ours


def _pass_over(table: np.ndarray) -> object:
    return (
        table.mean(axis=1),
        np.abs(np.diff(table, axis=1)).mean(axis=1),
        np.cumsum(table, axis=1),
    )


def _judged(table: np.ndarray) -> object:
    if len(table) == 1:
        return individuals(table[0]).chart(NELSON)
    return individuals_of_each(table, rules=NELSON)


def _seconds(python: Path, name: str) -> dict[tuple[int, int], float]:
    """CPU seconds for each size, scaled up where a smaller one was measured."""
    if name in (_LIMIT, _OURS):
        work = _pass_over if name == _LIMIT else _judged
        return {size: _timed(work, np.random.default_rng(7).normal(size=size)) for size in _SIZES}
    measured = [_SMALLER.get(size, size) for size in _SIZES]
    seconds = _run(python, name, "measure", *(f"{series}x{points}" for series, points in measured))
    return {size: value * _less(size) for size, value in zip(_SIZES, seconds, strict=True)}


def _timed(work: Callable[[np.ndarray], object], table: np.ndarray) -> float:
    work(table)
    # A short piece of work is repeated until the clock can see it.
    times = max(3, 200_000 // table.size)
    started = time.process_time()
    for _ in range(times):
        work(table)
    return (time.process_time() - started) / times


def _judge_vectors(python: Path) -> float:
    """Print how many vectors each system has right; ours as a share."""
    shares = {}
    series = [x for _, x, _ in _VECTORS.values()]
    for system in (_OURS, *_PEERS):
        if system == _OURS:
            found = [_our_fires(x) for x in series]
        else:
            found = _run(python, system, "judge", text=json.dumps(series))
        wrong = [
            name
            for (name, (rule, _, expected)), fires in zip(_VECTORS.items(), found, strict=True)
            if fires.get(str(rule), []) != expected
        ]
        shares[system] = 1 - len(wrong) / len(_VECTORS)
        _report.line(system=system, vectors=len(_VECTORS), wrong=wrong)
    return shares[_OURS]


def _our_fires(x: list[float]) -> dict[str, list[int]]:
    found = violations(np.array(x, dtype=float), 0.0, 1.0, NELSON)
    return {rule[-1]: (np.flatnonzero(flags) + 1).tolist() for rule, flags in found.items()}


def _less(size: tuple[int, int]) -> float:
    series, points = _SMALLER.get(size, size)
    return size[0] * size[1] / (series * points)


def _run(python: Path, *arguments: str, text: str = "") -> Any:
    done = subprocess.run(
        [str(python), str(_PROGRAM), *arguments], input=text, check=True, capture_output=True,
        text=True, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])


def _environment() -> Path:
    """The Python of the peers' environment, made if it is not there."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
    place = cache / "airflow_dataops" / "control_chart_peers"
    python = place / "bin" / "python"
    if not (place / "complete").exists():
        uv = [sys.executable, "-m", "uv"]
        subprocess.run([*uv, "venv", "--quiet", "--clear", str(place)], check=True)
        packages = [peer.replace("_", "-") for peer in _PEERS]
        subprocess.run(
            [
                *uv,
                "pip",
                "install",
                "--quiet",
                "--compile-bytecode",
                "--python",
                str(python),
                *packages,
            ],
            check=True,
        )
        (place / "complete").touch()
    return python


if __name__ == "__main__":
    main()
