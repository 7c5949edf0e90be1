"""Two phases that must not be confused: learning a process, and judging new points by it.

A ``Baseline`` (phase I) looks back: its limits come from the very points it draws, so what it
flags is a question about the past. A ``Monitoring`` (phase II) looks forward: its limits are
fixed, and none of the points it judges had a part in them. Appending a point to a monitoring
never changes an earlier verdict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from airflow_dataops.control_charts.rules import BEYOND_LIMITS

if TYPE_CHECKING:
    from airflow_dataops.control_charts.chart import Chart
    from airflow_dataops.control_charts.observations import Observations


class Process(Protocol):
    """What is known of a process in control: enough to draw any of its points with limits."""

    def draw(self, observed: Observations, rules: tuple[str, ...]) -> Chart:
        """The chart of these points; nothing is learned from them."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Baseline:
    """Phase I: a process and the points it was learned from."""

    process: Process
    observed: Observations

    def chart(self, rules: tuple[str, ...] = BEYOND_LIMITS) -> Chart:
        """The baseline's own points against the limits they gave."""
        return self.process.draw(self.observed, rules)

    def monitor(self, new: Observations) -> Monitoring:
        """Judge points that came after the baseline."""
        return Monitoring(baseline=self, observed=new)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Monitoring:
    """Phase II: points judged by a baseline that they are no part of."""

    baseline: Baseline
    observed: Observations

    def chart(self, rules: tuple[str, ...] = BEYOND_LIMITS) -> Chart:
        """The new points alone; a run may have begun in the baseline."""
        whole = self.baseline.process.draw(self.baseline.observed.then(self.observed), rules)
        return whole.after(len(self.baseline.observed))

    def extended(self, later: Observations) -> Monitoring:
        """The same monitoring with further points."""
        return Monitoring(baseline=self.baseline, observed=self.observed.then(later))
