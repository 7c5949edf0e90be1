"""What kitchens' tasks tell of themselves: people hear of it, and charts have a past.

Which kitchen, run and try it is about comes from the task's token and the tables, never from the
body; so the most that a kitchen's code can do here is to speak in its own kitchen's channel.
"""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends, Request

from airflow_dataops.domain import results
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.events import (
    LONGEST_TEST_NAME,
    MOST_NOTES,
    Event,
    EventKind,
    TaskTry,
    trouble_key,
)
from airflow_dataops.errors import InvalidRequest
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.result_bodies import PointAnswer, ReportResults
from airflow_dataops.web.schemas import ReportNote, ReportVerdicts
from airflow_dataops.web.task_auth import PresentReporter
from airflow_dataops.web.visit import installation_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.results import TestingRun
    from airflow_dataops.web.installation import Installation

router = APIRouter(tags=["kitchens' tasks"])


@router.post(
    "/verdicts", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(ReportVerdicts)
)
def report_verdicts(
    request: Request,
    reporter: PresentReporter,
    body: Annotated[ReportVerdicts, Depends(body_of(ReportVerdicts))],
) -> None:
    """Tell of the verdicts that did not pass; the first report of a try counts."""
    installation = installation_of(request)
    task, is_last = installation.task_try(reporter.task_instance)
    verdicts = tuple(
        Verdict(
            test=told.test[:LONGEST_TEST_NAME],
            outcome=Outcome(told.outcome),
            measured=told.measured,
            detail=told.detail[:LONGEST_TEST_NAME],
        )
        for told in body.verdicts
    )
    kind = _kind(verdicts, is_last=is_last)
    if kind is None:
        return
    is_failure = kind is EventKind.FAILED
    key = trouble_key(task.task_instance) if is_failure else f"{task.task_instance}:{kind}"
    event = _event(reporter, task, kind, key, verdicts=verdicts)
    installation.alert_book.record([event])


@router.post("/notes", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(ReportNote))
def report_note(
    request: Request,
    reporter: PresentReporter,
    body: Annotated[ReportNote, Depends(body_of(ReportNote))],
) -> None:
    """Tell a kitchen's people what an author wants them to read."""
    installation = installation_of(request)
    task, _ = installation.task_try(reporter.task_instance)
    for number in range(MOST_NOTES):
        key = f"{task.task_instance}:{EventKind.NOTE}:{number}"
        event = _event(reporter, task, EventKind.NOTE, key, text=body.text)
        if installation.alert_book.record([event]):
            return
    message = f"this try has told {MOST_NOTES} notes; that is as many as one may"
    raise InvalidRequest(message, field="text")


@router.post("/results", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(ReportResults))
def report_results(
    request: Request,
    reporter: PresentReporter,
    body: Annotated[ReportResults, Depends(body_of(ReportResults))],
) -> None:
    """Keep what a stage's tests said; only its test task may, and a try's first report counts."""
    installation = installation_of(request)
    run = _run(installation, reporter)
    verdicts = [told.verdict() for told in body.results]
    installation.result_book.record(run, verdicts, now=datetime.now(tz=UTC))


@router.get("/history")
def show_history(request: Request, reporter: PresentReporter) -> dict[str, list[PointAnswer]]:
    """Earlier points of each test of the stage, oldest first; those of ancestors are marked."""
    installation = installation_of(request)
    own, *ancestors = installation.result_book.pasts(_run(installation, reporter))
    tests = {result.verdict.test for past in (own, *ancestors) for result in past.results}
    return {
        test: [PointAnswer.of(point) for point in results.history(test, own, ancestors)]
        for test in sorted(tests)
    }


def _run(installation: Installation, reporter: PresentReporter) -> TestingRun:
    task, _ = installation.task_try(reporter.task_instance)
    return installation.result_book.run_of(reporter.task, map_index=task.map_index)


def _kind(verdicts: Sequence[Verdict], *, is_last: bool) -> EventKind | None:
    """What verdicts amount to; None where another try may say otherwise."""
    outcomes = {verdict.outcome for verdict in verdicts}
    if Outcome.FAIL in outcomes:
        return EventKind.FAILED  # such a task is not tried again
    if Outcome.ERROR in outcomes:
        return EventKind.FAILED if is_last else None
    return EventKind.WARNED


def _event(
    reporter: PresentReporter,
    task: TaskTry,
    kind: EventKind,
    key: str,
    *,
    verdicts: tuple[Verdict, ...] = (),
    text: str | None = None,
) -> Event:
    return Event(
        key=key,
        kind=kind,
        at=datetime.now(tz=UTC),
        environment=reporter.task.environment,
        kitchen_id=reporter.task.kitchen_id,
        kitchen=reporter.task.kitchen,
        task=task,
        verdicts=verdicts,
        text=text,
    )
