"""A pipeline's schedule as pages show it: state, next run, and whether you may switch it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.schedule import ScheduleState
from airflow_dataops.web.pages.rights import may_switch
from airflow_dataops.web.schedule_answers import schedule_answer

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.schedule import PipelineSchedule
    from airflow_dataops.web.schedule_answers import ScheduleAnswer
    from airflow_dataops.web.visit import Visit


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleShown:
    """A schedule.

    Attributes:
        is_on: somebody has enabled it, also where the code says something else by now.
        may_switch: whether the person may turn it the other way.
        who_may: whom the environment lists.
    """

    dag_id: str
    answer: ScheduleAnswer
    is_on: bool
    may_switch: bool
    who_may: tuple[str, ...]

    @property
    def exists(self) -> bool:
        """Whether there is anything to switch."""
        return self.answer.state is not ScheduleState.NONE


def shown_schedule(kitchen: Kitchen, one: PipelineSchedule, visit: Visit) -> ScheduleShown:
    """A pipeline's schedule, for who looks at it."""
    # What was changed can be enabled as it is now; only what runs is turned off.
    is_on = one.state is ScheduleState.ENABLED or (one.enabled is not None and not one.declared)
    return ScheduleShown(
        dag_id=names.dag_id(kitchen.name, one.pipeline),
        answer=schedule_answer(kitchen, one, now=visit.now),
        is_on=is_on,
        may_switch=may_switch(kitchen, visit, is_enabled=is_on),
        who_may=visit.environment(kitchen).schedules_enabled_by,
    )
