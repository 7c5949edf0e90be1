"""What a tracker tells: a ticket was changed. Only its key is believed.

The ticket itself is read anew, by who keeps it in step with its work; so that a call that is
repeated, late or overtaken by another says nothing wrong.
"""

from __future__ import annotations

import json
from http import HTTPStatus

from fastapi import APIRouter, Request

from airflow_dataops.errors import EnvironmentNotFound, InvalidRequest
from airflow_dataops.web.answers import TicketCallAnswer
from airflow_dataops.web.visit import installation_of

router = APIRouter(tags=["pushes"])
_LONGEST_KEY = 200


@router.post("/{project}/ticket", status_code=HTTPStatus.ACCEPTED)
async def ticket_changed(request: Request, project: str) -> TicketCallAnswer:
    """Have the ticket read that was changed at the tracker."""
    from starlette.concurrency import run_in_threadpool

    key = _key(await request.body())
    return TicketCallAnswer(works=await run_in_threadpool(_ask, request, project, key))


def _ask(request: Request, project: str, key: str | None) -> int:
    installation = installation_of(request)
    declared = installation.projects.projects
    if project not in declared:
        raise EnvironmentNotFound(project, sorted(declared))
    if key is None:
        return 0
    return installation.ticket_book.ask(key)


def _key(body: bytes) -> str | None:
    """The ticket that a call is about; None for one about something else."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        message = "the call's body is no JSON object; have the tracker send application/json"
        raise InvalidRequest(message, field="body")
    issue = told.get("issue")
    key = issue.get("key") if isinstance(issue, dict) else None
    return key if isinstance(key, str) and 0 < len(key) <= _LONGEST_KEY else None
