"""Run rules as an automaton: all that matters of the past is one of a few states.

Zones are the eight bands between -3, -2, -1, 0, 1, 2 and 3 sigma, numbered from below. A rule that
looks at zones alone needs to remember little (a count, two or four flags), so a set of such rules
is a finite automaton, and a run length a Markov chain on its states. Rules on the order of the
values (Nelson 3 and 4) are not of this kind.

Source: C. W. Champ and W. H. Woodall, *Exact results for Shewhart control charts with
supplementary runs rules*, Technometrics 29 (1987).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

ZONES: Final = 8
SIGNAL: Final = -1
ON_ZONES: Final = {
    "nelson_1", "nelson_2", "nelson_5", "nelson_6", "nelson_7", "nelson_8", "western_electric_1",
    "western_electric_2", "western_electric_3", "western_electric_4",
}  # fmt: skip
_LENGTH: Final = {"nelson_2": 9, "western_electric_4": 8}


class _Past(NamedTuple):
    """What the rules remember; a part that no rule asks for stays as it is here."""

    run: int = 0  # points in a row on one side, negative below
    beyond_two: tuple[int, ...] = (0, 0)  # side of each of the last points that was beyond
    beyond_one: tuple[int, ...] = (0, 0, 0, 0)
    within: int = 0
    outside: int = 0  # points in a row beyond one sigma, and how many of them on one side
    outside_run: int = 0


@lru_cache(maxsize=32)
def automaton(rules: frozenset[str]) -> npt.NDArray[np.int64]:
    """Where each zone leads from each state: shape (states, ``ZONES``), ``SIGNAL`` for a signal.

    State 0 is the start, without a past. States that no future tells apart are one.

    Raises:
        ValueError: a rule that does not look at zones alone.
    """
    if strange := rules - ON_ZONES:
        message = f"{', '.join(sorted(strange))} look at more than zones"
        raise ValueError(message)
    numbers, rows, waiting = {_Past(): 0}, [], [_Past()]
    for past in waiting:  # grows while it is read
        row = []
        for zone in range(ZONES):
            after = _after(past, zone, rules)
            if after is not None and after not in numbers:
                numbers[after] = len(numbers)
                waiting.append(after)
            row.append(SIGNAL if after is None else numbers[after])
        rows.append(row)
    return _merged(np.array(rows))


def _merged(leads: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Join states that lead to the same places, until none are left (E. F. Moore 1956)."""
    kinds = np.zeros(len(leads), dtype=np.int64)
    count = 0
    while True:
        seen = np.column_stack([kinds, np.where(leads == SIGNAL, SIGNAL, kinds[leads])])
        _, first, kinds = np.unique(seen, axis=0, return_index=True, return_inverse=True)
        kinds = kinds.reshape(-1)
        if len(first) == count:
            break
        count = len(first)
    # The start is put first again.
    order = np.arange(count)
    order[[0, kinds[0]]] = order[[kinds[0], 0]]
    merged = leads[first][order]
    place = np.argsort(order)
    return np.where(merged == SIGNAL, SIGNAL, place[kinds[merged]])


def _after(past: _Past, zone: int, rules: frozenset[str]) -> _Past | None:
    """What is remembered after one more point; None where a rule fires."""
    side = 1 if zone >= ZONES // 2 else -1
    level = zone - 4 if side == 1 else 3 - zone
    later = _Past()
    if level == 3 and rules & {"nelson_1", "western_electric_1"}:
        return None
    if lengths := [_LENGTH[rule] for rule in rules if rule in _LENGTH]:
        later = later._replace(run=_run_on(past.run, side))
        if abs(later.run) >= min(lengths):
            return None
    for flags in (_after_two_of_three, _after_four_of_five, _after_within, _after_outside):
        changed = flags(past, later, side, level, rules)
        if changed is None:
            return None
        later = changed
    return later


def _run_on(run: int, side: int) -> int:
    return run + side if run * side > 0 else side


def _after_two_of_three(
    past: _Past, later: _Past, side: int, level: int, rules: frozenset[str]
) -> _Past | None:
    if not rules & {"nelson_5", "western_electric_2"}:
        return later
    flag = side if level >= 2 else 0
    if flag and flag in past.beyond_two:
        return None
    return later._replace(beyond_two=(*past.beyond_two[1:], flag))


def _after_four_of_five(
    past: _Past, later: _Past, side: int, level: int, rules: frozenset[str]
) -> _Past | None:
    if not rules & {"nelson_6", "western_electric_3"}:
        return later
    flag = side if level >= 1 else 0
    if flag and past.beyond_one.count(flag) >= 3:
        return None
    return later._replace(beyond_one=(*past.beyond_one[1:], flag))


def _after_within(
    past: _Past, later: _Past, side: int, level: int, rules: frozenset[str]
) -> _Past | None:
    del side
    if "nelson_7" not in rules:
        return later
    within = past.within + 1 if level == 0 else 0
    return None if within >= 15 else later._replace(within=within)


def _after_outside(
    past: _Past, later: _Past, side: int, level: int, rules: frozenset[str]
) -> _Past | None:
    if "nelson_8" not in rules:
        return later
    if level == 0:
        return later._replace(outside=0, outside_run=0)
    outside, run = past.outside + 1, _run_on(past.outside_run, side)
    if outside >= 8 and abs(run) < 8:
        return None
    return later._replace(outside=min(outside, 7), outside_run=max(-7, min(run, 7)))
