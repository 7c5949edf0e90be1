"""Run rules: Nelson's eight, the four of Western Electric, two on means; no loop over the points.

Conventions, on which the literature is silent or divided:

- "beyond" is strict; a point exactly on a line is not beyond it. What rounding can do to a point
  on a line is allowed for: 1e-9 sigma, or four units in the last place of the centre.
- A point exactly on the centre line is on neither side and breaks a run.
- Equal neighbours break a trend and an alternation.
- A k-of-m rule fires only at a point that is itself beyond. At the start of a series fewer than m
  points exist; k of those suffice.
- "within one sigma" (Nelson 7) is strict too: a point exactly on the line is neither within nor
  beyond. Where sigma is 0 nothing is within.
- Nelson 8 needs points on both sides; eight on one side are left to the other rules.
- A rule keeps firing at each further point for which it holds.
- A mean of the last 2 or 3 needs that many points, none of them beyond 3 sigma by itself.

Source: L. S. Nelson, *The Shewhart control chart: tests for special causes*, J. Quality
Technology 16 (1984); Western Electric, *Statistical Quality Control Handbook* (1956).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from airflow_dataops.control_charts.observations import Array, Flags

BEYOND_LIMITS: Final = ("nelson_1",)
NELSON: Final = tuple(f"nelson_{number}" for number in range(1, 9))
WESTERN_ELECTRIC: Final = tuple(f"western_electric_{number}" for number in range(1, 5))
# Where the mean of so many points is beyond, in sigma of a single point; see ``means``.
MEAN_LINES: Final[Mapping[int, float]] = {2: 2.3, 3: 1.65}
MEANINGS: Final[Mapping[str, str]] = {
    "nelson_1": "beyond 3 sigma",
    "nelson_2": "9 in a row on one side of the centre",
    "nelson_3": "6 in a row rising or falling",
    "nelson_4": "14 in a row alternating",
    "nelson_5": "2 of 3 beyond 2 sigma on one side",
    "nelson_6": "4 of 5 beyond 1 sigma on one side",
    "nelson_7": "15 in a row within 1 sigma",
    "nelson_8": "8 in a row beyond 1 sigma, on both sides",
    "mean_of_2": "mean of the last 2 beyond 2.3 sigma",
    "mean_of_3": "mean of the last 3 beyond 1.65 sigma",
    "western_electric_1": "beyond 3 sigma",
    "western_electric_2": "2 of 3 beyond 2 sigma on one side",
    "western_electric_3": "4 of 5 beyond 1 sigma on one side",
    "western_electric_4": "8 in a row on one side of the centre",
    "ewma_high": "the weighted mean is above its limit",
    "ewma_low": "the weighted mean is below its limit",
    "cusum_high": "the upward sum is above h",
    "cusum_low": "the downward sum is above h",
    "zeros": "more zeros in a row than chance explains",
}
_ONE_UNIT: Final = float(np.finfo(np.float64).eps)
_GROUPS: Final = {"nelson": NELSON, "western_electric": WESTERN_ELECTRIC}


def parse_rules(text: str) -> tuple[str, ...]:
    """Rule names from ``nelson``, ``western_electric`` or names joined by commas.

    Raises:
        ValueError: a name is no rule.
    """
    names: list[str] = []
    for name in (part.strip() for part in text.split(",")):
        if name not in _GROUPS and name not in _FIRES:
            known = (
                "nelson, western_electric, nelson_1 to _8, western_electric_1 to _4, mean_of_2, _3"
            )
            message = f"{name!r} is no rule; known are {known}"
            raise ValueError(message)
        names += [n for n in _GROUPS.get(name, (name,)) if n not in names]
    return tuple(names)


def violations(
    values: Array,
    center: float | Array,
    sigma: float | Array,
    rules: Iterable[str] = BEYOND_LIMITS,
) -> dict[str, Flags]:
    """Where each rule fires.

    Args:
        values: shape (points,), or (series, points) judged along the last axis; NaN is missing.
        center: the centre line, in the unit of the values; broadcast against them.
        sigma: standard deviation of one plotted point, same unit; not negative.
        rules: names from ``MEANINGS`` that are rules on points.

    Returns:
        One array of flags per rule, of the shape of the values, in the order of the rules.
    """
    wanted = tuple(rules)
    # A sum is finite only if no value is missing.
    if math.isfinite(values.sum()):
        return _fire(values, center, sigma, wanted)
    if values.ndim == 2:
        return _row_by_row(values, center, sigma, wanted)
    present = ~np.isnan(values)
    middle, deviation = (
        line[present] if isinstance(line, np.ndarray) else line for line in (center, sigma)
    )
    found = _fire(values[present], middle, deviation, wanted)
    spread = {rule: np.zeros(values.shape, dtype=np.bool_) for rule in wanted}
    for rule, flags in found.items():
        spread[rule][present] = flags
    return spread


def _row_by_row(
    values: Array, center: float | Array, sigma: float | Array, rules: tuple[str, ...]
) -> dict[str, Flags]:
    centers, sigmas = np.broadcast_to(center, values.shape), np.broadcast_to(sigma, values.shape)
    rows = [
        violations(values[index], centers[index], sigmas[index], rules)
        for index in range(len(values))
    ]
    return {rule: np.array([row[rule] for row in rows]) for rule in rules}


def _fire(
    values: Array, center: float | Array, sigma: float | Array, rules: tuple[str, ...]
) -> dict[str, Flags]:
    zones = Zones(
        values=values,
        center=center,
        sigma=sigma,
        slack=1e-9 * sigma + 4 * _ONE_UNIT * np.abs(center),
        seen={},
    )
    return {rule: _FIRES[rule](zones) for rule in rules}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zones:
    """On which side of which line each point lies.

    Both sides are one array of shape (2, …, points), high first: most rules look at each side by
    itself, and one call on two rows is cheaper than two calls. Each line is compared with once.
    """

    values: Array
    center: float | Array
    sigma: float | Array
    slack: float | Array
    seen: dict[int, Flags]

    def beyond(self, sigmas: int) -> Flags:
        """Points beyond centre ± ``sigmas`` sigma, by side."""
        if sigmas not in self.seen:
            reach = sigmas * self.sigma + self.slack
            sides = np.empty((2, *self.values.shape), dtype=np.bool_)
            np.greater(self.values, self.center + reach, out=sides[0])
            np.less(self.values, self.center - reach, out=sides[1])
            self.seen[sigmas] = sides
        return self.seen[sigmas]

    def steps(self) -> Flags:
        """Steps from a point to the next that rise, and those that fall; equal ones do neither."""
        before, after = self.values[..., :-1], self.values[..., 1:]
        sides = np.empty((2, *after.shape), dtype=np.bool_)
        np.greater(after, before, out=sides[0])
        np.less(after, before, out=sides[1])
        return sides


def consecutive(flags: Flags, length: int, *, before: int = 0) -> Flags:
    """Where the last ``length`` flags are all set; windows are doubled, not slid.

    Args:
        flags: any shape; windows lie along the last axis.
        length: how many in a row.
        before: points to put in front that are never flagged.
    """
    points = flags.shape[-1] + before
    fires = np.zeros((*flags.shape[:-1], points), dtype=np.bool_)
    window, size = flags, 1
    while size < length and window.shape[-1]:
        more = min(size, length - size)
        window = window[..., more:] & window[..., :-more]
        size += more
    if window.shape[-1]:
        fires[..., points - window.shape[-1] :] = window
    return fires


def _beyond_three(zones: Zones) -> Flags:
    return _on_either(zones.beyond(3))


def _in_a_row(length: int) -> Callable[[Zones], Flags]:
    def fires(zones: Zones) -> Flags:
        return _on_either(consecutive(zones.beyond(0), length))

    return fires


def _two_of_three_beyond_two(zones: Zones) -> Flags:
    flags = zones.beyond(2)
    fires = np.zeros(flags.shape, dtype=np.bool_)
    fires[..., 1:] = flags[..., :-1]
    fires[..., 2:] |= flags[..., :-2]
    fires &= flags
    return _on_either(fires)


def _four_of_five_beyond_one(zones: Zones) -> Flags:
    flags = zones.beyond(1)
    points = flags.shape[-1]
    padded = np.zeros((*flags.shape[:-1], points + 4), dtype=np.bool_)
    padded[..., 4:] = flags
    both, one = padded[..., :-1] & padded[..., 1:], padded[..., :-1] | padded[..., 1:]
    # Of the two older and the two newer points before this one, three are beyond.
    older, newer = slice(0, points), slice(2, points + 2)
    three = both[..., older] & one[..., newer]
    three |= one[..., older] & both[..., newer]
    three &= flags
    return _on_either(three)


def _trend(zones: Zones) -> Flags:
    return _on_either(consecutive(zones.steps(), 5, before=1))


def _alternating(zones: Zones) -> Flags:
    steps = zones.steps()
    turns = _on_either(steps[..., 1:] & steps[::-1, ..., :-1])
    return consecutive(turns, 12, before=min(2, zones.values.shape[-1]))


def _mean_of(points: int) -> Callable[[Zones], Flags]:
    reach = MEAN_LINES[points] * math.sqrt(points)

    def fires(zones: Zones) -> Flags:
        beyond = np.zeros(zones.values.shape, dtype=np.bool_)
        if zones.values.shape[-1] < points:
            return beyond
        # A point that is beyond by itself has been told; a mean with it would tell it again.
        off = np.where(_on_either(zones.beyond(3)), np.nan, zones.values - zones.center)
        variances = np.broadcast_to(np.square(zones.sigma), off.shape)
        slack = np.broadcast_to(zones.slack, off.shape)
        limit = reach * np.sqrt(_sums(variances, points)) + _sums(slack, points)
        np.greater(np.abs(_sums(off, points)), limit, out=beyond[..., points - 1 :])
        return beyond

    return fires


def _sums(values: Array, points: int) -> Array:
    """Of each so many neighbours."""
    windows = values.shape[-1] - points + 1
    total: Array = values[..., :windows].copy()
    for start in range(1, points):
        total += values[..., start : start + windows]
    return total


def _within_one(zones: Zones) -> Flags:
    reach = zones.sigma - zones.slack
    within = zones.values < zones.center + reach
    within &= zones.values > zones.center - reach
    return consecutive(within, 15)


def _beyond_one_on_both_sides(zones: Zones) -> Flags:
    sides = zones.beyond(1)
    fires = consecutive(_on_either(sides), 8)
    fires &= ~_on_either(consecutive(sides, 8))
    return fires


def _on_either(sides: Flags) -> Flags:
    either: Flags = sides[0] | sides[1]
    return either


_FIRES: Final[Mapping[str, Callable[[Zones], Flags]]] = {
    "nelson_1": _beyond_three,
    "nelson_2": _in_a_row(9),
    "nelson_3": _trend,
    "nelson_4": _alternating,
    "nelson_5": _two_of_three_beyond_two,
    "nelson_6": _four_of_five_beyond_one,
    "nelson_7": _within_one,
    "nelson_8": _beyond_one_on_both_sides,
    "mean_of_2": _mean_of(2),
    "mean_of_3": _mean_of(3),
    "western_electric_1": _beyond_three,
    "western_electric_2": _two_of_three_beyond_two,
    "western_electric_3": _four_of_five_beyond_one,
    "western_electric_4": _in_a_row(8),
}
