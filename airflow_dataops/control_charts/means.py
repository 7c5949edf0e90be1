"""Chances of a chart that judges the newest value and the means of the last two and three.

The rules are ``nelson_1``, ``mean_of_2`` and ``mean_of_3``: a spike is seen by the value, a step by
a mean. A window of three is what a step of three sigma needs to be found within three points; the
lines at 2.3 and 1.65 sigma give most of the budget to it and lose little sight of spikes.

What such a chart remembers are two values, so it is no small Markov chain. Chances over up to four
points are integrals over the two in the middle, the ones before and after them being intervals.
More points follow by the product formula of J. I. Naus (J. American Statistical Association 77
(1982)): the chance that one more point is quiet after quiet ones is that of the fourth.

Source of the rules: moving averages (S. W. Roberts, Technometrics 1 (1959)) of several lengths at
once, a window-limited likelihood ratio for a step (T. L. Lai, J. Royal Statistical Society B 57
(1995)).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.distributions import normal_cdf_of_many, normal_density
from airflow_dataops.control_charts.rules import MEAN_LINES

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array

RULES: Final = ("nelson_1", "mean_of_2", "mean_of_3")
# Limits of the sums of two and three values, in widths of the limit of one.
_TWO, _THREE = 2 * MEAN_LINES[2] / 3, 3 * MEAN_LINES[3] / 3
_NODES: Final = 10
_MANY: Final = 20
_FAR: Final = 8.0  # no sum or difference of two values in control is off by more


def false_alarms(offset: Array, width: Array, points: int) -> tuple[Array, Array]:
    """Share of points that signal, and the chance of any signal within so many points.

    Args:
        offset: of the process from the centre line, shape (cases,), in true sigma.
        width: of the limits of single values, shape (cases,), in true sigma.
        points: three or more.
    """
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    many, many_weights = np.polynomial.legendre.leggauss(_MANY)
    w, a = width[:, None, None], offset[:, None, None]
    # The two values in the middle, x and y, through their sum (each half by itself, as the width of
    # the difference has a kink at a sum of zero) and their difference.
    half, half_weights = (nodes + 1) / 2, weights / 2
    furthest = np.minimum(_TWO * w, 2 * np.abs(a) + _FAR)
    sums = furthest * np.concatenate([-half[::-1], half])[:, None]
    reach = np.minimum(2 * w - np.abs(sums), _FAR)
    differences = reach * many
    area = furthest * np.concatenate([half_weights[::-1], half_weights])[:, None]
    area = area * reach * many_weights / 2
    x, y = (sums + differences) / 2, (sums - differences) / 2
    mass = area * normal_density(x - a) * normal_density(y - a)
    beyond_sum = _THREE * w - sums, -_THREE * w - sums

    def between(low: Array, high: Array) -> Array:
        chance: Array = np.maximum(0.0, normal_cdf_of_many(high - a) - normal_cdf_of_many(low - a))
        return chance

    before = between(
        np.maximum(np.maximum(-w, -_TWO * w - x), beyond_sum[1]),
        np.minimum(np.minimum(w, _TWO * w - x), beyond_sum[0]),
    )
    # Differences of both signs are alike: what follows y is what precedes x, mirrored.
    three = (mass * before).sum(axis=(1, 2))
    four = (mass * before * before[:, :, ::-1]).sum(axis=(1, 2))
    fourth = np.divide(four, three, out=np.zeros_like(four), where=three > 0)
    quiet = three * fourth ** (points - 3)
    within = between(-w, w)[:, 0, 0]
    # A value that is beyond by itself has been told, and takes part in no mean.
    third = between(np.maximum(-w, beyond_sum[1]), np.minimum(w, beyond_sum[0]))
    told = 1 - within
    silent = told * within + (mass * (told[:, None, None] + third)).sum(axis=(1, 2))
    return 1 - silent, 1 - quiet
