"""What the data tests of a kitchen said, and the past that its charts learn from.

People change that past by what they say about it: an incident is left out of it, and after a
rebaselining it begins anew.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Query

from airflow_dataops.domain import quality, results
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.results import ActKind, ChartAct, PipelineStage
from airflow_dataops.errors import InvalidRequest
from airflow_dataops.services.kitchens import request as kitchen_request
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.result_bodies import NoteIncident, PointAnswer, Rebaseline
from airflow_dataops.web.schemas import Name
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.results import Result
    from airflow_dataops.web.visit import Visit

MOST_DAYS = 3660
router = APIRouter(prefix="/kitchens/{name}/tests", tags=["results"])


@dataclass(frozen=True, kw_only=True)
class ResultAnswer:
    """The verdict of one test in one run.

    Attributes:
        at: the moment that the run is about.
        low, high: what was allowed.
        seconds: of the statements that measured it, shared with other tests.
    """

    pipeline: str
    stage: str
    test: str
    run_id: str
    map_index: int
    at: datetime
    outcome: Outcome
    measured: float | None
    detail: str
    low: float | None
    high: float | None
    rule: str
    model: str
    baseline: str
    seconds: float | None


@dataclass(frozen=True, kw_only=True)
class ScoreAnswer:
    """A share of tests that pass.

    Attributes:
        score: 0 to 100; None where no test has said anything yet.
    """

    score: float | None
    passed: int
    warned: int
    failed: int
    errors: int
    learning: int

    @classmethod
    def of(cls, score: quality.Score) -> ScoreAnswer:
        """The same as the domain says it."""
        return cls(
            score=score.value,
            passed=score.counts.get(Outcome.PASS, 0),
            warned=score.counts.get(Outcome.WARN, 0),
            failed=score.counts.get(Outcome.FAIL, 0),
            errors=score.counts.get(Outcome.ERROR, 0),
            learning=score.counts.get(Outcome.LEARNING, 0),
        )


@dataclass(frozen=True, kw_only=True)
class DayAnswer:
    """How things stood at the end of a day, in UTC."""

    day: date
    kitchen: ScoreAnswer
    pipelines: dict[str, ScoreAnswer]

    @classmethod
    def of(cls, day: quality.DayScore) -> DayAnswer:
        """The same as the domain says it."""
        return cls(
            day=day.day,
            kitchen=ScoreAnswer.of(day.score),
            pipelines={name: ScoreAnswer.of(each) for name, each in day.pipelines.items()},
        )


@router.get("/results")
def list_results(
    visit: PresentVisit,
    name: str,
    pipeline: Annotated[Name | None, Query()] = None,
    stage: Annotated[Name | None, Query()] = None,
    run_id: Annotated[Name | None, Query()] = None,
) -> list[ResultAnswer]:
    """What data tests said, the last run first."""
    kitchen = visit.kitchen(name, Action.SEE)
    if stage is not None and pipeline is None:
        message = "a stage is one of a pipeline's; name that, too"
        raise InvalidRequest(message, field="pipeline")
    found = visit.installation.result_book.results(kitchen, run_id=run_id)
    return [
        _answer(one)
        for one in found
        if (pipeline is None or one.run.place.pipeline == pipeline)
        and (stage is None or one.run.place.stage == stage)
    ]


@router.get("/history")
def show_history(
    visit: PresentVisit,
    name: str,
    pipeline: Annotated[Name, Query()],
    stage: Annotated[Name, Query()],
    test: Annotated[str, Query(max_length=250)],
) -> list[PointAnswer]:
    """The points that the next run of a test is compared with, oldest first."""
    kitchen = visit.kitchen(name, Action.SEE)
    place = PipelineStage(pipeline=pipeline, stage=stage)
    own, *ancestors = visit.installation.result_book.past(kitchen, place)
    return [PointAnswer.of(point) for point in results.history(test, own, ancestors)]


@router.get("/quality")
def show_quality(
    visit: PresentVisit,
    name: str,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = 90,
) -> list[DayAnswer]:
    """How many tests pass, of the kitchen and of each pipeline, for each day on which some ran."""
    kitchen = visit.kitchen(name, Action.SEE)
    since = visit.now - timedelta(days=days)
    said = visit.installation.result_book.said(kitchen, since=since - quality.LEAD)
    return [DayAnswer.of(day) for day in quality.scores(said, since=since.date())]


@router.post("/incidents", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(NoteIncident))
def note_incident(
    visit: PresentVisit, name: str, body: Annotated[NoteIncident, Depends(body_of(NoteIncident))]
) -> None:
    """Leave points out of what charts learn from, by name."""
    kitchen = visit.kitchen(name, Action.CHANGE_CHARTS)
    if body.until is not None and body.until < body.since:
        message = f"an incident ends after it began: {body.until} is before {body.since}"
        raise InvalidRequest(message, field="until")
    _note(visit, kitchen, ActKind.INCIDENT, body)


@router.post("/rebaselines", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(Rebaseline))
def rebaseline(
    visit: PresentVisit, name: str, body: Annotated[Rebaseline, Depends(body_of(Rebaseline))]
) -> None:
    """Have charts learn from later points alone: the process is another one since then."""
    _note(visit, visit.kitchen(name, Action.CHANGE_CHARTS), ActKind.REBASELINE, body)


def _note(visit: Visit, kitchen: Kitchen, kind: ActKind, body: NoteIncident | Rebaseline) -> None:
    act = ChartAct(
        kind=kind,
        place=PipelineStage(pipeline=body.pipeline, stage=body.stage),
        test=body.test,
        since=body.since,
        until=body.until if isinstance(body, NoteIncident) else None,
        reason=body.reason,
        by=visit.person.name,
        at=visit.now,
    )
    about = {"pipeline": body.pipeline, "stage": body.stage, "test": body.test or "all"}
    audit = kitchen_request.entry(
        visit.occasion(body.reason), f"chart {kind}", kitchen, **about, since=f"{body.since}"
    )
    visit.installation.result_book.note(kitchen, act, audit=audit)


def _answer(result: Result) -> ResultAnswer:
    run, verdict = result.run, result.verdict
    return ResultAnswer(
        pipeline=run.place.pipeline,
        stage=run.place.stage,
        test=verdict.test,
        run_id=run.run_id,
        map_index=run.map_index,
        at=run.at,
        outcome=verdict.outcome,
        measured=verdict.measured,
        detail=verdict.detail,
        low=verdict.low,
        high=verdict.high,
        rule=verdict.rule,
        model=verdict.model,
        baseline=verdict.baseline,
        seconds=verdict.seconds,
    )
