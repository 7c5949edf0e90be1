"""Incidents: points that are left out of a baseline by name, and learning anew after a change.

Leaving a point out is a statement about the past ("the feed was broken on these days"), so it has
a name and stays visible; it is never a way to make a chart quiet.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from airflow_dataops.control_charts.budget import DEFAULT
from airflow_dataops.control_charts.learning import Learning, learn
from airflow_dataops.control_charts.observations import Observations

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.control_charts.phases import Baseline


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """Points that do not show the process in control.

    Attributes:
        name: what happened, as people will read it on the chart.
        first, last: points from and to, both included, counted from 1.
    """

    name: str
    first: int
    last: int

    def __post_init__(self) -> None:
        if not self.name.strip() or not 1 <= self.first <= self.last:
            message = f"an incident has a name and 1 <= first <= last, not {self!r}"
            raise ValueError(message)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Relearned:
    """A baseline that was learned anew, and what it was learned without.

    Attributes:
        baseline: what was learned, or how far the learning is.
        since: the first point (1-based, of the whole history) that had a part in it.
        reason: why the points before no longer count; empty if all count.
        left_out: the incidents within the points that count.
    """

    baseline: Baseline | Learning
    since: int
    reason: str
    left_out: tuple[Incident, ...]


def relearn(
    history: Observations,
    *,
    incidents: Sequence[Incident] = (),
    since: int = 1,
    reason: str = "",
    false_alarms: str = DEFAULT,
) -> Relearned:
    """Learn from the points since a change, without those of named incidents.

    Args:
        history: all points, oldest first.
        incidents: points to leave out, in places of the whole history.
        since: first point that counts, from 1; the process was another one before.
        reason: why it was; needed where ``since`` is above 1.
        false_alarms: see ``learning.learn``.

    Raises:
        ValueError: ``since`` lies outside of the history, or leaves points out without a reason.
    """
    if not 1 <= since <= len(history):
        message = f"since is {since}; the history has points 1 to {len(history)}"
        raise ValueError(message)
    if since > 1 and not reason.strip():
        message = f"say why the {since - 1} points before point {since} no longer count"
        raise ValueError(message)
    left_out = np.zeros(len(history), dtype=np.bool_)
    for incident in incidents:
        left_out[incident.first - 1 : incident.last] = True
    kept = history.without(left_out)
    counted = Observations(
        values=kept.values[since - 1 :],
        days=None if kept.days is None else kept.days[since - 1 :],
    )
    return Relearned(
        baseline=learn(counted, false_alarms=false_alarms),
        since=since,
        reason=reason,
        left_out=tuple(i for i in incidents if i.last >= since and i.first <= len(history)),
    )
