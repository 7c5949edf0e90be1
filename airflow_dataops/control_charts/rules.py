"""Run rules: Nelson's eight and the four of Western Electric, without a loop over the points.

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

Source: L. S. Nelson, *The Shewhart control chart: tests for special causes*, J. Quality
Technology 16 (1984); Western Electric, *Statistical Quality Control Handbook* (1956).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    import numpy.typing as npt

    from airflow_dataops.control_charts.observations import Array, Flags

BEYOND_LIMITS: Final = ("nelson_1",)
NELSON: Final = tuple(f"nelson_{number}" for number in range(1, 9))
WESTERN_ELECTRIC: Final = tuple(f"western_electric_{number}" for number in range(1, 5))
MEANINGS: Final[Mapping[str, str]] = {
    "nelson_1": "beyond 3 sigma",
    "nelson_2": "9 in a row on one side of the centre",
    "nelson_3": "6 in a row rising or falling",
    "nelson_4": "14 in a row alternating",
    "nelson_5": "2 of 3 beyond 2 sigma on one side",
    "nelson_6": "4 of 5 beyond 1 sigma on one side",
    "nelson_7": "15 in a row within 1 sigma",
    "nelson_8": "8 in a row beyond 1 sigma, on both sides",
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
_GROUPS: Final = {"nelson": NELSON, "western_electric": WESTERN_ELECTRIC}


def parse_rules(text: str) -> tuple[str, ...]:
    """Rule names from ``nelson``, ``western_electric`` or names joined by commas.

    Raises:
        ValueError: a name is no rule.
    """
    names: list[str] = []
    for name in (part.strip() for part in text.split(",")):
        if name not in _GROUPS and name not in _FIRES:
            known = "nelson, western_electric, nelson_1 to nelson_8, western_electric_1 to _4"
            message = f"{name!r} is no rule; known are {known}"
            raise ValueError(message)
        names += [n for n in _GROUPS.get(name, (name,)) if n not in names]
    return tuple(names)


def violations(
    values: Array,
    center: npt.ArrayLike,
    sigma: npt.ArrayLike,
    rules: Iterable[str] = BEYOND_LIMITS,
) -> dict[str, Flags]:
    """Where each rule fires.

    Args:
        values: shape (points,), or (series, points) judged along the last axis; NaN is missing.
        center: the centre line, in the unit of the values; broadcast against them.
        sigma: standard deviation of one plotted point, same unit; not negative.
        rules: names of ``NELSON`` and ``WESTERN_ELECTRIC``.

    Returns:
        One array of flags per rule, of the shape of the values, in the order of the rules.
    """
    wanted = tuple(rules)
    # A sum is finite only if no value is missing.
    if np.isfinite(values.sum()):
        return _fire(values, center, sigma, wanted)
    if values.ndim == 2:
        return _row_by_row(values, center, sigma, wanted)
    present = ~np.isnan(values)
    middle, deviation = (
        a if a.ndim == 0 else a[present] for a in (np.asarray(center), np.asarray(sigma))
    )
    found = _fire(values[present], middle, deviation, wanted)
    spread = {rule: np.zeros(values.shape, dtype=np.bool_) for rule in wanted}
    for rule, flags in found.items():
        spread[rule][present] = flags
    return spread


def _row_by_row(
    values: Array, center: npt.ArrayLike, sigma: npt.ArrayLike, rules: tuple[str, ...]
) -> dict[str, Flags]:
    centers, sigmas = (np.broadcast_to(a, values.shape) for a in (center, sigma))
    rows = [violations(*row, rules) for row in zip(values, centers, sigmas, strict=True)]
    return {rule: np.array([row[rule] for row in rows]) for rule in rules}


def _fire(
    values: Array, center: npt.ArrayLike, sigma: npt.ArrayLike, rules: tuple[str, ...]
) -> dict[str, Flags]:
    middle, deviation = np.asarray(center), np.asarray(sigma)
    slack = 1e-9 * deviation + 4 * np.finfo(np.float64).eps * np.abs(middle)
    zones = Zones(values=values, center=middle, sigma=deviation, slack=slack, seen={})
    return {rule: _FIRES[rule](zones) for rule in rules}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zones:
    """On which side of which line each point lies; each line is compared with once."""

    values: Array
    center: Array
    sigma: Array
    slack: Array
    seen: dict[int, Flags]

    def beyond(self, sigmas: int) -> Flags:
        """Points above centre + ``sigmas`` sigma; below it where ``sigmas`` is negative."""
        if sigmas not in self.seen:
            line = self.center + sigmas * self.sigma
            above = sigmas > 0
            self.seen[sigmas] = (
                self.values > line + self.slack if above else self.values < line - self.slack
            )
        return self.seen[sigmas]

    def above(self) -> Flags:
        """Points above the centre line."""
        return self.values > self.center + self.slack

    def below(self) -> Flags:
        """Points below the centre line."""
        return self.values < self.center - self.slack

    def either(self, sigmas: int) -> Flags:
        """Points beyond on either side."""
        return self.beyond(sigmas) | self.beyond(-sigmas)

    def rises(self) -> tuple[Flags, Flags]:
        """Steps from a point to the next: which go up, which go down."""
        before, after = self.values[..., :-1], self.values[..., 1:]
        return after > before, after < before


def consecutive(flags: Flags, length: int) -> Flags:
    """Where the last ``length`` flags are all set; windows are doubled, not slid."""
    fires = np.zeros(flags.shape, dtype=np.bool_)
    if flags.shape[-1] < length:
        return fires
    window, size = flags, 1
    while size < length:
        more = min(size, length - size)
        window = window[..., more:] & window[..., :-more]
        size += more
    fires[..., length - 1 :] = window
    return fires


def _two_of_three(flags: Flags) -> Flags:
    fires = np.zeros(flags.shape, dtype=np.bool_)
    fires[..., 1:] = flags[..., :-1]
    fires[..., 2:] |= flags[..., :-2]
    fires &= flags
    return fires


def _four_of_five(flags: Flags) -> Flags:
    points = flags.shape[-1]
    padded = np.zeros((*flags.shape[:-1], points + 4), dtype=np.bool_)
    padded[..., 4:] = flags
    both, one = (op(padded[..., :-1], padded[..., 1:]) for op in (np.logical_and, np.logical_or))
    older, newer = slice(0, points), slice(2, points + 2)
    three = both[..., older] & one[..., newer]
    three |= one[..., older] & both[..., newer]
    three &= flags
    return three


def _in_a_row(length: int) -> Callable[[Zones], Flags]:
    def fires(zones: Zones) -> Flags:
        high = consecutive(zones.above(), length)
        high |= consecutive(zones.below(), length)
        return high

    return fires


def _beyond_three(zones: Zones) -> Flags:
    return zones.either(3)


def _two_of_three_beyond_two(zones: Zones) -> Flags:
    return _two_of_three(zones.beyond(2)) | _two_of_three(zones.beyond(-2))


def _four_of_five_beyond_one(zones: Zones) -> Flags:
    return _four_of_five(zones.beyond(1)) | _four_of_five(zones.beyond(-1))


def _trend(zones: Zones) -> Flags:
    fires = np.zeros(zones.values.shape, dtype=np.bool_)
    up, down = zones.rises()
    fires[..., 1:] = consecutive(up, 5) | consecutive(down, 5)
    return fires


def _alternating(zones: Zones) -> Flags:
    fires = np.zeros(zones.values.shape, dtype=np.bool_)
    up, down = zones.rises()
    turns = up[..., 1:] & down[..., :-1]
    turns |= down[..., 1:] & up[..., :-1]
    fires[..., 2:] = consecutive(turns, 12)
    return fires


def _within_one(zones: Zones) -> Flags:
    within = zones.values < zones.center + zones.sigma - zones.slack
    within &= zones.values > zones.center - zones.sigma + zones.slack
    return consecutive(within, 15)


def _beyond_one_on_both_sides(zones: Zones) -> Flags:
    fires = consecutive(zones.either(1), 8)
    fires &= ~consecutive(zones.beyond(1), 8)
    fires &= ~consecutive(zones.beyond(-1), 8)
    return fires


_FIRES: Final[Mapping[str, Callable[[Zones], Flags]]] = {
    "nelson_1": _beyond_three,
    "nelson_2": _in_a_row(9),
    "nelson_3": _trend,
    "nelson_4": _alternating,
    "nelson_5": _two_of_three_beyond_two,
    "nelson_6": _four_of_five_beyond_one,
    "nelson_7": _within_one,
    "nelson_8": _beyond_one_on_both_sides,
    "western_electric_1": _beyond_three,
    "western_electric_2": _two_of_three_beyond_two,
    "western_electric_3": _four_of_five_beyond_one,
    "western_electric_4": _in_a_row(8),
}
