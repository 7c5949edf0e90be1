"""Kinds of days: Monday to Sunday, and holidays, whatever weekday they fall on."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from airflow_dataops.control_charts.observations import UnusableData, series

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from datetime import date

    from airflow_dataops.control_charts.observations import Days, Numbers, Observations

KINDS: Final = (
    "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "holiday",
)  # fmt: skip
HOLIDAY: Final = 7


def kinds_of_days(dates: Sequence[date], holidays: Collection[date] = ()) -> Days:
    """The kind of each date, as an index into ``KINDS``; a datetime counts by its own date."""
    from datetime import datetime

    plain = [day.date() if isinstance(day, datetime) else day for day in dates]
    return np.array(
        [HOLIDAY if day in holidays else day.weekday() for day in plain], dtype=np.int64
    )


def daily(x: Numbers, dates: Sequence[date], holidays: Collection[date] = ()) -> Observations:
    """A series with a date for each point, oldest first.

    Raises:
        UnusableData: see ``observations.series``; or not one date for each point.
    """
    return dated(series(x), dates, holidays)


def dated(
    observed: Observations, dates: Sequence[date], holidays: Collection[date] = ()
) -> Observations:
    """The same points with a date for each.

    Raises:
        UnusableData: not one date for each point.
    """
    if len(dates) != len(observed):
        message = f"there are {len(observed)} points and {len(dates)} dates"
        raise UnusableData(message)
    return replace(observed, days=kinds_of_days(dates, holidays))
