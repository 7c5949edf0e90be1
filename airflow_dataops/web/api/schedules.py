"""Schedules: list, enable, disable, and write into the code."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends

from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.schedule import Schedule
from airflow_dataops.services import scheduling
from airflow_dataops.specs.schedule_edit import NewSchedule
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.schedule_answers import (
    ScheduleAnswer,
    SourceChangeAnswer,
    change_answer,
    schedule_answer,
)
from airflow_dataops.web.schemas import DisableSchedule, EnableSchedule, SetSchedule
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Visit

router = APIRouter(tags=["schedules"])
_OF_KITCHEN = "/kitchens/{name}/schedules"


@router.get("/schedules")
def list_schedules(visit: PresentVisit) -> list[ScheduleAnswer]:
    """The pipelines of all kitchens that you may see, with their schedules."""
    return _answers([seen.kitchen for seen in visit.visible()], visit)


@router.get(_OF_KITCHEN)
def list_schedules_of_kitchen(visit: PresentVisit, name: str) -> list[ScheduleAnswer]:
    """A kitchen's pipelines with their schedules, by name."""
    return _answers([visit.kitchen(name, Action.SEE)], visit)


@router.put(f"{_OF_KITCHEN}/{{pipeline}}", openapi_extra=described(SetSchedule))
def set_schedule(
    visit: PresentVisit,
    name: str,
    pipeline: str,
    body: Annotated[SetSchedule, Depends(body_of(SetSchedule))],
) -> SourceChangeAnswer:
    """Write a schedule into a pipeline's code: a commit of yours on the kitchen's branch."""
    kitchen = visit.kitchen(name, Action.SET_SCHEDULE)
    change = scheduling.change_code(
        _request(visit, kitchen, pipeline, body.reason),
        NewSchedule(cron=body.schedule, timezone=body.timezone),
        branches=visit.installation.branches(kitchen.project),
        audit_trail=visit.installation.audit_trail,
        registry=visit.installation.registry,
    )
    return change_answer(kitchen, pipeline, change)


@router.post(f"{_OF_KITCHEN}/{{pipeline}}/enable", openapi_extra=described(EnableSchedule))
def enable_schedule(
    visit: PresentVisit,
    name: str,
    pipeline: str,
    body: Annotated[EnableSchedule, Depends(body_of(EnableSchedule))],
) -> ScheduleAnswer:
    """Have a pipeline run on the schedule that its code says, from the next tick on."""
    kitchen = visit.kitchen(name, Action.SEE)
    expected = body.expected()
    enabled = scheduling.enable(
        _request(visit, kitchen, pipeline, body.reason),
        visit.environment(kitchen),
        expected=None if expected is None else Schedule.written(*expected),
        schedules=visit.installation.schedules,
        registry=visit.installation.registry,
        approvals=visit.installation.approvals,
    )
    return schedule_answer(kitchen, enabled, now=visit.now)


@router.post(
    f"{_OF_KITCHEN}/{{pipeline}}/disable",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(DisableSchedule),
)
def disable_schedule(
    visit: PresentVisit,
    name: str,
    pipeline: str,
    body: Annotated[DisableSchedule, Depends(body_of(DisableSchedule))],
) -> None:
    """Have a pipeline run by hand alone."""
    kitchen = visit.kitchen(name, Action.SEE)
    scheduling.disable(
        _request(visit, kitchen, pipeline, body.reason),
        visit.environment(kitchen),
        schedules=visit.installation.schedules,
        registry=visit.installation.registry,
    )


def _request(
    visit: Visit, kitchen: Kitchen, pipeline: str, reason: str | None
) -> scheduling.ScheduleRequest:
    return scheduling.ScheduleRequest(
        kitchen=kitchen,
        pipeline=pipeline,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        request_id=str(uuid4()),
        reason=reason,
    )


def _answers(kitchens: Sequence[Kitchen], visit: Visit) -> list[ScheduleAnswer]:
    found = visit.installation.schedules.of(kitchens)
    return [
        schedule_answer(kitchen, one, now=visit.now)
        for kitchen in kitchens
        for one in found[kitchen.id]
    ]
