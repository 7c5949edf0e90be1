"""Charts of rare events: how many good ones, or how much time, lie between two events.

Where a count per day is nearly always zero, the gap between events says more. A g chart counts
items between events (geometric), a t chart measures time between them (exponential). A point
*above* the upper limit is good news: a longer gap than usual.

Source: F. C. Kaminsky and others, *Statistical control charts based on a geometric distribution*,
J. Quality Technology 24 (1992); L. S. Nelson, *A control chart for parts-per-million
nonconforming items*, J. Quality Technology 26 (1994).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.control_charts.observations import (
    ALL_MISSING,
    Observations,
    UnusableData,
    counts,
    series,
)
from airflow_dataops.control_charts.phases import Baseline
from airflow_dataops.control_charts.rules import violations
from airflow_dataops.control_charts.variables import WIDTH, learn_individuals

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array, Numbers

# An exponential value to this power is nearly normal (Nelson 1994).
_POWER = 1 / 3.6


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemsBetween:
    """A process seen by the number of items between events.

    Attributes:
        mean: the mean number of items between two events.
    """

    mean: float

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Counts between events; limits at mean ± 3 sqrt(mean (mean + 1)), not below 0."""
        sigma = math.sqrt(self.mean * (self.mean + 1))
        return Chart(
            kind="g",
            values=observed.values,
            center=self.mean,
            sigma=sigma,
            lower=max(0.0, self.mean - WIDTH * sigma),
            upper=self.mean + WIDTH * sigma,
            violations=violations(observed.values, self.mean, sigma, rules),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeBetween:
    """A process seen by the time between events, in any unit.

    Attributes:
        center, sigma: mean and standard deviation of time to the power 1 / 3.6.
    """

    center: float
    sigma: float

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Times between events; limits and rules are those of the transformed values."""
        times = _times(observed.values)
        lower, upper = self.center - WIDTH * self.sigma, self.center + WIDTH * self.sigma
        return Chart(
            kind="t",
            values=observed.values,
            center=self.center**3.6,
            sigma=self.sigma,
            lower=max(0.0, lower) ** 3.6,
            upper=upper**3.6,
            violations=violations(times, self.center, self.sigma, rules),
            notes=("sigma is that of time to the power 1 / 3.6, which is nearly normal",),
        )


def g_chart(items: Numbers, *, mean: float | None = None) -> Baseline:
    """Items between events.

    Args:
        items: whole numbers, shape (gaps,), oldest first.
        mean: the known mean; estimated as the mean of the items.

    Raises:
        UnusableData: see ``observations.counts``.
    """
    observed = counts(items, name="items")
    return Baseline(process=learn_items_between(observed, mean), observed=observed)


def t_chart(times: Numbers) -> Baseline:
    """Time between events.

    Args:
        times: shape (gaps,), oldest first, any unit, not negative.

    Raises:
        UnusableData: see ``observations.series``; or a negative time, or fewer than two.
    """
    observed = series(times, name="times")
    return Baseline(process=learn_time_between(observed), observed=observed)


def learn_items_between(observed: Observations, mean: float | None = None) -> ItemsBetween:
    """What ``g_chart`` learns, without the points."""
    if mean is None:
        present = observed.values[~np.isnan(observed.values)]
        if not present.size:
            raise UnusableData(ALL_MISSING)
        mean = float(present.mean())
    elif mean < 0:
        message = "the mean number of items between events is negative"
        raise UnusableData(message)
    return ItemsBetween(mean=mean)


def learn_time_between(
    observed: Observations, center: float | None = None, sigma: float | None = None
) -> TimeBetween:
    """What ``t_chart`` learns, without the points.

    Args:
        observed: times between events.
        center: the known centre, as a time.
        sigma: the known standard deviation of time to the power 1 / 3.6.
    """
    if center is not None and center < 0:
        message = "the centre of the times between events is negative"
        raise UnusableData(message)
    transformed = Observations(values=_times(observed.values))
    known = None if center is None else center**_POWER
    learned = learn_individuals(transformed, known, sigma)
    return TimeBetween(center=learned.center, sigma=learned.sigma)


def _times(values: Array) -> Array:
    if (values < 0).any():
        at = int(np.argmax(values < 0))
        message = f"times: point {at + 1} is {values[at]:g}, which is negative"
        raise UnusableData(message)
    powered: Array = values**_POWER
    return powered
