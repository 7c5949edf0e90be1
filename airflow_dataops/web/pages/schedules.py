"""All schedules in one list, and the switches that enable and disable them."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from airflow_dataops.domain.overview import ScheduleFilter, ScheduleQuery
from airflow_dataops.web.api.schedules import disable_schedule, enable_schedule
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.paging import PageNumber, Paging, Words
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.schedule_rows import shown_schedule
from airflow_dataops.web.problems import Problem
from airflow_dataops.web.schemas import DisableSchedule, EnableSchedule
from airflow_dataops.web.visit import PresentVisit

router = APIRouter()
_PER_PAGE = 50


@router.get("/schedules")
def list_schedules(
    request: Request,
    visit: PresentVisit,
    q: Words = "",
    only: Annotated[ScheduleFilter, Query()] = ScheduleFilter.ALL,
    number: Annotated[PageNumber, Query(alias="page")] = 1,
) -> Response:
    """Pipelines with a schedule, of all kitchens that you may see."""
    kitchens = {seen.kitchen.name: seen.kitchen for seen in visit.visible()}
    first = (number - 1) * _PER_PAGE
    asked = ScheduleQuery(only=only, words=q.strip(), first=first, at_most=_PER_PAGE)
    found = visit.installation.overview.schedules(kitchens.values(), asked)
    return page(
        request,
        "schedules.html",
        shown=[shown_schedule(kitchens[one.kitchen], one.schedule, visit) for one in found.listed],
        paging=Paging(number=number, size=_PER_PAGE, total=found.total),
        query={"q": q, "only": only.value if only is not ScheduleFilter.ALL else ""},
        only=only,
        filters=list(ScheduleFilter),
    )


@router.post("/kitchens/{name}/schedules/{pipeline}")
def switch_schedule(
    request: Request, visit: PresentVisit, name: str, pipeline: str, fields: Fields
) -> Response:
    """Enable the schedule that the page showed, or disable it; then show the same page."""
    reason, to = text_of(fields, "reason"), fields.get("to")
    if to == "on":
        asked = {"schedule": text_of(fields, "schedule"), "reason": reason}
        if timezone := text_of(fields, "timezone"):
            asked["timezone"] = timezone
        enable_schedule(visit, name, pipeline, body_of(EnableSchedule, **asked))
    elif to == "off":
        disable_schedule(visit, name, pipeline, body_of(DisableSchedule, reason=reason))
    else:
        message = "a schedule is turned on or off; send the field to with one of these"
        raise Problem(HTTPStatus.UNPROCESSABLE_ENTITY, message)
    if fields.get("from") == "kitchen":
        return see(request, f"/kitchens/{name}")
    kept = {one: fields.get(one, "") for one in ("q", "only", "page")}
    return see(request, "/schedules", **kept)
