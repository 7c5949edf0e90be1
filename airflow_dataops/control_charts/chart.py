"""What a control chart shows, whatever its kind: points, lines, and which rules they break."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dataops.control_charts.observations import Array, Flags


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Change:
    """What a CUSUM says about a change: when it began and how large it is.

    Attributes:
        signal: the point (1-based) at which the sum first passed its limit.
        began: the first point after the sum was last at zero.
        side: ``high`` or ``low``.
        mean: the estimated mean since then, in the unit of the values.
    """

    signal: int
    began: int
    side: str
    mean: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Chart:
    """Points and the lines they are judged by; a line that varies has one value per point.

    Attributes:
        kind: which chart this is, as the command spells it.
        values: shape (points,); NaN where a point is missing.
        center: the centre line, in the unit of the values.
        sigma: standard deviation of the process in control (individuals, subgroups, EWMA,
            CUSUM), of one plotted point (counts, g), or of the transformed values (t).
        lower, upper: the control limits of what is plotted.
        violations: rule to flags, each of the shape of the values.
        curves: what is plotted instead of the values: ``z``, or ``high`` and ``low``.
        spread_of: draws the chart of ranges, standard deviations or moving ranges beside this
            one, which is not needed for a verdict.
        changes: a CUSUM's estimates of when the process changed.
        facts: further numbers a reader may want, by name.
        notes: sentences on what was done that the numbers do not show.
    """

    kind: str
    values: Array
    center: float | Array
    sigma: float | Array
    lower: float | Array
    upper: float | Array
    violations: Mapping[str, Flags]
    curves: Mapping[str, Array] = field(default_factory=dict)
    spread_of: Callable[[], Chart] | None = None
    changes: tuple[Change, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.values)

    @property
    def spread(self) -> Chart | None:
        """The chart of ranges, standard deviations or moving ranges, if this one has any."""
        return self.spread_of() if self.spread_of else None

    @property
    def signals(self) -> list[int]:
        """Points with a violation, counted from 1."""
        return [int(i) + 1 for i in np.flatnonzero(self.flagged())]

    def flagged(self) -> Flags:
        """Which points violate any rule."""
        flagged = np.zeros(self.values.shape, dtype=np.bool_)
        for flags in self.violations.values():
            flagged |= flags
        return flagged

    def plotted(self) -> list[tuple[Array, dict[str, Flags]]]:
        """Each curve as it is drawn, a downward sum below zero, with the rules that judge it."""
        if "low" not in self.curves:
            curve = next(iter(self.curves.values()), self.values)
            return [(curve, dict(self.violations))]
        return [
            # Adding zero takes the sign from a negative one.
            (sign * self.curves[side] + 0.0, {name: self.violations[name]})
            for side, sign, name in (("high", 1, "cusum_high"), ("low", -1, "cusum_low"))
        ]

    def broken_at(self, index: int) -> list[str]:
        """The rules that the point at this 0-based index violates."""
        return [rule for rule, flags in self.violations.items() if flags[index]]

    def after(self, points: int) -> Chart:
        """The chart without its first points, the verdicts on the others unchanged."""
        spread_of = self.spread_of

        def cut(line: float | Array) -> float | Array:
            return line[points:] if isinstance(line, np.ndarray) else line

        return replace(
            self,
            values=self.values[points:],
            center=cut(self.center),
            sigma=cut(self.sigma),
            lower=cut(self.lower),
            upper=cut(self.upper),
            violations={rule: flags[points:] for rule, flags in self.violations.items()},
            curves={name: curve[points:] for name, curve in self.curves.items()},
            spread_of=(lambda: spread_of().after(points)) if spread_of else None,
            changes=tuple(
                replace(change, signal=change.signal - points, began=change.began - points)
                for change in self.changes
                if change.signal > points
            ),
        )


def plain(line: Array) -> float | Array:
    """One number for a line that does not vary, else one per point."""
    present = line[~np.isnan(line)]
    return float(present[0]) if present.size and np.all(present == present[0]) else line
