"""What all benchmarks share: alternating rounds, medians, and one JSON object per line."""

from __future__ import annotations

import json
import os
import statistics
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def alternate(
    systems: Mapping[str, Callable[[], float]], *, rounds: int, in_a_row: int = 1
) -> dict[str, list[float]]:
    """Measure each system in each round, each round beginning with another one.

    Alternating spreads a slow moment of the machine over all systems.

    Args:
        systems: what measures each of them once.
        rounds: how many.
        in_a_row: how often a system is measured in its turn; more than once where it takes less
            than a millisecond, which is less than refilling the processor's caches after another.
    """
    names = list(systems)
    measured: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured[name].extend(systems[name]() for _ in range(in_a_row))
    return measured


def median(values: Sequence[float]) -> float:
    """The median, the number that every benchmark here compares."""
    return statistics.median(values)


def p95(values: Sequence[float]) -> float:
    """The smallest value that at least 95 in 100 do not exceed."""
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


def p99(values: Sequence[float]) -> float:
    """The smallest value that at least 99 in 100 do not exceed."""
    return sorted(values)[-(-len(values) * 99 // 100) - 1]


def line(**fields: object) -> None:
    """Print one JSON object; floats with three digits after the point."""
    rounded = {k: round(v, 3) if isinstance(v, float) else v for k, v in fields.items()}
    sys.stdout.write(json.dumps(rounded) + "\n")
    sys.stdout.flush()


def verdict(measure: str, ratio: float, *, goal: str, met: bool) -> None:
    """Print the line that says whether the goal is met; the last of each measure."""
    line(measure=measure, ratio=ratio, goal=goal, met=met, loadavg=os.getloadavg()[0])
