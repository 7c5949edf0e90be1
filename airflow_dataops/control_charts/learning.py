"""Learn what is usual from a history, and how to tell what is not.

Tests decide what the model has, in this order; each is a ``Finding`` of the result:

1. zeros: more of them than a Poisson of the same mean explains (z above 3) and a tenth of all or
   more: zeros are then judged by how many come in a row, the other values by the chart.
2. day of week: F test of levels per kind of day against one level, at 1 %, with two or more
   points of a kind.
3. trend: t test of the slope at 0.1 %, its error and degrees of freedom those of as many
   independent points as the autocorrelation (its upper 95 % limit) leaves. The bar is high because
   a trend is carried into the future.
4. autocorrelation: lag-1 correlation of the residuals above 0.84 / sqrt(n), one-sided 20 %, and
   above 0.1 in series so short that this is less: a needless AR(1) costs sharpness, a missing one
   breaks the budget, and chance hides most in short series. The estimate is corrected for its bias
   (F. H. C. Marriott and J. A. Pope, Biometrika 41 (1954)), and its error widens the limits as in
   any regression: by the square of the regressor, which is what the last point was off by.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.budget import DEFAULT, HORIZON, parse_budget, plan
from airflow_dataops.control_charts.distributions import f_tail, t_tail
from airflow_dataops.control_charts.expectation import (
    NO_DATE,
    Expectation,
    Finding,
    design,
    foretold,
)
from airflow_dataops.control_charts.phases import Baseline

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array, Flags, Observations

FEWEST: Final = 8
_FEWEST_WITH_DATES: Final = 21
_FEWEST_WITH_TREND: Final = 12
_STRONGEST: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """Too little has been seen to judge anything.

    Attributes:
        seen: points so far, missing ones not counted.
        needed: points with which judging begins.
    """

    seen: int
    needed: int

    def __str__(self) -> str:
        return f"still learning: {self.seen} of {self.needed} points"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Fit:
    """A regression of the values that are present."""

    kinds: tuple[int, ...]
    used: Flags
    rows: Array
    coefficients: Array
    residuals: Array

    def over(self, points: int) -> Array:
        """The residuals in their places among all points; NaN where none is."""
        placed = np.full(points, np.nan)
        placed[self.used] = self.residuals
        return placed

    @property
    def has_trend(self) -> bool:
        return len(self.coefficients) > len(self.kinds)

    @property
    def degrees(self) -> int:
        return len(self.residuals) - len(self.coefficients)

    @property
    def squares(self) -> float:
        return float(self.residuals @ self.residuals)


def learn(history: Observations, *, false_alarms: str = DEFAULT) -> Baseline | Learning:
    """A baseline with limits that keep a budget of false alarms, or word that more is needed.

    Args:
        history: past points that are taken to be in control; see ``seasons.daily`` for dates and
            ``incidents`` for leaving points out. The points to judge are not among them.
        false_alarms: such as ``1 per 200 runs``.

    Raises:
        ValueError: ``false_alarms`` is not such a text.
    """
    rate = parse_budget(false_alarms)
    zeros, in_a_row, values = _look_for_zeros(history.values, rate)
    seen = int(np.count_nonzero(~np.isnan(values)))
    if seen < FEWEST:
        return Learning(seen=seen, needed=FEWEST)
    chart_rate = rate if in_a_row is None else rate / 2
    by_day, fit = _look_for_days(values, history)
    trend, fit = _look_for_trend(values, history, fit)
    autocorrelation, correlation = _look_for_autocorrelation(values, fit)
    off = fit.over(len(values))
    expected, spread, _ = foretold(off, np.zeros(len(off)), correlation)
    surprises = (off - expected) / spread
    # The first point of an AR(1) has none before it and tells little about sigma.
    surprises = surprises[~np.isnan(surprises)][int(bool(correlation)) :]
    degrees = max(1, len(surprises) - len(fit.coefficients) - int(bool(correlation)))
    unscaled: Array = np.linalg.pinv(fit.rows.T @ fit.rows).astype(np.float64)
    correlation_error = _correlation_error(seen, fit) if correlation else 0.0
    # The plan reckons with a last point that was off by one standard deviation.
    level_leverage = _worst_leverage(len(values), fit, unscaled)
    worst = level_leverage + correlation_error * fit.squares / seen
    process = Expectation(
        points=len(values),
        kinds=fit.kinds,
        coefficients=fit.coefficients,
        unscaled=unscaled,
        correlation=correlation,
        sigma=_sigma(surprises, degrees, values),
        degrees=degrees,
        correlation_error=correlation_error,
        worst_leverage=worst,
        level_leverage=level_leverage,
        plan=plan(chart_rate, leverage=worst, degrees=degrees),
        zeros_in_a_row=in_a_row,
        findings=(zeros, by_day, trend, autocorrelation),
    )
    return Baseline(process=process, observed=history)


def _worst_leverage(points: int, fit: _Fit, unscaled: Array) -> float:
    """The largest variance of an expectation within the horizon, rounded up to two digits."""
    last = np.array([points + HORIZON - 1.0]) if fit.has_trend else np.empty(0)
    rows = [np.concatenate([level, last]) for level in np.eye(len(fit.kinds))]
    worst = max(float(row @ unscaled @ row) for row in rows)
    step = 10.0 ** (math.floor(math.log10(worst)) - 1)
    return math.ceil(worst / step) * step


def _correlation_error(seen: int, fit: _Fit) -> float:
    """One over the sum of squares of the regressor, and what the correction of its bias adds."""
    return (seen / (seen - 4)) ** 2 / fit.squares


def _sigma(surprises: Array, degrees: int, values: Array) -> float:
    sigma = math.sqrt(float(surprises @ surprises) / degrees)
    # What rounding leaves of a history that does not vary is not a spread.
    return sigma if sigma > 1e-12 * float(np.nanmax(np.abs(values))) else 0.0


def _look_for_zeros(values: Array, rate: float) -> tuple[Finding, int | None, Array]:
    present = values[~np.isnan(values)]
    zeros = int(np.count_nonzero(present == 0))
    if not zeros or (present < 0).any() or zeros == len(present):
        return Finding(name="zeros", used=False, why="none, or nothing but zeros"), None, values
    usual = math.exp(-float(present.mean()))
    error = math.sqrt(usual * (1 - usual) / len(present)) or 1e-9
    share = zeros / len(present)
    distance = (share - usual) / max(error, 1e-9)
    why = f"{share:.0%} are zero where a Poisson of this mean has {usual:.0%} (z {distance:.1f})"
    if distance <= 3 or share < 0.1:
        return Finding(name="zeros", used=False, why=f"{why}, not above 3"), None, values
    # The share is estimated too: its upper 95 % limit decides how many in a row are unusual.
    likely = share + 1.645 * math.sqrt(share * (1 - share) / len(present))
    in_a_row = max(2, math.ceil(math.log(rate / 2) / math.log(min(likely, 0.99))))
    found = Finding(name="zeros", used=True, why=f"{why}; {in_a_row} in a row are a signal")
    return found, in_a_row, np.where(values == 0, np.nan, values)


def _look_for_days(values: Array, history: Observations) -> tuple[Finding, _Fit]:
    one_level = _fitted(values, history, (NO_DATE,), trend=False)
    name, seen = "day of week", len(one_level.residuals)
    if history.days is None:
        return Finding(name=name, used=False, why="the points have no dates"), one_level
    if seen < _FEWEST_WITH_DATES:
        why = f"{seen} points are too few, {_FEWEST_WITH_DATES} are needed"
        return Finding(name=name, used=False, why=why), one_level
    of_points = history.days[~np.isnan(values)]
    kinds, counted = np.unique(of_points, return_counts=True)
    often = tuple(int(kind) for kind in kinds[counted >= 2])
    if len(often) < 2:
        return Finding(name=name, used=False, why="only one kind of day"), one_level
    # Judged on the kinds seen twice or more; a single day would fit itself.
    kept = np.where(np.isin(history.days, often), values, np.nan)
    plain = _fitted(kept, history, (NO_DATE,), trend=False)
    levels = _fitted(kept, history, often, trend=False)
    between = len(often) - 1
    mean_square = levels.squares / max(1, levels.degrees)
    explained = (plain.squares - levels.squares) / between
    f = explained / mean_square if mean_square > 1e-20 * plain.squares else math.inf
    chance = 0.0 if math.isinf(f) else f_tail(f, between, levels.degrees)
    if explained <= 0 or chance >= 0.01:
        why = f"F {f:.1f} on {between} and {levels.degrees} degrees, p {chance:.2g}, not below 0.01"
        return Finding(name=name, used=False, why=why), one_level
    why = f"F {f:.1f} on {between} and {levels.degrees} degrees, p {chance:.2g} below 0.01"
    return Finding(name=name, used=True, why=why), levels


def _look_for_trend(values: Array, history: Observations, fit: _Fit) -> tuple[Finding, _Fit]:
    name, seen = "trend", len(fit.residuals)
    if seen < _FEWEST_WITH_TREND:
        why = f"{seen} points are too few, {_FEWEST_WITH_TREND} are needed"
        return Finding(name=name, used=False, why=why), fit
    sloped = _fitted(values, history, fit.kinds, trend=True)
    # Correlated points are worth fewer independent ones. A fitted line takes some correlation with
    # it (bias about (2 + 4 r) / n); the upper 95 % limit is used, as chance hides more.
    found = _corrected(_lag_one(sloped.over(len(values))), seen, lost=2)
    correlation = min(_STRONGEST, max(0.0, found) + 1.645 / math.sqrt(seen))
    independent = max(1.0, seen * (1 - correlation) / (1 + correlation) - len(sloped.coefficients))
    variance = sloped.squares / max(1, sloped.degrees)
    unscaled = float(np.linalg.pinv(sloped.rows.T @ sloped.rows)[-1, -1])
    error = math.sqrt(variance * unscaled * (1 + correlation) / (1 - correlation))
    slope = float(sloped.coefficients[-1])
    t = slope / error if error > 1e-12 * abs(slope) else math.copysign(math.inf, slope)
    if slope == 0 or fit.squares <= 1e-20 * float(np.nansum(values**2)):
        t = 0.0
    chance = 0.0 if math.isinf(t) else t_tail(t, independent)
    why = f"t {t:.1f} on {independent:.0f} degrees, p {chance:.2g}"
    if chance >= 0.001:
        return Finding(name=name, used=False, why=f"{why}, not below 0.001"), fit
    return Finding(name=name, used=True, why=f"{why} below 0.001"), sloped


def _look_for_autocorrelation(values: Array, fit: _Fit) -> tuple[Finding, float]:
    seen = len(fit.residuals)
    # A fitted line takes some correlation with it.
    lost = 2 if fit.has_trend else 1
    found, line = _lag_one(fit.over(len(values))), min(0.1, 0.84 / math.sqrt(seen))
    line -= (lost - 1) / seen
    if fit.squares <= 1e-20 * float(np.nansum(values**2)):
        return Finding(name="autocorrelation", used=False, why="nothing is left to explain"), 0.0
    if found <= line:
        why = f"lag-1 correlation {found:.2f}, not above {line:.2f}"
        return Finding(name="autocorrelation", used=False, why=why), 0.0
    corrected = min(_STRONGEST, _corrected(found, seen, lost=lost))
    why = f"lag-1 correlation {found:.2f} above {line:.2f}; {corrected:.2f} without its bias"
    return Finding(name="autocorrelation", used=True, why=f"AR(1): {why}"), corrected


def _fitted(values: Array, history: Observations, kinds: tuple[int, ...], *, trend: bool) -> _Fit:
    rows = design(len(values), history.days, kinds, trend=trend)
    usable = ~np.isnan(values) & ~np.isnan(rows).any(axis=1)
    rows, present = rows[usable], values[usable]
    coefficients: Array = np.linalg.lstsq(rows, present, rcond=None)[0].astype(np.float64)
    return _Fit(
        kinds=kinds,
        used=usable,
        rows=rows,
        coefficients=coefficients,
        residuals=present - rows @ coefficients,
    )


def _lag_one(residuals: Array) -> float:
    """Correlation of neighbours; pairs with a missing one are left out."""
    products = residuals[1:] * residuals[:-1]
    pairs = ~np.isnan(products)
    total = float(np.nanmean(residuals**2))
    return float(products[pairs].mean()) / total if pairs.any() and total > 0 else 0.0


def _corrected(correlation: float, points: int, *, lost: int = 1) -> float:
    """Without the bias -(1 + 4 r) / n of a short series, within what a process can have."""
    corrected = (points * correlation + lost) / max(1, points - 4)
    return max(-_STRONGEST, min(corrected, _STRONGEST))
