"""How far a distribution has moved from a baseline, by the statistic that a test names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    Numbers = Sequence[float | Mapping[str, float] | None]

# What an unseen value counts as, so that a Kullback-Leibler divergence stays finite.
_SMOOTHING = 0.5


def distance(statistic: str, present: Numbers, before: Sequence[Numbers]) -> float:
    """The distance of what is measured now from what was measured before.

    Args:
        statistic: ``mean``, ``quantile``, ``standard_deviation``, ``proportion``, ``js``, ``kl``.
        present: the numbers of a test's measures.
        before: the same of earlier runs, or of the slice that it is compared with.
    """
    if statistic in ("js", "kl"):
        own, baseline = _counts(present[0]), _together([_counts(run[0]) for run in before])
        return jensen_shannon(own, baseline) if statistic == "js" else _divergence(own, baseline)
    own_value = _number(present[0])
    usual = _mean([_number(run[0]) for run in before])
    if statistic == "mean":
        deviation = _mean([_number(run[1]) for run in before])
        return _ratio(own_value - usual, deviation)
    if statistic == "proportion":
        return abs(2 * math.asin(math.sqrt(own_value)) - 2 * math.asin(math.sqrt(usual)))
    return _ratio(own_value - usual, usual)


def jensen_shannon(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    """The Jensen-Shannon divergence of two sets of counts in bits: 0 alike, 1 nothing shared."""
    p, q = _shares(one), _shares(other)
    total = 0.0
    for key in p.keys() | q.keys():
        a, b = p.get(key, 0.0), q.get(key, 0.0)
        middle = (a + b) / 2
        total += sum(x * math.log2(x / middle) for x in (a, b) if x) / 2
    return max(0.0, total)


def _divergence(own: Mapping[str, float], baseline: Mapping[str, float]) -> float:
    keys = own.keys() | baseline.keys()
    p = _shares({key: own.get(key, 0.0) + _SMOOTHING for key in keys})
    q = _shares({key: baseline.get(key, 0.0) + _SMOOTHING for key in keys})
    return max(0.0, sum(p[key] * math.log2(p[key] / q[key]) for key in keys))


def _together(runs: Sequence[Mapping[str, float]]) -> dict[str, float]:
    total: dict[str, float] = {}
    for run in runs:
        for key, count in run.items():
            total[key] = total.get(key, 0.0) + count
    return total


def _shares(counts: Mapping[str, float]) -> dict[str, float]:
    total = sum(counts.values()) or 1.0
    return {key: count / total for key, count in counts.items()}


def _counts(found: float | Mapping[str, float] | None) -> Mapping[str, float]:
    return found if isinstance(found, Mapping) else {}


def _number(found: float | Mapping[str, float] | None) -> float:
    return 0.0 if found is None or isinstance(found, Mapping) else float(found)


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def _ratio(difference: float, unit: float) -> float:
    if difference == 0:
        return 0.0
    return abs(difference / unit) if unit else math.inf
