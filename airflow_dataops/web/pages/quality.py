"""How well data keep what tests say, day by day, as a small line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain import quality

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.quality import DayScore
    from airflow_dataops.web.visit import Visit

PERIOD = timedelta(days=60)
_WIDTH, _HEIGHT = 160.0, 32.0


@dataclass(frozen=True, slots=True, kw_only=True)
class QualityShown:
    """A kitchen's score over a period.

    Attributes:
        now: of the last day on which tests ran, 0 to 100.
        path: the line, in a picture of 160 by 32; a day without tests keeps the day before's.
    """

    kitchen: str
    environment: str
    now: float
    lowest: float
    path: str


def quality_of(kitchen: Kitchen, visit: Visit) -> QualityShown | None:
    """The score of a kitchen over the last weeks; None where no test has said anything."""
    since = visit.now - PERIOD
    said = visit.installation.result_book.said(kitchen, since=since - quality.LEAD)
    days = [one for one in quality.scores(said, since=since.date()) if one.score.value is not None]
    if not days:
        return None
    values = [one.score.value or 0.0 for one in days]
    return QualityShown(
        kitchen=kitchen.name,
        environment=kitchen.environment,
        now=values[0],
        lowest=min(values),
        path=_path(days[::-1], visit),
    )


def _path(days: Sequence[DayScore], visit: Visit) -> str:
    """Steps from the first day to today: a score stands until tests run again."""
    begin = (visit.now - PERIOD).date()
    drawn: list[str] = []
    for one in days:
        across = (one.day - begin).days / PERIOD.days * _WIDTH
        height = _HEIGHT - 1 - (one.score.value or 0.0) / 100 * (_HEIGHT - 2)
        drawn.append(f"H{across:.1f}V{height:.1f}" if drawn else f"M{across:.1f} {height:.1f}")
    return "".join(drawn) + f"H{_WIDTH:g}"
