"""The constants of control charts, by their definition rather than from a table.

With R the range and s the standard deviation of n independent standard normal values:
``d2(n) = E[R]``, ``d3(n) = sd(R)``, ``c4(n) = E[s]``. Source: W. A. Shewhart 1931; formulas as in
Montgomery, *Introduction to Statistical Quality Control*, appendix VI. All are without unit.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from airflow_dataops.control_charts.distributions import normal_cdf

LARGEST_SUBGROUP = 1000
# The integrands vanish with all their derivatives at both ends, where the trapezoidal rule
# converges faster than any power of the step.
_GRID = np.linspace(-8.5, 8.5, 341)
_STEP = float(_GRID[1] - _GRID[0])


@lru_cache(maxsize=256)
def d2(n: int) -> float:
    """Mean range of n standard normal values: the integral of 1 - (1 - F)^n - F^n.

    Raises:
        ValueError: n is not between 2 and ``LARGEST_SUBGROUP``.
    """
    _check(n)
    if n == 2:
        return 2 / math.sqrt(math.pi)
    below = normal_cdf(_GRID)
    above = below[::-1]
    return float(np.sum(1 - above**n - below**n) * _STEP)


@lru_cache(maxsize=256)
def d3(n: int) -> float:
    """Standard deviation of the range of n standard normal values.

    The mean square of the range is the integral of n (n - 1) / 2 (y - x)^2 |F(y) - F(x)|^(n - 2)
    f(x) f(y) over the plane.

    Raises:
        ValueError: n is not between 2 and ``LARGEST_SUBGROUP``.
    """
    _check(n)
    if n == 2:
        return math.sqrt(2 - 4 / math.pi)
    below = normal_cdf(_GRID)
    density = np.exp(-(_GRID**2) / 2) / math.sqrt(2 * math.pi)
    apart = (_GRID[:, None] - _GRID) ** 2
    between = np.abs(below[:, None] - below) ** (n - 2)
    mean_square = n * (n - 1) / 2 * float(density @ (apart * between) @ density) * _STEP**2
    return math.sqrt(mean_square - d2(n) ** 2)


@lru_cache(maxsize=256)
def c4(n: int) -> float:
    """Mean standard deviation (divisor n - 1) of n standard normal values.

    Raises:
        ValueError: n is less than 2.
    """
    if n < 2:
        message = f"a standard deviation needs 2 or more values, not {n}"
        raise ValueError(message)
    return math.sqrt(2 / (n - 1)) * math.exp(math.lgamma(n / 2) - math.lgamma((n - 1) / 2))


def _check(n: int) -> None:
    if not 2 <= n <= LARGEST_SUBGROUP:
        message = f"a range needs 2 to {LARGEST_SUBGROUP} values, not {n}"
        raise ValueError(message)
