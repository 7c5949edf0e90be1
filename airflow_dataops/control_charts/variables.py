"""Charts of measured values: individuals with moving ranges, X-bar with R, X-bar with S.

Source: W. A. Shewhart; D. J. Wheeler, *Understanding Statistical Process Control*; Montgomery,
*Introduction to Statistical Quality Control*, chapter 6. Limits lie three standard errors from
the centre; sigma comes from the spread within subgroups (or between neighbours), never from the
spread of all points, which a shift would inflate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from airflow_dataops.control_charts.chart import Chart, plain
from airflow_dataops.control_charts.constants import c4, d2, d3
from airflow_dataops.control_charts.observations import ALL_MISSING, UnusableData, series, subgroups
from airflow_dataops.control_charts.phases import Baseline
from airflow_dataops.control_charts.rules import BEYOND_LIMITS, violations

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.control_charts.observations import Array, Numbers, Observations

WIDTH = 3.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Individuals:
    """A process seen one value at a time.

    Attributes:
        center, sigma: mean and standard deviation in control, in the unit of the values.
        mean_moving_range: the centre of the chart of moving ranges, d2(2) sigma.
    """

    center: float
    sigma: float

    @property
    def mean_moving_range(self) -> float:
        """What two neighbours in control differ by on average."""
        return d2(2) * self.sigma

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Individuals, and the moving ranges beside them."""
        return Chart(
            kind="individuals",
            values=observed.values,
            center=self.center,
            sigma=self.sigma,
            lower=self.center - WIDTH * self.sigma,
            upper=self.center + WIDTH * self.sigma,
            violations=violations(observed.values, self.center, self.sigma, rules),
            spread_of=partial(self._draw_moving_ranges, observed.values),
        )

    def _draw_moving_ranges(self, values: Array) -> Chart:
        ranges = np.full(values.shape, np.nan)
        present = np.flatnonzero(~np.isnan(values))
        ranges[present[1:]] = moving_ranges(values)
        return _spread_chart("moving_range", ranges, self.mean_moving_range, d3(2) * self.sigma)


def individuals(x: Numbers, *, center: float | None = None, sigma: float | None = None) -> Baseline:
    """Individuals and moving range (XmR) chart.

    Args:
        x: shape (points,), oldest first, any unit; missing points as NaN or None.
        center: the known mean; estimated as the mean.
        sigma: the known standard deviation; estimated as mean moving range / d2(2).

    Raises:
        UnusableData: see ``observations.series``; or fewer than two points and no sigma.
    """
    observed = series(x)
    return Baseline(process=learn_individuals(observed, center, sigma), observed=observed)


def learn_individuals(
    observed: Observations, center: float | None = None, sigma: float | None = None
) -> Individuals:
    """What ``individuals`` learns, without the points."""
    center = _mean(observed.values) if center is None else center
    if sigma is None:
        sigma = moving_range_sigma(observed.values)
    return Individuals(center=center, sigma=sigma)


def moving_ranges(values: Array) -> Array:
    """Absolute differences of neighbours, over missing points; shape (present points - 1,)."""
    steps: Array = np.diff(values)
    if math.isnan(steps.sum()):
        steps = np.diff(values[~np.isnan(values)])
    np.abs(steps, out=steps)
    return steps


