"""Limits that keep a promise: at most so many false alarms, also after a short baseline.

Textbook limits treat an estimated mean and sigma as the truth. With 20 points of baseline their
chance of a false alarm within 30 points in control is 0.21 where 0.08 is meant. Here the limits
are widened so that two conditions hold *on average over the baselines that could have been seen*:

- a point in control signals at no more than the stated rate, each point of a run counted; and
- the chance of any false alarm within the first 30 points is at most 0.10 (for a budget looser
  than 1 per 200: at most 20 times the rate).

Let the values be normal, the estimated mean off by a (normal, variance = leverage) and the
estimated sigma, a residual standard deviation, be s times the true one (s distributed as
chi / sqrt(degrees)). Given a and s the points are independent, so the first condition is a
formula, and the second a Markov chain on the states of the rules; both are then averaged over a
and s by quadrature. Nothing is simulated.
All lines of all rules are moved outward by one factor, found by bisection. Of the sets of rules
that can keep the budget, the one that finds a shift of two sigma soonest is taken.

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

from airflow_dataops.control_charts.run_length import quiet_chance, run_length, zone_chances

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array

DEFAULT: Final = "1 per 200 runs"
HORIZON: Final = 30
MOST_IN_HORIZON: Final = 0.10
_CANDIDATES: Final = (("nelson_1", "nelson_5"), ("nelson_1",))
_WIDEST: Final = 40.0
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
    """The rules and the factor that keep a budget.

    Args:
        rate: allowed false alarms per run.
        leverage: variance of the estimated centre, in variances of a point; 0 if it is known.
        degrees: degrees of freedom of the estimated sigma; infinite if it is known.
    """
    plans = [_widened(rules, rate, leverage, degrees) for rules in _CANDIDATES]
    return min(plans, key=lambda kept: run_length(kept.rules, shift=2, width=3 * kept.factor).mean)


def _widened(rules: tuple[str, ...], rate: float, leverage: float, degrees: float) -> Plan:
    """The least factor with which these rules keep the budget."""
    offsets, scales, weights = _baselines(leverage, degrees)

    def costs(factor: float) -> tuple[float, float]:
        chances = zone_chances(offsets, scales * factor)
        signals = float(weights @ _signal_rate(rules, chances))
        return signals, 1 - float(weights @ quiet_chance(rules, chances, HORIZON))

    def fits(factor: float) -> bool:
        signals, chance = costs(factor)
        return signals <= rate and chance <= max(MOST_IN_HORIZON, 20 * rate)

    low, high = 0.5, _WIDEST
    while high - low > 1e-4:
        middle = math.sqrt(low * high)
        low, high = (low, middle) if fits(middle) else (middle, high)
    signals, chance = costs(high)
    return Plan(rules=rules, factor=high, rate=signals, chance=chance)


def _signal_rate(rules: tuple[str, ...], chances: Array) -> Array:
    """Share of points that signal, when the rules go on after a signal."""
    rate: Array = chances[:, 0] + chances[:, -1]
    if "nelson_5" in rules:
        for inner, outer in ((1, 0), (-2, -1)):
            beyond = chances[:, inner] + chances[:, outer]
            rate = rate + chances[:, inner] * (1 - (1 - beyond) ** 2)
    return rate


def _baselines(leverage: float, degrees: float) -> tuple[Array, Array, Array]:
    """A grid over what a baseline can have estimated: offset, scale, and their weight.

    Both densities fade out smoothly, so the trapezoidal rule is as good as any. Offsets of both
    signs are alike; half of them do.
    """
    offsets, offset_weights = np.zeros(1), np.ones(1)
    if leverage > 0:
        steps = np.linspace(0, 6, 10)
        offsets, offset_weights = steps * math.sqrt(leverage), np.exp(-(steps**2) / 2)
        offset_weights[0] /= 2
    scales, scale_weights = np.ones(1), np.ones(1)
    if math.isfinite(degrees):
        spread = 7 / math.sqrt(2 * degrees)
        logs = np.linspace(-spread * (1 + spread), min(spread, 2.0), 25)
        density = degrees * logs - degrees * np.exp(2 * logs) / 2
        scales, scale_weights = np.exp(logs), np.exp(density - density.max())
    weights = np.outer(offset_weights / offset_weights.sum(), scale_weights / scale_weights.sum())
    return (
        np.repeat(offsets, len(scales)),
        np.tile(scales, len(offsets)),
        weights.reshape(-1),
    )
