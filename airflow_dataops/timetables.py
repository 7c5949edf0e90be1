"""When an enabled schedule runs: at its ticks after it was enabled, and never for one before.

The moment from which a schedule counts is part of its timetable, not a DAG's ``start_date``:
Airflow leaves the tasks out of a run whose logical date lies before that, also of a run that a
person starts for a past week. And whatever start dates a kitchen's code gives its tasks, Airflow
takes the earliest of them; here they can delay a run, not bring one forward.

The guard writes it into DAGs; the scheduler, where our plugin names it, reads it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

import pendulum
from airflow.timetables.base import TimeRestriction
from airflow.timetables.trigger import CronTriggerTimetable

if TYPE_CHECKING:
    from airflow.timetables.base import DagRunInfo, DataInterval, Timetable
    from pendulum.tz.timezone import FixedTimezone, Timezone

    from airflow_dataops.domain.schedule import EnabledSchedule, Schedule


class EnabledTimetable(CronTriggerTimetable):
    """Airflow's own cron timetable, from one moment on.

    Args:
        cron: as in the schedule that was enabled.
        timezone: likewise.
        starts_at: no tick before this counts.
    """

    def __init__(
        self, cron: str, *, timezone: str | Timezone | FixedTimezone, starts_at: datetime
    ) -> None:
        super().__init__(cron, timezone=timezone)
        self._starts_at = pendulum.instance(starts_at)

    @classmethod
    def deserialize(cls, data: dict[str, Any]) -> Timetable:
        """Read what ``serialize`` wrote."""
        starts_at = datetime.fromisoformat(data["starts_at"])
        return cls(data["expression"], timezone=data["timezone"], starts_at=starts_at)

    def serialize(self) -> dict[str, Any]:
        """What the scheduler needs."""
        return {
            "expression": self._expression,
            "timezone": super().serialize()["timezone"],
            "starts_at": self._starts_at.isoformat(),
        }

    def next_dagrun_info(
        self,
        *,
        last_automated_data_interval: DataInterval | None,
        restriction: TimeRestriction,
    ) -> DagRunInfo | None:
        """The next run: of the last tick that is over and was not run, or of the next one."""
        own = TimeRestriction(
            earliest=max(self._starts_at, restriction.earliest or self._starts_at),
            latest=restriction.latest,
            catchup=False,
        )
        return super().next_dagrun_info(
            last_automated_data_interval=last_automated_data_interval, restriction=own
        )


def in_airflow(enabled: EnabledSchedule) -> dict[str, Any]:
    """An enabled schedule as it stands in a serialized DAG."""
    timetable = EnabledTimetable(
        enabled.schedule.cron, timezone=enabled.schedule.timezone, starts_at=enabled.starts_at
    )
    path = f"{EnabledTimetable.__module__}.{EnabledTimetable.__qualname__}"
    return {"__type": path, "__var": timetable.serialize()}


def next_tick(schedule: Schedule, *, after: datetime) -> datetime:
    """The first moment of a schedule after another."""
    timetable = CronTriggerTimetable(schedule.cron, timezone=schedule.timezone)
    return timetable._get_next(pendulum.instance(after))  # noqa: SLF001 - with its care for DST