def moving_range_sigma(values: Array) -> float:
    """Standard deviation from neighbours: mean moving range / d2(2).

    Raises:
        UnusableData: fewer than two points, so that no moving range exists.
    """
    ranges = moving_ranges(values)
    if not ranges.size:
        message = "one point has no moving range; give two or more points, or sigma"
        raise UnusableData(message)
    return float(ranges.mean()) / d2(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """A process seen in subgroups.

    Attributes:
        center, sigma: mean and standard deviation of single values in control, in their unit.
        spread: whether the chart beside shows ranges or standard deviations.
    """

    center: float
    sigma: float
    spread: Literal["range", "standard_deviation"]

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Subgroup means, and their ranges or standard deviations beside them."""
        sizes = _sizes(observed.values)
        means = np.nanmean(observed.values, axis=1)
        error = self.sigma / np.sqrt(sizes)
        return Chart(
            kind="xbar_r" if self.spread == "range" else "xbar_s",
            values=means,
            center=self.center,
            sigma=self.sigma,
            lower=plain(self.center - WIDTH * error),
            upper=plain(self.center + WIDTH * error),
            violations=violations(means, self.center, error, rules),
            spread_of=partial(self._draw_spread, observed.values, sizes),
        )

    def _draw_spread(self, values: Array, sizes: Array) -> Chart:
        if self.spread == "range":
            measured, mean, deviation = _ranges(values), _each(d2, sizes), _each(d3, sizes)
        else:
            measured, mean = _deviations(values), _each(c4, sizes)
            deviation = np.sqrt(1 - mean**2)
        return _spread_chart(self.spread, measured, self.sigma * mean, self.sigma * deviation)


def xbar_r(
    rows: Sequence[Numbers] | Array,
    *,
    center: float | None = None,
    sigma: float | None = None,
) -> Baseline:
    """Means and ranges of subgroups.

    Args:
        rows: one subgroup of two or more values per row; sizes may differ.
        center: the known mean; estimated as the mean of all values.
        sigma: the known standard deviation of single values; estimated as the mean of
            range / d2(size).

    Raises:
        UnusableData: see ``observations.subgroups``.
    """
    observed = subgroups(rows)
    return Baseline(process=learn_means(observed, "range", center, sigma), observed=observed)


def xbar_s(
    rows: Sequence[Numbers] | Array,
    *,
    center: float | None = None,
    sigma: float | None = None,
) -> Baseline:
    """Means and standard deviations of subgroups.

    Sigma is the mean standard deviation / c4 for subgroups of one size, and the pooled standard
    deviation / c4 of each size otherwise (Montgomery 6.3.2). Otherwise as ``xbar_r``.

    Raises:
        UnusableData: see ``observations.subgroups``.
    """
    observed = subgroups(rows)
    process = learn_means(observed, "standard_deviation", center, sigma)
    return Baseline(process=process, observed=observed)


def learn_means(
    observed: Observations,
    spread: Literal["range", "standard_deviation"],
    center: float | None = None,
    sigma: float | None = None,
) -> Means:
    """What ``xbar_r`` and ``xbar_s`` learn, without the points."""
    values = observed.values
    sizes = _sizes(values)
    if center is None:
        center = float(np.nansum(values) / sizes.sum())
    if sigma is None and spread == "range":
        sigma = float(np.mean(_ranges(values) / _each(d2, sizes)))
    elif sigma is None:
        sigma = _sigma_of_deviations(values, sizes)
    return Means(center=center, sigma=sigma, spread=spread)


def _sigma_of_deviations(values: Array, sizes: Array) -> float:
    deviations = _deviations(values)
    if np.all(sizes == sizes[0]):
        return float(deviations.mean()) / c4(int(sizes[0]))
    degrees = sizes - 1
    pooled = math.sqrt(float(np.sum(degrees * deviations**2) / degrees.sum()))
    return pooled / c4(int(degrees.sum()) + 1)


def _spread_chart(kind: str, measured: Array, center: float | Array, error: float | Array) -> Chart:
    lines = [
        plain(np.atleast_1d(line))
        for line in (center, error, center + WIDTH * error, np.maximum(0, center - WIDTH * error))
    ]
    middle, deviation, upper, lower = lines
    return Chart(
        kind=kind, values=measured, center=middle, sigma=deviation, lower=lower, upper=upper,
        violations=violations(measured, center, error, BEYOND_LIMITS),
    )  # fmt: skip


def _mean(values: Array) -> float:
    mean = float(values.mean())
    if math.isnan(mean):
        if np.isnan(values).all():
            raise UnusableData(ALL_MISSING)
        mean = float(np.nanmean(values))
    return mean


def _sizes(values: Array) -> Array:
    present: Array = np.sum(~np.isnan(values), axis=1, dtype=np.float64)
    return present


def _ranges(values: Array) -> Array:
    ranges: Array = np.nanmax(values, axis=1) - np.nanmin(values, axis=1)
    return ranges


def _deviations(values: Array) -> Array:
    deviations: Array = np.nanstd(values, axis=1, ddof=1)
    return deviations


def _each(constant: Callable[[int], float], sizes: Array) -> Array:
    known = {int(size): constant(int(size)) for size in np.unique(sizes)}
    return np.array([known[int(size)] for size in sizes])
