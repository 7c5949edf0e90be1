"""Many series at once: one row each, judged together in a few passes over the whole table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.constants import d2
from airflow_dataops.control_charts.observations import UnusableData
from airflow_dataops.control_charts.rules import BEYOND_LIMITS, violations
from airflow_dataops.control_charts.variables import WIDTH

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.control_charts.observations import Array, Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Batch:
    """Individuals charts of many series; row i of each array belongs to series i.

    Attributes:
        center, sigma, lower, upper: shape (series,).
        violations: rule to flags of shape (series, points).
    """

    center: Array
    sigma: Array
    lower: Array
    upper: Array
    violations: Mapping[str, Flags]


def individuals_of_each(
    table: Array, *, baseline: int | None = None, rules: Sequence[str] = BEYOND_LIMITS
) -> Batch:
    """What ``variables.individuals`` finds for each row by itself.

    Args:
        table: shape (series, points), oldest first; NaN is a missing point.
        baseline: limits from the first points alone; from all if left out.
        rules: names of run rules.

    Raises:
        UnusableData: not a table of numbers, a row with fewer than two points in its baseline, or
            an infinite value.
    """
    if table.ndim != 2 or table.dtype.kind not in "iuf" or not table.size:
        message = f"a batch is a table of numbers, not shape {table.shape} of {table.dtype}"
        raise UnusableData(message)
    values = table.astype(np.float64, copy=False)
    if np.isinf(values).any():
        row, place = np.argwhere(np.isinf(values))[0]
        message = f"series {row + 1}: point {place + 1} is infinite"
        raise UnusableData(message)
    learned_from = values if baseline is None else values[:, :baseline]
    center, sigma = _estimates(learned_from)
    return Batch(
        center=center,
        sigma=sigma,
        lower=center - WIDTH * sigma,
        upper=center + WIDTH * sigma,
        violations=violations(values, center[:, None], sigma[:, None], rules),
    )


def _estimates(table: Array) -> tuple[Array, Array]:
    center = table.mean(axis=1)
    ranges = np.diff(table, axis=1)
    np.abs(ranges, out=ranges)
    sigma = ranges.sum(axis=1) / max(1, ranges.shape[1]) / d2(2)
    for row in np.flatnonzero(np.isnan(center)) if ranges.shape[1] else range(len(table)):
        present = table[row][~np.isnan(table[row])]
        if len(present) < 2:
            message = f"series {row + 1} has {len(present)} point(s) to learn from; 2 are needed"
            raise UnusableData(message)
        center[row] = present.mean()
        sigma[row] = np.abs(np.diff(present)).mean() / d2(2)
    return center, sigma
