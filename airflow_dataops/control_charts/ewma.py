"""The exponentially weighted moving average: small shifts that a Shewhart chart overlooks.

``z[t] = weight x[t] + (1 - weight) z[t - 1]``, z[0] the centre. Limits are exact at each point:
``width sigma sqrt(weight / (2 - weight) (1 - (1 - weight)^(2 t)))``.

Source: S. W. Roberts 1959; J. M. Lucas and M. S. Saccucci, Technometrics 32 (1990).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.phases import Baseline
from airflow_dataops.control_charts.rules import BEYOND_LIMITS, violations
from airflow_dataops.control_charts.variables import learn_individuals

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array, Numbers, Observations

WEIGHT, WIDTH = 0.2, 3.0
_NOTHING = 1e-18


@dataclass(frozen=True, slots=True, kw_only=True)
class Ewma:
    """A process watched through its weighted mean.

    Attributes:
        center, sigma: mean and standard deviation of single values in control, in their unit.
        weight: the share of the newest point, above 0 and at most 1.
        width: distance of the limits in standard deviations of z.
    """

    center: float
    sigma: float
    weight: float = WEIGHT
    width: float = WIDTH

    def __post_init__(self) -> None:
        if not 0 < self.weight <= 1 or not self.width > 0:
            message = (
                f"the weight must lie above 0 and not above 1, the width above 0; "
                f"they are {self.weight:g} and {self.width:g}"
            )
            raise ValueError(message)

    @property
    def asymptotic_error(self) -> float:
        """Standard deviation of z once the start is forgotten."""
        return self.sigma * math.sqrt(self.weight / (2 - self.weight))

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """The weighted means and their limits; they lean on each other, so no run rule applies."""
        values = observed.values
        present = ~np.isnan(values)
        z = np.full(values.shape, np.nan)
        z[present] = self.center + smoothed(values[present] - self.center, self.weight)
        # A missing point leaves z where it was, and the limits with it.
        seen = np.cumsum(present)
        left = (1 - self.weight) ** (2.0 * seen)
        error = self.asymptotic_error * np.sqrt(1 - left)
        beyond = violations(z, self.center, error * (self.width / 3), BEYOND_LIMITS)["nelson_1"]
        notes: tuple[str, ...] = ()
        if set(rules) - {"nelson_1", "western_electric_1"}:
            notes = ("run rules do not apply to weighted means; only the limits were used",)
        reach = self.width * self.asymptotic_error
        return Chart(
            kind="ewma",
            values=values,
            center=self.center,
            sigma=self.sigma,
            lower=self.center - self.width * error,
            upper=self.center + self.width * error,
            violations={
                "ewma_high": beyond & (z > self.center),
                "ewma_low": beyond & (z < self.center),
            },
            curves={"z": z},
            facts={"asymptotic_lcl": self.center - reach, "asymptotic_ucl": self.center + reach},
            notes=notes,
        )


def ewma(
    x: Numbers,
    *,
    center: float | None = None,
    sigma: float | None = None,
    weight: float = WEIGHT,
    width: float = WIDTH,
) -> Baseline:
    """EWMA chart of single values.

    Args:
        x: shape (points,), oldest first; missing points as NaN or None.
        center: the known mean; estimated as on an individuals chart.
        sigma: the known standard deviation; estimated as on an individuals chart.
        weight: the share of the newest point, above 0 and at most 1.
        width: distance of the limits in standard deviations of z.

    Raises:
        UnusableData: see ``observations.series``.
        ValueError: an impossible weight or width.
    """
    observed = series(x)
    process = learn_ewma(observed, center=center, sigma=sigma, weight=weight, width=width)
    return Baseline(process=process, observed=observed)


def learn_ewma(
    observed: Observations,
    *,
    center: float | None = None,
    sigma: float | None = None,
    weight: float = WEIGHT,
    width: float = WIDTH,
) -> Ewma:
    """What ``ewma`` learns, without the points."""
    learned = learn_individuals(observed, center, sigma)
    return Ewma(center=learned.center, sigma=learned.sigma, weight=weight, width=width)


def smoothed(deviations: Array, weight: float) -> Array:
    """The weighted mean of all earlier deviations, the start being zero.

    Each pass doubles the number of points that are summed, until the weight of the next ones is
    nothing; so there is no loop over the points.
    """
    z: Array = weight * deviations
    kept, reach = 1 - weight, 1
    while reach < len(z) and kept > _NOTHING:
        shifted = z[:-reach] * kept
        z[reach:] += shifted
        kept, reach = kept * kept, 2 * reach
    return z
