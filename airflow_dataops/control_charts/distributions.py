"""The few probability functions that control charts need, in numpy and the standard library."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from airflow_dataops.control_charts.observations import Array

# Terms needed grow with the root of the larger parameter; 200 do for degrees up to thousands.
_TERMS = 200
_ERFC = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(z: npt.ArrayLike) -> Array:
    """P(Z <= z) of the standard normal distribution, element by element."""
    tail: Array = np.asarray(_ERFC(-np.asarray(z, dtype=np.float64) / math.sqrt(2)), np.float64)
    return tail / 2


def normal_density(z: Array) -> Array:
    """The standard normal density, element by element."""
    density: Array = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    return density


def f_tail(f: float, numerator: int, denominator: int) -> float:
    """P(F > f) of the F distribution, through the regularised incomplete beta function."""
    if f <= 0:
        return 1.0
    share = denominator / (denominator + numerator * f)
    return incomplete_beta(share, denominator / 2, numerator / 2)


def t_tail(t: float, degrees: float) -> float:
    """P(|T| > |t|), two-sided, of Student's t distribution."""
    return incomplete_beta(degrees / (degrees + t * t), degrees / 2, 0.5)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """Regularised incomplete beta function I_x(a, b), by its continued fraction.

    Source: NIST Digital Library of Mathematical Functions, 8.17.22, evaluated from its far end.
    """
    if x <= 0 or x >= 1:
        return 0.0 if x <= 0 else 1.0
    if x > (a + 1) / (a + b + 2):
        return 1 - incomplete_beta(1 - x, b, a)
    front = a * math.log(x) + b * math.log1p(-x) - math.log(a)
    front += math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    fraction = 1.0
    for m in range(_TERMS, 0, -1):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        fraction = 1 + even / (1 + odd / fraction)
    return math.exp(front) / (1 - (a + b) * x / (a + 1) / fraction)
