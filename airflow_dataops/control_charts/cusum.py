"""The tabular CUSUM: sums of what exceeds a tolerance, one upward and one downward.

``high[t] = max(0, high[t - 1] + x[t] - target - k sigma)``, ``low`` likewise downward, both from
``headstart sigma``; a signal is a sum above ``h sigma``. Sums go on after a signal.

Source: E. S. Page, Biometrika 41 (1954); Montgomery, chapter 9; J. M. Lucas and R. B. Crosier,
Technometrics 24 (1982), for the headstart.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.chart import Change, Chart
from airflow_dataops.control_charts.observations import series
from airflow_dataops.control_charts.phases import Baseline
from airflow_dataops.control_charts.variables import learn_individuals

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array, Flags, Numbers, Observations

K, H = 0.5, 5.0
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Cusum:
    """A process watched through its accumulated deviations.

    Attributes:
        target, sigma: mean and standard deviation of single values in control, in their unit.
        k: deviation that is tolerated, in sigma; half the shift that matters is best.
        h: limit of the sums, in sigma.
        headstart: where both sums begin, in sigma; h / 2 notices a bad start twice as fast.
    """

    target: float
    sigma: float = 1.0
    k: float = K
    h: float = H
    headstart: float = 0.0

    def __post_init__(self) -> None:
        if self.k < 0 or self.h <= 0 or self.sigma < 0 or not 0 <= self.headstart < self.h:
            message = (
                "a CUSUM needs k of at least 0, h above 0, sigma of at least 0 and a headstart "
                f"from 0 to below h; they are {self.k:g}, {self.h:g}, {self.sigma:g} and "
                f"{self.headstart:g}"
            )
            raise ValueError(message)

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Both sums in the unit of the values, and when each change began."""
        values = observed.values
        sums = {side: self._sum(values, sign) for side, sign in (("high", 1.0), ("low", -1.0))}
        limit = self.h * self.sigma
        beyond = {f"cusum_{side}": sums[side] > limit + _SLACK * self.sigma for side in sums}
        changes = [
            change
            for side in sums
            for change in self._changes(values, sums[side], beyond[f"cusum_{side}"], side)
        ]
        notes: tuple[str, ...] = ()
        if set(rules) - {"nelson_1", "western_electric_1"}:
            notes = ("run rules do not apply to sums; only h was used",)
        return Chart(
            kind="cusum",
            values=values,
            center=self.target,
            sigma=self.sigma,
            lower=-limit,
            upper=limit,
            violations=beyond,
            curves=sums,
            changes=tuple(sorted(changes, key=lambda change: change.signal)),
            facts={"k": self.k, "h": self.h, "headstart": self.headstart},
            notes=notes,
        )

    def _sum(self, values: Array, sign: float) -> Array:
        off = values - self.target
        # What rounding leaves between equal numbers must not add up, least of all to an h of zero.
        off[np.abs(off) <= 4 * np.finfo(np.float64).eps * abs(self.target)] = 0
        steps = sign * off - self.k * self.sigma
        # A missing point adds nothing.
        total = np.cumsum(np.nan_to_num(steps, nan=0.0))
        lowest = np.minimum.accumulate(np.minimum(total, -self.headstart * self.sigma))
        summed: Array = total - lowest
        return summed

    def _changes(self, values: Array, sums: Array, beyond: Flags, side: str) -> list[Change]:
        """One for each first point of a run of signals."""
        signals = _first_of_each(beyond)
        places = np.arange(len(sums))
        at_zero = np.maximum.accumulate(np.where(sums <= _SLACK * self.sigma, places, -1))
        seen = np.concatenate([[0], np.cumsum(~np.isnan(values))])
        sign = 1 if side == "high" else -1
        changes = []
        for signal in signals:
            began = int(at_zero[signal]) + 1
            points = int(seen[signal + 1] - seen[began])
            mean = self.target + sign * (self.k * self.sigma + float(sums[signal]) / points)
            changes.append(Change(signal=signal + 1, began=began + 1, side=side, mean=mean))
        return changes


def cusum(
    x: Numbers,
    *,
    target: float,
    sigma: float = 1.0,
    k: float = K,
    h: float = H,
    headstart: float = 0.0,
) -> Baseline:
    """Tabular CUSUM of single values against a known target; see ``Cusum``.

    Args:
        x: shape (points,), oldest first; missing points as NaN or None.
        target: mean in control.
        sigma: standard deviation in control, in the same unit.
        k: deviation that is tolerated, in sigma.
        h: limit of the sums, in sigma.
        headstart: where both sums begin, in sigma.

    Raises:
        UnusableData: see ``observations.series``.
        ValueError: an impossible k, h, sigma or headstart.
    """
    observed = series(x)
    process = Cusum(target=target, sigma=sigma, k=k, h=h, headstart=headstart)
    return Baseline(process=process, observed=observed)


def learn_cusum(
    observed: Observations,
    *,
    target: float | None,
    sigma: float | None,
    k: float = K,
    h: float = H,
    headstart: float = 0.0,
) -> Cusum:
    """The CUSUM of the command: sigma is 1 unless given; without a target, both are estimated.

    Raises:
        UnusableData: no target, and too few points to estimate one.
        ValueError: an impossible k, h, sigma or headstart.
    """
    if target is None:
        learned = learn_individuals(observed, None, sigma)
        target, sigma = learned.center, learned.sigma
    return Cusum(
        target=target, sigma=1.0 if sigma is None else sigma, k=k, h=h, headstart=headstart
    )


def _first_of_each(flags: Flags) -> list[int]:
    """Where a run of flags begins."""
    before = np.concatenate([[False], flags[:-1]])
    return [int(i) for i in np.flatnonzero(flags & ~before)]
