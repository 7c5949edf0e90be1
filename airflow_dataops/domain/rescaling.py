"""Earlier points as the sample of this run would have measured them.

A kitchen that reads a sample inherits points of a parent that reads everything. Counts and sums
shrink with the sample; means, shares and quantiles stay. What else there is (distinct values,
extremes, an author's own SQL) changes in ways that nobody can tell: such points are left out, and
the test learns anew.

A sample also varies where the whole does not. Each rescaled point gets this noise once, the same
in every run: of n rows, each taken with probability r, the count varies by r (1 - r) n. A sum's
squares are not known; the changes from run to run stand for them, which never are smaller where
rows come independently of each other. Limits are rather too wide, until own points replace these.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_tests import DataTest, Measure
    from airflow_dataops.domain.judging import Found, Point

_COUNTS, _SUMS = frozenset({"count"}), frozenset({"sum", "size_bytes"})
_UNCHANGED = frozenset(
    {"share", "mean", "standard_deviation", "quantile", "outlier_share", "histogram", "age_hours",
     "columns"}
)  # fmt: skip
# Standard deviations from the mean size of a change between neighbours: d2 of two values.
_D2 = 1.128


def rescaled(test: DataTest, history: Sequence[Point]) -> list[Point]:
    """What earlier runs would have measured on the sample of this one, oldest first.

    Args:
        test: rendered.
        history: earlier points; those of the same sample stay as they are.
    """
    share = float(test.asset.sampled)
    kinds = [_kind(measure) for measure in test.measures]
    listed = []
    for point in history:
        ratio = share / point.sampled
        if ratio == 1:
            listed.append(point)
        elif None not in kinds:
            same = [p for p in history if p.sampled == point.sampled and p.is_in_control]
            numbers = tuple(
                _rescaled(found, n, kinds[n] or _UNCHANGED, ratio, same, f"{test.name} {point.at}")
                for n, found in enumerate(point.numbers)
            )
            listed.append(point._replace(numbers=numbers))
    return listed


def _kind(measure: Measure) -> frozenset[str] | None:
    """How a measure follows its sample; None where nobody can tell."""
    kinds = (_COUNTS, _SUMS, _UNCHANGED)
    return next((kind for kind in kinds if measure.aggregate in kind), None)


def _rescaled(
    found: Found, place: int, kind: frozenset[str], ratio: float, same: Sequence[Point], seed: str
) -> Found:
    if found is None or kind is _UNCHANGED:
        return found
    if isinstance(found, Mapping):
        return {
            group: _number(value, _varies(value, _series(same, place, group), kind), ratio,
                           f"{seed} {group}")
            for group, value in found.items()
        }  # fmt: skip
    return _number(found, _varies(found, _series(same, place, None), kind), ratio, seed)


def _number(value: float, variance: float, ratio: float, seed: str) -> float:
    noise = math.sqrt(max(0.0, ratio * (1 - ratio)) * variance)
    drawn = random.Random(seed).gauss(0, 1)  # noqa: S311 - the same noise in each run, no secret
    return ratio * value + noise * drawn


def _varies(value: float, series: Sequence[float], kind: frozenset[str]) -> float:
    """The sum of the squares of what was counted or summed."""
    if kind is _COUNTS:
        return value
    changes = [abs(b - a) for a, b in pairwise(series)]
    return (sum(changes) / len(changes) / _D2) ** 2 if changes else 0.0


def _series(points: Sequence[Point], place: int, group: str | None) -> list[float]:
    listed = []
    for point in points:
        found = point.numbers[place] if place < len(point.numbers) else None
        value = found.get(group or "") if isinstance(found, Mapping) else found
        if value is not None:
            listed.append(value)
    return listed
