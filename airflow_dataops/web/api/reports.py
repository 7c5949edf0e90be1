"""Weekly reports of kitchens and release environments."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Query, Response
from pydantic import TypeAdapter

from airflow_dataops import config
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.weekly_report import Week
from airflow_dataops.web.pages.rendering import document
from airflow_dataops.web.report_reading import report_of
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.weekly_report import WeeklyReport

router = APIRouter(tags=["reports"])


class Form(StrEnum):
    """How a report is written."""

    JSON = "json"
    HTML = "html"
    PDF = "pdf"


@dataclass(frozen=True, kw_only=True)
class PipelineWeekAnswer:
    """A pipeline's week: runs by state, data tests by outcome."""

    pipeline: str
    runs: Mapping[str, int]
    verdicts: Mapping[Outcome, int]


@dataclass(frozen=True, kw_only=True)
class MergeOfWeekAnswer:
    """A merge that was made in the week."""

    merged: str
    into: str
    by: str
    at: datetime
    is_revert: bool


@dataclass(frozen=True, kw_only=True)
class KitchenWeekAnswer:
    """A kitchen's week; ``quality`` is its score at the week's end, 0 to 100."""

    kitchen: str
    pipelines: list[PipelineWeekAnswer]
    quality: float | None
    quality_before: float | None
    merges: list[MergeOfWeekAnswer]


@dataclass(frozen=True, kw_only=True)
class WorkOfWeekAnswer:
    """Work that got its first enabled schedule in the week, that long after its order."""

    kitchen: str
    ticket: str | None
    cycle_seconds: float


@dataclass(frozen=True, kw_only=True)
class ReportAnswer:
    """A week; ``under_way`` counts work by the step at which it stands now."""

    about: str
    week: str
    monday: date
    summary: str
    kitchens: list[KitchenWeekAnswer]
    finished: list[WorkOfWeekAnswer]
    under_way: Mapping[str, int]


_FILES: dict[str, Any] = {"text/html": {}, "application/pdf": {}}
_WRITTEN: dict[int | str, dict[str, Any]] = {200: {"content": _FILES}}
Which = Annotated[str, Query(max_length=20, alias="week")]
Written = Annotated[Form, Query(alias="format")]


@router.get("/kitchens/{name}/report", response_model=ReportAnswer, responses=_WRITTEN)
def report_kitchen(
    visit: PresentVisit, name: str, which: Which = "", written: Written = Form.JSON
) -> Response:
    """A week of a kitchen, such as ``week=2026-W47``; without it, the last one that is over."""
    kitchen = visit.kitchen(name, Action.SEE)
    found = report_of(kitchen.name, [kitchen], _week(which, visit.now), visit.installation)
    return _answer(found, written)


@router.get("/environments/{name}/report", response_model=ReportAnswer, responses=_WRITTEN)
def report_environment(
    visit: PresentVisit, name: str, which: Which = "", written: Written = Form.JSON
) -> Response:
    """The same of all kitchens of an environment that you may see."""
    environment = visit.installation.projects.environment(name)
    seen = [one.kitchen for one in visit.visible() if one.kitchen.environment == environment.name]
    found = report_of(environment.name, seen, _week(which, visit.now), visit.installation)
    return _answer(found, written)


def _week(text: str, now: datetime) -> Week:
    return Week.read(text) if text else Week.before(now)


def _answer(report: WeeklyReport, written: Form) -> Response:
    name = f"{report.about}-{report.week}.{written}"
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
    }
    if written is Form.HTML:
        text = document("report.html", report=report)
        return Response(text, media_type="text/html; charset=utf-8", headers=headers)
    if written is Form.PDF:
        from airflow_dataops.adapters.report_pdf import report_pdf

        pdf = report_pdf(report, config.report_font())
        return Response(pdf, media_type="application/pdf", headers=headers)
    content = TypeAdapter(ReportAnswer).dump_json(report_answer(report))
    return Response(content, media_type="application/json")


def report_answer(report: WeeklyReport) -> ReportAnswer:
    """A week as JSON."""
    return ReportAnswer(
        about=report.about,
        week=str(report.week),
        monday=report.week.monday,
        summary=report.summary,
        kitchens=[
            KitchenWeekAnswer(
                kitchen=one.kitchen,
                pipelines=[
                    PipelineWeekAnswer(
                        pipeline=each.pipeline, runs=each.runs, verdicts=each.verdicts
                    )
                    for each in one.pipelines
                ],
                quality=one.quality,
                quality_before=one.quality_before,
                merges=[
                    MergeOfWeekAnswer(
                        merged=each.merged,
                        into=each.into,
                        by=each.by,
                        at=each.at,
                        is_revert=each.is_revert,
                    )
                    for each in one.merges
                ],
            )
            for one in report.kitchens
        ],
        finished=[
            WorkOfWeekAnswer(
                kitchen=one.kitchen,
                ticket=one.ticket,
                cycle_seconds=one.cycle_time.total_seconds(),
            )
            for one in report.finished
        ],
        under_way=report.under_way,
    )
