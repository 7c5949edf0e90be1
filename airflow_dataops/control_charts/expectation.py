"""A process whose next value can be foretold in part: a chart of what was not foretold.

The expectation of a point is a sum of a level, the effect of its kind of day, a trend, and a share
of what the point before was off by (AR(1)). What is judged is the residual, against a sigma of
residuals; the limits drawn lie around the expectation, in the unit of the values. They are wider
where less is known: for a kind of day that the baseline saw seldom, and further along a trend.

Source: L. C. Alwan and H. V. Roberts, J. Business & Economic Statistics 6 (1988), for the chart of
residuals; for the variance of a prediction any text on linear regression.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.budget import HORIZON
from airflow_dataops.control_charts.chart import Chart
from airflow_dataops.control_charts.rules import violations

if TYPE_CHECKING:
    from airflow_dataops.control_charts.budget import Plan
    from airflow_dataops.control_charts.observations import Array, Days, Flags, Observations

NO_DATE: Final = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that was looked for in a baseline, and what came of it.

    Attributes:
        name: day of week, trend, autocorrelation or zeros.
        used: whether the model has it.
        why: the test, its result, and what it was compared with.
    """

    name: str
    used: bool
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Expectation:
    """What a baseline taught about a series.

    Attributes:
        points: how many points the baseline had, missing ones included.
        kinds: the kinds of days that have a level of their own; ``NO_DATE`` alone for one level.
        coefficients: a level per kind, then the slope per point if there is a trend.
        unscaled: the inverse of X'X: variance of the coefficients in units of sigma squared.
        correlation: share of the last residual that is expected again; 0 without AR(1).
        sigma: standard deviation of what is not foretold, in the unit of the values.
        degrees: of freedom that sigma was estimated with.
        correlation_error: variance of the correlation, in one over the unit of the values squared
            and in units of sigma squared: times the square of what the last point was off by it
            is the variance of what is expected of the next.
        worst_leverage: the largest variance of an expectation that the plan reckons with; all in
            units of sigma squared.
        level_leverage: the part of it that the level, kind of day and trend have.
        plan: the rules, and how far their lines are moved outward.
        zeros_in_a_row: how many zeros are a signal; None where zeros are values like others.
        findings: what was looked for, and what came of it.
    """

    points: int
    kinds: tuple[int, ...]
    coefficients: Array
    unscaled: Array
    correlation: float
    sigma: float
    degrees: int
    correlation_error: float
    worst_leverage: float
    level_leverage: float
    plan: Plan
    zeros_in_a_row: int | None
    findings: tuple[Finding, ...]

    @property
    def model(self) -> str:
        """The parts of the model in words."""
        return " + ".join(["level", *(f.name for f in self.findings if f.used)])

    def draw(self, observed: Observations, rules: tuple[str, ...] = ()) -> Chart:
        """Values with limits around what was expected of each.

        The plan's rules are used; other rules would break its budget. New points are judged
        without regard to how the baseline ended, as the plan was made for that.
        """
        del rules
        values, zeros = observed.values, None
        if self.zeros_in_a_row is not None:
            zeros = self._zeros(values)
            values = np.where(values == 0, np.nan, values)
        rows = design(len(values), observed.days, self.kinds, trend=self._has_trend)
        level = rows @ self.coefficients
        expected, spread, lean = foretold(values, level, self.correlation)
        leverage = np.einsum("ij,jk,ik->i", rows, self.unscaled, rows)
        leverage = leverage + self.correlation_error * lean**2
        wider = np.sqrt((1 + leverage) / (1 + self.worst_leverage))
        error = self.sigma * self.plan.factor * spread * wider
        # A kind of day that the baseline never saw has no level, hence no verdict.
        judged = np.where(np.isnan(expected), np.nan, values)
        parts = (slice(0, self.points), slice(self.points, None))
        found = [
            violations(judged[part], expected[part], error[part], self.plan.rules) for part in parts
        ]
        broken = {rule: np.concatenate([f[rule] for f in found]) for rule in self.plan.rules}
        if zeros is not None:
            broken["zeros"] = zeros
        return Chart(
            kind="individuals",
            values=observed.values,
            center=expected,
            sigma=self.sigma,
            lower=expected - 3 * error,
            upper=expected + 3 * error,
            violations=broken,
            facts={
                "widened": self.plan.factor,
                "false_alarm_rate": self.plan.rate,
                f"false_alarm_in_{HORIZON}": self.plan.chance,
            },
            notes=tuple(f"{f.name}: {f.why}" for f in self.findings),
        )

    def lean(self, observed: Observations) -> Array:
        """By how much the expectation of each point changes with the correlation, in its unit."""
        values = observed.values
        if self.zeros_in_a_row is not None:
            values = np.where(values == 0, np.nan, values)
        rows = design(len(values), observed.days, self.kinds, trend=self._has_trend)
        return foretold(values, rows @ self.coefficients, self.correlation)[2]

    @property
    def _has_trend(self) -> bool:
        return len(self.coefficients) > len(self.kinds)

    def _zeros(self, values: Array) -> Flags:
        from airflow_dataops.control_charts.rules import consecutive

        return consecutive(values == 0, self.zeros_in_a_row or 0)


def design(points: int, days: Days | None, kinds: tuple[int, ...], *, trend: bool) -> Array:
    """One row per point: which level it has, and its place along the trend.

    NaN for a kind of day without a level.
    """
    if kinds == (NO_DATE,):
        levels = np.ones((points, 1))
    else:
        of_points = np.full(points, NO_DATE) if days is None else days
        levels = (of_points[:, None] == np.array(kinds)).astype(np.float64)
        levels[~levels.any(axis=1)] = np.nan
    return np.column_stack([levels, np.arange(points)]) if trend else levels


def foretold(values: Array, level: Array, correlation: float) -> tuple[Array, Array, Array]:
    """What each point is expected to be after those before it, and how surely.

    Returns:
        The expectation; the standard deviation of a point from it in units of sigma, larger for
        the first point and after missing ones; and by how much the expectation changes with the
        correlation, in the unit of the values.
    """
    if not correlation:
        return level, np.ones(len(level)), np.zeros(len(level))
    off = values - level
    places = np.arange(len(values))
    known = np.maximum.accumulate(np.where(np.isnan(off), -1, places))
    before = np.concatenate([[-1], known[:-1]]) if len(values) else known
    has_past = before >= 0
    gap = places - before
    kept = np.where(has_past, correlation**gap, 0.0)
    last = np.where(has_past, off[before], 0.0)
    spread: Array = np.sqrt((1 - kept**2) / (1 - correlation**2))
    return level + kept * last, spread, gap * correlation ** (gap - 1.0) * last
