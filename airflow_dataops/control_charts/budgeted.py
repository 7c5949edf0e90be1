"""The command's chart within a budget of false alarms: learned, and drawn even while it learns."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.chart import Chart, plain
from airflow_dataops.control_charts.incidents import Incident, relearn
from airflow_dataops.control_charts.learning import Learning
from airflow_dataops.control_charts.observations import UnusableData

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from airflow_dataops.control_charts.observations import Observations

_INCIDENT: Final = re.compile(r"(.*\S)\s*=\s*(\d+)(?:-(\d+))?\s*")


def budgeted_chart(
    observed: Observations,
    false_alarms: str,
    *,
    baseline: int | None = None,
    incidents: Sequence[Incident] = (),
) -> Chart:
    """Learn from the first points, or from all, and judge all of them.

    Args:
        observed: all points, oldest first.
        false_alarms: such as ``1 per 200 runs``.
        baseline: how many points to learn from; all if left out.
        incidents: points that are neither learned from nor judged.

    Raises:
        UnusableData: an incident lies outside of the points.
        ValueError: ``false_alarms`` is not such a text.
    """
    left_out = np.zeros(len(observed), dtype=np.bool_)
    for incident in incidents:
        if incident.last > len(observed):
            message = f"{incident.name!r} is at point {incident.last}; there are {len(observed)}"
            raise UnusableData(message)
        left_out[incident.first - 1 : incident.last] = True
    kept = observed.without(left_out)
    history = kept if baseline is None else kept.first(baseline)
    learned = relearn(history, false_alarms=false_alarms).baseline
    told = tuple(f"left out: {i.name} (points {i.first} to {i.last})" for i in incidents)
    if isinstance(learned, Learning):
        return _unjudged(kept, learned, told)
    return _plain(learned.process.draw(kept, ()), told)


def _plain(chart: Chart, told: tuple[str, ...]) -> Chart:
    """Lines that do not vary as single numbers, and the incidents among the notes."""
    center, lower, upper = (
        plain(np.asarray(line)) for line in (chart.center, chart.lower, chart.upper)
    )
    return replace(chart, center=center, lower=lower, upper=upper, notes=(*chart.notes, *told))


def _unjudged(observed: Observations, learning: Learning, told: tuple[str, ...]) -> Chart:
    """Points without limits: too few to say what is usual."""
    return Chart(
        kind="individuals",
        values=observed.values,
        center=math.nan,
        sigma=math.nan,
        lower=math.nan,
        upper=math.nan,
        violations={},
        facts={"seen": learning.seen, "needed": learning.needed},
        notes=(str(learning), *told),
    )


def parse_incident(text: str) -> Incident:
    """An incident from words such as ``feed was empty=11-13``.

    Raises:
        ValueError: other words.
    """
    found = _INCIDENT.fullmatch(text)
    if found is None:
        message = f"{text!r} is no incident; write a name and its points, 'feed was empty=11-13'"
        raise ValueError(message)
    name, first, last = found[1], int(found[2]), int(found[3] or found[2])
    if not 1 <= first <= last:
        message = f"{text!r}: points are counted from 1, the first one first"
        raise ValueError(message)
    return Incident(name=name, first=first, last=last)


def parse_holidays(text: str) -> set[date]:
    """Dates such as ``2026-01-01,2026-12-25``; none from an empty text.

    Raises:
        ValueError: other words.
    """
    from datetime import date

    try:
        return {date.fromisoformat(part.strip()) for part in text.split(",") if part.strip()}
    except ValueError:
        message = f"{text!r} are no dates; write 2026-01-01,2026-12-25"
        raise ValueError(message) from None
