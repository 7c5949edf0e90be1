"""The few probability functions that control charts need, in numpy and the standard library."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    from airflow_dataops.control_charts.observations import Array

# Terms needed grow with the root of the larger parameter; 200 do for degrees up to thousands.
_TERMS = 200
_FAR, _PER_SIGMA = 9, 256
_ERFC = np.frompyfunc(math.erfc, 1, 1)


def normal_cdf(z: npt.ArrayLike) -> Array:
    """P(Z <= z) of the standard normal distribution, element by element."""
    tail: Array = np.asarray(_ERFC(-np.asarray(z, dtype=np.float64) / math.sqrt(2)), np.float64)
    return tail / 2


def normal_cdf_of_many(z: Array) -> Array:
    """The same for tens of thousands of values, off by no more than 1e-12.

    Cubic Hermite interpolation: the derivative of the distribution is known.
    """
    chances, slopes = _table()
    places = np.clip((z + _FAR) * _PER_SIGMA, 0, len(chances) - 1.001)
    low = places.astype(np.int64)
    after = places - low
    before = 1 - after
    below = before**2 * ((1 + 2 * after) * chances[low] + after * slopes[low])
    low += 1
    found: Array = below + after**2 * ((1 + 2 * before) * chances[low] - before * slopes[low])
    return found


@lru_cache(maxsize=1)
def _table() -> tuple[Array, Array]:
    grid = np.arange(-_FAR * _PER_SIGMA, _FAR * _PER_SIGMA + 1) / _PER_SIGMA
    return normal_cdf(grid), normal_density(grid) / _PER_SIGMA


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
