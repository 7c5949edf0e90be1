"""What was observed, checked once: a series, subgroups, or counts with their sizes.

A missing point is NaN. It keeps its place, is part of no estimate and is never judged; the rules
see its neighbours as though they stood side by side. Infinities, text and impossible counts are
refused with the 1-based place of the first one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias, TypeVar

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Sequence

Array: TypeAlias = npt.NDArray[np.float64]
Flags: TypeAlias = npt.NDArray[np.bool_]
Days: TypeAlias = npt.NDArray[np.int64]
_Line = TypeVar("_Line", Array, Days)
# Numbers as a caller has them: a list with None for missing points, or an array of any number type.
Numbers: TypeAlias = "Sequence[float | None] | npt.NDArray[np.generic]"


LARGEST = 1e150
ALL_MISSING = "every point is missing"


class UnusableData(ValueError):
    """These numbers cannot be charted; the message says which one and why."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Observations:
    """Points in order of time.

    Attributes:
        values: shape (points,), or (points, largest subgroup) with NaN beyond a smaller one.
        sizes: shape (points,): what was inspected for each count; None without counts.
        days: shape (points,): the kind of day of each, see ``seasons``; None without dates.
    """

    values: Array
    sizes: Array | None = None
    days: Days | None = None

    def __len__(self) -> int:
        return len(self.values)

    def first(self, points: int) -> Observations:
        """The first points alone."""
        return Observations(
            values=self.values[:points],
            sizes=None if self.sizes is None else self.sizes[:points],
            days=None if self.days is None else self.days[:points],
        )

    def without(self, left_out: Flags) -> Observations:
        """The same points, those flagged made missing."""
        values = self.values.copy()
        values[left_out] = np.nan
        return replace(self, values=values)

    def then(self, later: Observations) -> Observations:
        """These points followed by later ones of the same kind."""
        values = (self.values, later.values)
        if self.values.ndim == 2:
            values = _equally_wide(*values)
        return Observations(
            values=np.concatenate(values),
            sizes=_joined(self.sizes, later.sizes),
            days=_joined(self.days, later.days),
        )


def series(x: Numbers, *, name: str = "x") -> Observations:
    """Single values, oldest first; None and NaN are missing points.

    Raises:
        UnusableData: nothing at all, not one-dimensional, not numbers, infinite, or beyond
            ``LARGEST``.
    """
    return Observations(values=numbers(x, name=name))


def counts(
    counted: Numbers, n: Numbers | float | None = None, *, name: str = "counts"
) -> Observations:
    """Counts per point, and how much was inspected for each: one number for all, or one each.

    Raises:
        UnusableData: a count is negative or not whole, a size is not above zero, or the two
            differ in length.
    """
    values = numbers(counted, name=name)
    _refuse(values, values < 0, "is negative", name=name)
    _refuse(values, values != np.rint(values), "is not a whole number", name=name, but_missing=True)
    if n is None:
        return Observations(values=values)
    is_one = not isinstance(n, (list, tuple, np.ndarray))
    given = numbers([n] if is_one else n, name="n")  # type: ignore[arg-type]
    if not is_one and len(given) != len(values):
        message = (
            f"there are {len(values)} counts and {len(given)} n; give one n for all or one each"
        )
        raise UnusableData(message)
    _refuse(given, given <= 0, "is not above zero: nothing was inspected", name="n")
    sizes = np.broadcast_to(given, values.shape)
    return Observations(values=np.where(np.isnan(sizes), np.nan, values), sizes=sizes)


def subgroups(rows: Sequence[Numbers] | Array) -> Observations:
    """Subgroups, one per row, of two or more values each; sizes may differ.

    Raises:
        UnusableData: no subgroup, a subgroup with fewer than two values, or not numbers.
    """
    if isinstance(rows, np.ndarray) and rows.ndim == 2:
        arrays = [numbers(rows.reshape(-1), name="subgroups").reshape(rows.shape)]
    else:
        listed = [row if isinstance(row, (list, tuple, np.ndarray)) else [row] for row in rows]
        if not listed:
            message = "there are no subgroups"
            raise UnusableData(message)
        each = [numbers(row, name=f"subgroup {i}") for i, row in enumerate(listed, 1)]
        width = max(len(row) for row in each)
        arrays = [np.full((len(each), width), np.nan)]
        for row, members in zip(arrays[0], each, strict=True):
            row[: len(members)] = members
    values = arrays[0]
    present = np.count_nonzero(~np.isnan(values), axis=1)
    if (few := np.flatnonzero(present < 2)).size:
        message = f"subgroup {few[0] + 1} has {present[few[0]]} value(s); it needs two or more"
        raise UnusableData(message)
    return Observations(values=values)


def numbers(x: Numbers | Sequence[object], *, name: str) -> Array:
    """One-dimensional floats, missing points as NaN; see ``series`` for what is refused."""
    if not isinstance(x, np.ndarray):
        x = _from_list([x] if isinstance(x, str) else list(x), name=name)
    if x.ndim != 1:
        message = f"{name} has {x.ndim} dimensions; one is needed"
        raise UnusableData(message)
    if x.size == 0:
        message = f"{name} is empty"
        raise UnusableData(message)
    if x.dtype.kind not in "iuf":
        message = f"{name} holds {x.dtype}, not numbers"
        raise UnusableData(message)
    values = x.astype(np.float64, copy=False)
    # A finite sum of squares proves that nothing in it is infinite, missing or too large, at a
    # third of the price of looking.
    with np.errstate(over="ignore", invalid="ignore"):
        squares = float(values @ values)
    if not math.isfinite(squares):
        _refuse(values, np.isinf(values), "is infinite", name=name)
        why = f"is too large: {LARGEST:g} is the most that can be squared and summed"
        _refuse(values, np.abs(values) > LARGEST, why, name=name)
    return values


def _from_list(listed: list[object], *, name: str) -> npt.NDArray[np.generic]:
    kinds = set(map(type, listed))
    if type(None) in kinds:
        listed = [np.nan if v is None else v for v in listed]
        kinds.discard(type(None))
    strange = {
        k for k in kinds if k is bool or not issubclass(k, (int, float, np.integer, np.floating))
    }
    if strange:
        at, value = next((i, v) for i, v in enumerate(listed, 1) if type(v) in strange)
        message = f"{name}: point {at} is {str(value)[:40]!r}, not a number"
        raise UnusableData(message)
    try:
        return np.array(listed, dtype=np.float64)
    except OverflowError:
        message = f"{name} holds a number too large for a float"
        raise UnusableData(message) from None


def _refuse(values: Array, wrong: Flags, why: str, *, name: str, but_missing: bool = False) -> None:
    if but_missing:
        wrong = wrong & ~np.isnan(values)
    if wrong.any():
        at = int(np.argmax(wrong))
        message = f"{name}: point {at + 1} is {values[at]:g}, which {why}"
        raise UnusableData(message)


def _joined(earlier: _Line | None, later: _Line | None) -> _Line | None:
    if (earlier is None) != (later is None):
        message = "the later points have dates or sizes and the earlier have not, or the reverse"
        raise UnusableData(message)
    return None if earlier is None or later is None else np.concatenate([earlier, later])


def _equally_wide(one: Array, other: Array) -> tuple[Array, Array]:
    width = max(one.shape[1], other.shape[1])
    padded = [
        np.pad(a, ((0, 0), (0, width - a.shape[1])), constant_values=np.nan) for a in (one, other)
    ]
    return padded[0], padded[1]
