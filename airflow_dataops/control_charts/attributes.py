"""Charts of counts: p, np, c, u, and Laney's p' and u'.

p and np count defectives among n items (binomial), c and u count defects per sample or per unit
of opportunity (Poisson). Their limits follow from the centre alone, and that is their weakness:
with row counts in the millions the binomial limits close in on the centre until every day of an
ordinary process lies beyond them, because what varies from day to day is the process, not the
sampling. Laney's charts measure that variation between points and widen the limits by it; with
small samples they agree with p and u.

Source: Montgomery, chapter 7; D. B. Laney, *Improved control charts for attributes*, Quality
Engineering 14 (2002).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from airflow_dataops.control_charts.chart import Chart, plain
from airflow_dataops.control_charts.observations import ALL_MISSING, UnusableData, counts
from airflow_dataops.control_charts.phases import Baseline
from airflow_dataops.control_charts.rules import violations
from airflow_dataops.control_charts.variables import WIDTH, moving_range_sigma

if TYPE_CHECKING:
    from airflow_dataops.control_charts.observations import Array, Numbers, Observations

Kind = Literal["p", "np", "c", "u", "laney_p", "laney_u"]
OF_ITEMS: tuple[Kind, ...] = ("p", "np", "laney_p")
_WITH_SIZES: tuple[Kind, ...] = ("p", "np", "u", "laney_p", "laney_u")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """A process seen by counting.

    Attributes:
        kind: which chart.
        rate: defectives per item, or defects per unit (for c: per sample).
        sigma_z: by how much points vary more than their sampling explains; 1 but for Laney's.
    """

    kind: Kind
    rate: float
    sigma_z: float = 1.0

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """Counts (np, c) or rates, with limits that no count can pass clipped away."""
        check_counts(observed, self.kind)
        sizes = _sizes(observed)
        scale = sizes if self.kind in ("np", "c") else np.ones_like(sizes)
        plotted = observed.values / sizes * scale
        center = np.full(sizes.shape, self.rate) * scale
        error = _sampling_error(self.kind, self.rate, sizes) * self.sigma_z * scale
        upper = center + WIDTH * error
        if self.kind in OF_ITEMS:
            upper = np.minimum(upper, scale)
        return Chart(
            kind=self.kind,
            values=observed.values if self.kind in ("np", "c") else plotted,
            center=plain(center),
            sigma=plain(error),
            lower=plain(np.maximum(0, center - WIDTH * error)),
            upper=plain(upper),
            violations=violations(plotted, center, error, rules),
            facts={"sigma_z": self.sigma_z} if self.kind.startswith("laney") else {},
        )


def p_chart(defectives: Numbers, n: Numbers | float, *, rate: float | None = None) -> Baseline:
    """Share of defectives; limits at rate ± 3 sqrt(rate (1 - rate) / n), within 0 and 1.

    Args:
        defectives: whole numbers, shape (points,).
        n: items inspected, one number for all points or one each.
        rate: the known share of defectives; estimated as all defectives / all items.

    Raises:
        UnusableData: see ``observations.counts``; or more defectives than items.
    """
    return _learned("p", defectives, n, rate)


def np_chart(defectives: Numbers, n: Numbers | float, *, rate: float | None = None) -> Baseline:
    """Number of defectives; as ``p_chart``, all lines multiplied by n."""
    return _learned("np", defectives, n, rate)


def c_chart(defects: Numbers, *, rate: float | None = None) -> Baseline:
    """Number of defects in samples of one size; limits at rate ± 3 sqrt(rate), not below 0.

    Args:
        defects: whole numbers, shape (points,).
        rate: the known mean count; estimated as the mean.

    Raises:
        UnusableData: see ``observations.counts``.
    """
    return _learned("c", defects, None, rate)


def u_chart(defects: Numbers, n: Numbers | float, *, rate: float | None = None) -> Baseline:
    """Defects per unit; limits at rate ± 3 sqrt(rate / n), not below 0.

    Args:
        defects: whole numbers, shape (points,).
        n: units inspected (any unit, need not be whole), one number for all points or one each.
        rate: the known defects per unit; estimated as all defects / all units.

    Raises:
        UnusableData: see ``observations.counts``.
    """
    return _learned("u", defects, n, rate)


def laney_p_chart(
    defectives: Numbers, n: Numbers | float, *, rate: float | None = None
) -> Baseline:
    """Laney's p': as ``p_chart`` with limits widened by sigma_z.

    sigma_z is the mean moving range / d2(2) of (p - rate) / sqrt(rate (1 - rate) / n).
    """
    return _learned("laney_p", defectives, n, rate)


def laney_u_chart(defects: Numbers, n: Numbers | float, *, rate: float | None = None) -> Baseline:
    """Laney's u': as ``u_chart`` with limits widened by sigma_z, see ``laney_p_chart``."""
    return _learned("laney_u", defects, n, rate)


def _learned(
    kind: Kind, counted: Numbers, n: Numbers | float | None, rate: float | None
) -> Baseline:
    observed = counts(counted, n)
    return Baseline(process=learn_counts(observed, kind, rate), observed=observed)


def learn_counts(observed: Observations, kind: Kind, rate: float | None = None) -> Counts:
    """What the chart functions learn, without the points."""
    check_counts(observed, kind)
    sizes = _sizes(observed)
    present = ~np.isnan(observed.values)
    if not present.any():
        raise UnusableData(ALL_MISSING)
    if rate is None:
        rate = float(observed.values[present].sum() / sizes[present].sum())
    elif rate < 0 or (kind in OF_ITEMS and rate > 1):
        message = f"a rate of {rate:g} is impossible on a {kind} chart"
        raise UnusableData(message)
    if not kind.startswith("laney"):
        return Counts(kind=kind, rate=rate)
    error = _sampling_error(kind, rate, sizes)
    if not error.any():
        return Counts(kind=kind, rate=rate)
    standardised = (observed.values / sizes - rate) / error
    return Counts(kind=kind, rate=rate, sigma_z=moving_range_sigma(standardised))


def check_counts(observed: Observations, kind: Kind) -> None:
    """Refuse counts that this chart cannot show.

    Raises:
        UnusableData: n is missing, not whole where items are counted, or exceeded.
    """
    if kind not in _WITH_SIZES:
        return
    if observed.sizes is None:
        message = f"a {kind} chart needs n, what was inspected for each count"
        raise UnusableData(message)
    if kind not in OF_ITEMS:
        return
    for wrong, why in (
        (observed.values > observed.sizes, "more defectives than items"),
        (~np.isnan(observed.sizes) & (observed.sizes % 1 != 0), "n is not a whole number"),
    ):
        if wrong.any():
            at = int(np.argmax(wrong))
            message = f"point {at + 1}: {observed.values[at]:g} of {observed.sizes[at]:g}: {why}"
            raise UnusableData(message)


def _sizes(observed: Observations) -> Array:
    return np.ones(len(observed)) if observed.sizes is None else observed.sizes


def _sampling_error(kind: Kind, rate: float, sizes: Array) -> Array:
    variance = rate * (1 - rate) if kind in OF_ITEMS else rate
    error: Array = np.sqrt(variance / sizes)
    return error
