"""A weighted mean beside single values, after a learned baseline, within one budget.

An EWMA sees a shift that lasts and is too small for single values; a spike moves it too little to
be seen there. So both are judged, and each has half of the budget.

Its limits are prediction limits. Of a weighted mean z = sum of w e of new values, less a centre
that was estimated with a variance of ``leverage``, and in units of an estimated sigma,

    z / sqrt(sum of w² + (sum of w)² leverage)

is Student's t with the degrees of sigma. An estimated autocorrelation adds what it adds in any
regression: its variance times the squared weighted mean of what it is multiplied by.

A limit at the quantile of the allowed rate keeps it exactly, however short the baseline: each run
of a run of signals counts, where a width from a mean run length would count the first alone (an
ARL of 200 leaves 1 run in 70 beyond the limits).

Source: G. J. Hahn, J. American Statistical Association 64 (1969), limits for the mean of future
values; J. M. Lucas and M. S. Saccucci, Technometrics 32 (1990), for the EWMA and its variance.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.distributions import t_tail
from airflow_dataops.control_charts.ewma import WEIGHT, smoothed

if TYPE_CHECKING:
    from airflow_dataops.control_charts.expectation import Expectation
    from airflow_dataops.control_charts.observations import Array, Flags, Observations

_WIDEST = 1e4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WeightedMean:
    """New points, and the weighted mean of what each was off by; NaN where that is not judged.

    Attributes:
        off: what each value is off by, in its unit.
        reach: how far a single value may be off.
        z: the weighted mean up to each point, in sigma.
        limit: how far it may lie from zero.
    """

    off: Array
    reach: Array
    z: Array
    limit: Array

    @property
    def is_spike(self) -> Flags:
        """Which values are beyond by themselves."""
        return np.abs(self.off) > self.reach

    @property
    def is_shift(self) -> Flags:
        """Which weighted means are beyond their limits."""
        return np.abs(self.z) > self.limit


def weighted_mean(
    process: Expectation, observed: Observations, rate: float, weight: float = WEIGHT
) -> WeightedMean:
    """Judge the points that came after a baseline.

    Args:
        process: what the baseline taught; its sigma is above 0.
        observed: the points of the baseline and those after it.
        rate: allowed false alarms per run, of values and of weighted means together.
        weight: the share of the newest point.
    """
    chart = process.draw(observed).after(process.points)
    center = np.asarray(chart.center)
    off = chart.values - center
    if process.zeros_in_a_row is not None:  # zeros are judged by how many come in a row
        off, rate = np.where(chart.values == 0, np.nan, off), rate / 2
    # What a value is off by at one standard deviation, its estimated expectation's included.
    widened = 3 * process.plan.factor / np.sqrt(1 + process.worst_leverage)
    times = t_quantile(rate / 2, process.degrees)
    is_judged = ~np.isnan(off)
    z, error = np.full((2, len(off)), np.nan)
    z[is_judged] = smoothed(off[is_judged] / process.sigma, weight)
    lean = smoothed(process.lean(observed)[process.points :][is_judged], weight)
    left = (1 - weight) ** np.arange(1.0, len(lean) + 1)
    variance = weight / (2 - weight) * (1 - left**2)
    variance += process.level_leverage * (1 - left) ** 2 + process.correlation_error * lean**2
    error[is_judged] = np.sqrt(variance)
    reach = times * (np.asarray(chart.upper) - center) / widened
    return WeightedMean(off=off, reach=reach, z=z, limit=times * error)


@lru_cache(maxsize=256)
def t_quantile(chance: float, degrees: float) -> float:
    """What the absolute value of Student's t exceeds with this chance."""
    low, high = 0.0, _WIDEST
    while high - low > 1e-9 * high:
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, degrees) > chance else (low, middle)
    return high
