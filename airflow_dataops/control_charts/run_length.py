"""How many points until a chart signals: its false alarms in control, its speed after a shift.

A run length is exact where a Markov chain on the states of the rules (Shewhart charts with rules
on zones) or an integral equation (EWMA, CUSUM) gives it, and simulated where the order of values
matters (Nelson 3 and 4). The result says which. All assume independent normal values and known
limits, in units of sigma; limits that were estimated are the subject of ``budget``.

Source: D. Brook and D. A. Evans, Biometrika 59 (1972); C. W. Champ and W. H. Woodall,
Technometrics 29 (1987); S. V. Crowder, Technometrics 29 (1987); J. M. Lucas and R. B. Crosier,
Technometrics 24 (1982).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from airflow_dataops.control_charts.automaton import ON_ZONES, SIGNAL, ZONES, automaton
from airflow_dataops.control_charts.distributions import normal_cdf, normal_density
from airflow_dataops.control_charts.rules import BEYOND_LIMITS, violations

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from airflow_dataops.control_charts.observations import Array

_LONGEST_WINDOW: Final = 15
_BLOCK: Final = 128


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLength:
    """Points up to and with the first signal.

    Attributes:
        mean: the average run length.
        method: how it was found.
        standard_error: of the mean; 0 unless it was simulated.
    """

    mean: float
    method: Literal["Markov chain", "integral equation", "simulation"]
    standard_error: float = 0.0


def run_length(
    rules: Sequence[str] = BEYOND_LIMITS,
    *,
    shift: float = 0.0,
    width: float = 3.0,
    replications: int = 20_000,
    seed: int = 1,
) -> RunLength:
    """Average run length of a Shewhart chart with run rules.

    Args:
        rules: names of ``NELSON`` and ``WESTERN_ELECTRIC``.
        shift: of the mean, in sigma, from the first point on.
        width: of the limits in sigma; the lines of all rules move in proportion.
        replications: of the simulation, if there has to be one.
        seed: of the simulation.
    """
    if ON_ZONES.issuperset(rules):
        chances = zone_chances(np.array(shift), np.array(width / 3))
        leads = automaton(frozenset(rules))
        stays = np.eye(len(leads)) - _transitions(leads, chances)
        mean = float(np.linalg.solve(stays, np.ones(len(leads)))[0])
        return RunLength(mean=mean, method="Markov chain")
    lengths = _simulated(tuple(rules), shift * 3 / width, 3 / width, replications, seed)
    error = float(lengths.std(ddof=1)) / math.sqrt(replications)
    return RunLength(mean=float(lengths.mean()), method="simulation", standard_error=error)


def ewma_run_length(
    *, weight: float, width: float, shift: float = 0.0, asymptotic: bool = False
) -> RunLength:
    """Average run length of an EWMA chart that starts at its centre.

    Args:
        weight: the share of the newest point.
        width: of the limits in standard deviations of the weighted mean.
        shift: of the mean, in sigma, from the first point on.
        asymptotic: limits that do not vary, as in most published tables; our charts are drawn
            with exact ones, narrower at the start, and notice an early shift sooner.
    """
    reach = width * math.sqrt(weight / (2 - weight))
    nodes, weights = _legendre(min(400, 60 + int(16 * reach / weight)))
    kept = 1 - weight
    inside, parts = reach * nodes, reach * weights

    def density(before: Array, after: Array) -> Array:
        return normal_density((after - kept * before[:, None]) / weight - shift) / weight

    kernel = density(inside, inside) * parts
    remaining = np.linalg.solve(np.eye(len(nodes)) - kernel, np.ones(len(nodes)))
    start = np.zeros(1)
    if asymptotic:
        mean = 1 + float(((density(start, inside) * parts) @ remaining)[0])
        return RunLength(mean=mean, method="integral equation")
    # Point by point while the limits still widen; from then on the equation's solution holds.
    mean, t, at, chance = 1.0, 1, start, np.ones(1)
    narrow = math.sqrt(1 - kept**2)
    while narrow < 1 - 1e-9:
        after = narrow * inside
        chance = (chance @ density(at, after)) * (narrow * parts)
        mean += float(chance.sum())
        at, t = after, t + 1
        narrow = math.sqrt(1 - kept ** (2 * t))
    left = chance @ (density(at, inside) * parts)
    return RunLength(mean=mean + float(left @ remaining), method="integral equation")


def cusum_run_length(
    *, k: float, h: float, shift: float = 0.0, headstart: float = 0.0
) -> RunLength:
    """Average run length of a two-sided tabular CUSUM; all arguments in sigma.

    Two one-sided sums are joined by the formula of Kemp and of Lucas and Crosier.
    """
    from_start, from_zero = zip(
        *(_one_sided(k, h, sign * shift, headstart) for sign in (1, -1)), strict=True
    )
    up, down = from_zero
    mean = (from_start[0] * down + from_start[1] * up - up * down) / (up + down)
    return RunLength(mean=mean, method="integral equation")


def _one_sided(k: float, h: float, shift: float, headstart: float) -> tuple[float, float]:
    """Average run lengths of one sum, from its headstart and from zero."""
    nodes, weights = _legendre(40 + int(12 * h))
    inside, parts = h * (nodes + 1) / 2, h * weights / 2
    # The sum is at zero with a chance of its own; that is one more unknown.
    states = np.concatenate([[0.0], inside])

    def kernel(before: Array) -> Array:
        to_zero = normal_cdf(k - shift - before)[:, None]
        return np.hstack([to_zero, normal_density(inside - before[:, None] + k - shift) * parts])

    lengths = np.linalg.solve(np.eye(len(states)) - kernel(states), np.ones(len(states)))
    started = 1 + float((kernel(np.array([headstart])) @ lengths)[0])
    return started, float(lengths[0])


def zone_chances(shift: Array, scale: Array, sigma: float = 1.0) -> Array:
    """Chance of each zone for a point that is off by a shift; shape (…, ``ZONES``).

    Args:
        shift: of the point's mean from the centre of the lines.
        scale: distance of the one-sigma line from that centre.
        sigma: standard deviation of the point.
    """
    edges = (np.arange(-3, 4) * np.asarray(scale)[..., None] - np.asarray(shift)[..., None]) / sigma
    below = normal_cdf(edges)
    ends = np.zeros((*below.shape[:-1], 1))
    chances: Array = np.diff(np.concatenate([ends, below, ends + 1], axis=-1), axis=-1)
    return chances


def _transitions(leads: npt.NDArray[np.int64], chances: Array) -> Array:
    """Chance to get from each state to each other one without a signal."""
    matrix = np.zeros((len(leads), len(leads)))
    for zone in range(ZONES):
        stays = np.flatnonzero(leads[:, zone] != SIGNAL)
        matrix[stays, leads[stays, zone]] += chances[zone]
    return matrix


def _legendre(points: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(points)
    return nodes, weights


def _simulated(
    rules: tuple[str, ...], shift: float, sigma: float, replications: int, seed: int
) -> Array:
    """Run lengths of series that go on, block by block, until each has signalled."""
    random = np.random.default_rng(seed)
    lengths = np.zeros(replications)
    running = np.arange(replications)
    recent = np.empty((replications, 0))
    passed = 0
    while running.size:
        new = random.normal(shift, sigma, (running.size, _BLOCK))
        seen = np.concatenate([recent, new], axis=1)
        flagged = np.zeros(new.shape, dtype=np.bool_)
        for flags in violations(seen, 0.0, 1.0, rules).values():
            flagged |= flags[:, recent.shape[1] :]
        signalled = flagged.any(axis=1)
        lengths[running[signalled]] = passed + flagged[signalled].argmax(axis=1) + 1
        running, recent = running[~signalled], seen[~signalled, 1 - _LONGEST_WINDOW :]
        passed += _BLOCK
    return lengths
