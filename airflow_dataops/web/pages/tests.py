"""What a kitchen's data tests said: the latest of each, and each one's control chart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from markupsafe import Markup
from starlette.responses import Response

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.results import PipelineStage
from airflow_dataops.errors import DataOpsError, InvalidRequest
from airflow_dataops.services.charting import picture, points_of
from airflow_dataops.web.api.results import note_incident, rebaseline
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.paging import Words
from airflow_dataops.web.pages.quality import quality_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.problems import Problem, refusal_of
from airflow_dataops.web.result_bodies import NoteIncident, Rebaseline
from airflow_dataops.web.schemas import Name
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.results import Result
    from airflow_dataops.web.visit import Visit

router = APIRouter(prefix="/kitchens/{name}/tests")
_TestName = Annotated[str, Query(max_length=250)]
# What needs somebody stands above what does not.
_URGENCY = (Outcome.ERROR, Outcome.FAIL, Outcome.WARN, Outcome.LEARNING, Outcome.PASS)


@router.get("")
def show_tests(request: Request, visit: PresentVisit, name: str, pipeline: Words = "") -> Response:
    """What each test said in its last run."""
    kitchen = visit.kitchen(name, Action.SEE)
    latest = visit.installation.result_book.latest(kitchen)
    found = most_urgent_first(one for one in latest if pipeline in {"", one.run.place.pipeline})
    outcomes = [one.verdict.outcome for one in found]
    return page(
        request,
        "tests.html",
        kitchen=kitchen,
        quality=quality_of(kitchen, visit),
        pipeline=pipeline,
        latest=found,
        counts=[(one.value, outcomes.count(one)) for one in _URGENCY if one in outcomes],
    )


def most_urgent_first(results: Iterable[Result]) -> list[Result]:
    """What needs somebody above what does not."""
    return sorted(results, key=lambda one: _URGENCY.index(one.verdict.outcome))


@router.get("/chart")
def show_chart(
    request: Request,
    visit: PresentVisit,
    name: str,
    pipeline: Annotated[Name, Query()],
    stage: Annotated[Name, Query()],
    test: _TestName,
) -> Response:
    """A test's points, as a chart and as a table."""
    return _chart(request, visit, name, PipelineStage(pipeline=pipeline, stage=stage), test)


@router.post("/chart")
def say_about_points(request: Request, visit: PresentVisit, name: str, fields: Fields) -> Response:
    """Leave points out by naming an incident, or have the chart learn from later ones alone."""
    place = PipelineStage(pipeline=fields.get("pipeline", ""), stage=fields.get("stage", ""))
    test = fields.get("test", "")[:250]
    try:
        _say(visit, name, fields)
    except (DataOpsError, Problem) as error:
        status, detail = (
            (error.status, error.detail) if isinstance(error, Problem) else refusal_of(error)
        )
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            raise
        return _chart(request, visit, name, place, test, status=status, complaint=detail)
    query = {"pipeline": place.pipeline, "stage": place.stage, "test": test}
    return see(request, f"/kitchens/{name}/tests/chart", **query)


def _say(visit: Visit, name: str, fields: Mapping[str, str]) -> None:
    about = {
        "pipeline": fields.get("pipeline", ""),
        "stage": fields.get("stage", ""),
        "test": text_of(fields, "test"),
        "since": _moment(fields, "since"),
        "reason": text_of(fields, "reason") or "",
    }
    if fields.get("what") == "incident":
        until = _moment(fields, "until") if text_of(fields, "until") else None
        note_incident(visit, name, body_of(NoteIncident, **about, until=until))
    else:
        rebaseline(visit, name, body_of(Rebaseline, **about))


def _moment(fields: Mapping[str, str], field: str) -> datetime:
    text = fields.get(field, "").strip()
    try:
        return datetime.fromisoformat(text).astimezone()
    except ValueError as error:
        message = f"{text[:40]!r} is no moment; choose one of the table's"
        raise InvalidRequest(message, field=field) from error


def _chart(  # noqa: PLR0913 - what was written comes back with the complaint
    request: Request,
    visit: Visit,
    name: str,
    place: PipelineStage,
    test: str,
    *,
    status: int = HTTPStatus.OK,
    complaint: str | None = None,
) -> Response:
    seen = visit.seen(name)
    own, *ancestors = visit.installation.result_book.past(seen.kitchen, place)
    points = points_of(test, own, ancestors)
    drawn = picture(points, title=f"{test} of {name}.{place.pipeline}")
    return page(
        request,
        "chart.html",
        status=status,
        complaint=complaint,
        kitchen=seen.kitchen,
        place=place,
        test=test,
        points=points,
        inherited=sorted({point.kitchen for point in points if point.kitchen}),
        # Made by us from numbers; its title and description are escaped where it is made.
        picture=None if drawn is None else Markup(drawn),  # noqa: S704
        acts=[act for act in own.acts if act.is_about(test)],
        may_change=may(Action.CHANGE_CHARTS, seen, visit),
    )
