"""Limits that keep a promise: at most so many false alarms, also after a short baseline.

Textbook limits treat an estimated mean and sigma as the truth. With 20 points of baseline their
chance of a false alarm within 30 points in control is 0.21 where 0.08 is meant. Here the limits
are widened so that two conditions hold *on average over the baselines that could have been seen*:

- a point in control signals at no more than the stated rate, each point of a run counted; and
- the chance of any false alarm within the first 30 points is at most 0.10 (for a budget looser
  than 1 per 200: at most 20 times the rate).

Let the values be normal, the estimated mean off by a (normal, variance = leverage) and the
estimated sigma, a residual standard deviation, be s times the true one (s distributed as
chi / sqrt(degrees)). Given a and s the points are independent, and both conditions are integrals
(``means``), which are averaged over a and s by quadrature. Nothing is simulated. All lines of all
rules are moved outward by one factor, the least that keeps both conditions.

Source: the idea of joint limits over a horizon is that of prediction intervals for several future
observations (G. J. Hahn, Technometrics 12 (1970)); for what estimation does to control charts see
C. P. Quesenberry, J. Quality Technology 25 (1993).
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.means import RULES, false_alarms

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.control_charts.observations import Array

DEFAULT: Final = "1 per 200 runs"
HORIZON: Final = 30
MOST_IN_HORIZON: Final = 0.10
_WIDEST: Final = 40.0
_OFFSETS, _SCALES = 5, 21
_PATTERN: Final = re.compile(r"\s*(\d+)\s+per\s+(\d+)\s+(?:runs?|points?)\s*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which rules judge a process, and by how much their lines are moved outward.

    Attributes:
        rules: names of run rules.
        factor: times which every line is as far from the centre as in the textbook.
        rate: expected share of points in control that signal.
        chance: of any false alarm within ``HORIZON`` points in control.
    """

    rules: tuple[str, ...]
    factor: float
    rate: float
    chance: float


def parse_budget(text: str) -> float:
    """The allowed false alarms per run, from words such as ``1 per 200 runs``.

    Raises:
        ValueError: other words, or a rate that is not above zero and below one in ten.
    """
    found = _PATTERN.fullmatch(text)
    if found is None:
        message = f"{text!r} is no budget of false alarms; write '1 per 200 runs'"
        raise ValueError(message)
    alarms, runs = int(found[1]), int(found[2])
    if not 0 < alarms < runs / 10:
        message = f"{text!r}: a budget lies above 0 and below one false alarm in 10 runs"
        raise ValueError(message)
    return alarms / runs


@lru_cache(maxsize=256)
def plan(rate: float, *, leverage: float = 0.0, degrees: float = math.inf) -> Plan:
    """The least factor that keeps a budget.

    Args:
        rate: allowed false alarms per run.
        leverage: variance of the estimated centre, in variances of a point; 0 if it is known.
        degrees: degrees of freedom of the estimated sigma; infinite if it is known.
    """
    offsets, scales, weights = _baselines(leverage, degrees)

    most = max(MOST_IN_HORIZON, 20 * rate)

    def costs(factor: float) -> tuple[float, float]:
        signals, any_signal = false_alarms(offsets, 3 * factor * scales, HORIZON)
        return float(weights @ signals), float(weights @ any_signal)

    def excess(factor: float) -> float:
        signals, chance = costs(factor)
        return math.log(max(signals / rate, chance / most, 1e-9))

    factor = _least(excess, 0.5, 2.0)
    signals, chance = costs(factor)
    return Plan(rules=RULES, factor=factor, rate=signals, chance=chance)


def _least(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where a falling function comes down to zero, from above: false position (Illinois)."""
    over, under = excess(low), excess(high)
    while under > 0 and high < _WIDEST:
        low, over, high = high, under, 2 * high
        under = excess(high)
    last = 0.0
    while under < -1e-3 and high - low > 1e-5 * high:
        middle = low + (high - low) * over / (over - under)
        found = excess(middle)
        if found > 0:
            low, over, under = middle, found, under / 2 if last > 0 else under
        else:
            high, under, over = middle, found, over / 2 if last < 0 else over
        last = found
    return high


def _baselines(leverage: float, degrees: float) -> tuple[Array, Array, Array]:
    """A grid over what a baseline can have estimated: offset, scale, and their weight.

    Both densities fade out smoothly, so the trapezoidal rule is as good as any. Offsets of both
    signs are alike; half of them do.
    """
    offsets, offset_weights = np.zeros(1), np.ones(1)
    if leverage > 0:
        nodes, node_weights = np.polynomial.hermite_e.hermegauss(2 * _OFFSETS)
        offsets, offset_weights = math.sqrt(leverage) * nodes[_OFFSETS:], node_weights[_OFFSETS:]
    scales, scale_weights = np.ones(1), np.ones(1)
    if math.isfinite(degrees):
        spread = 7 / math.sqrt(2 * degrees)
        logs = np.linspace(-spread * (1 + spread), min(spread, 2.0), _SCALES)
        density = degrees * logs - degrees * np.exp(2 * logs) / 2
        scales, scale_weights = np.exp(logs), np.exp(density - density.max())
    weights = np.outer(offset_weights / offset_weights.sum(), scale_weights / scale_weights.sum())
    return (
        np.repeat(offsets, len(scales)),
        np.tile(scales, len(offsets)),
        weights.reshape(-1),
    )
