"""What a git host tells: a branch was pushed to or proposed for. Only its name is believed.

The branch is read from the repository, as at every interval; a call only makes it sooner.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from http import HTTPStatus

from fastapi import APIRouter, Request

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.errors import EnvironmentNotFound, InvalidRequest
from airflow_dataops.web.answers import PushAnswer
from airflow_dataops.web.pull_request_round import make_round
from airflow_dataops.web.visit import installation_of

router = APIRouter(tags=["pushes"])

_BRANCH = "refs/heads/"


@router.post("/{project}", status_code=HTTPStatus.ACCEPTED)
async def push(request: Request, project: str) -> PushAnswer:
    """Have the kitchens that stand on the pushed branch read now."""
    from starlette.concurrency import run_in_threadpool

    branch = _pushed_branch(await request.body())
    return PushAnswer(kitchens=await run_in_threadpool(_read_now, request, project, branch))


def _read_now(request: Request, project: str, branch: str | None) -> int:
    installation = installation_of(request)
    if project not in installation.projects.projects:
        raise EnvironmentNotFound(project, sorted(installation.projects.projects))
    standing = [
        kitchen
        for kitchen in installation.registry.kitchens()
        if kitchen.project == project
        and kitchen.branch == branch
        and kitchen.state is not KitchenState.DELETING
    ]
    for kitchen in standing:
        installation.registry.ask_for_parsing(kitchen)
        # What was merged at the host came by such a push; the rest can wait for the next round.
        make_round(installation, now=datetime.now(tz=UTC), into=kitchen.id, says_what_is_new=False)
    return len(standing)


def _pushed_branch(body: bytes) -> str | None:
    """The branch that a call is about; None for one about something else, such as a tag."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        message = "the call's body is no JSON object; have the git host send application/json"
        raise InvalidRequest(message, field="body")
    ref = told.get("ref") or _base_of_request(told)
    # A host that tries its webhook out sends a call without one.
    if not isinstance(ref, str) or not ref.startswith(_BRANCH):
        return None
    return ref.removeprefix(_BRANCH)


def _base_of_request(told: dict[str, object]) -> str | None:
    """The branch that a pull or merge request, about which the call is, goes into."""
    pull, merge = told.get("pull_request"), told.get("object_attributes")
    base = pull.get("base") if isinstance(pull, dict) else None
    branch = base.get("ref") if isinstance(base, dict) else None
    if isinstance(merge, dict):
        branch = merge.get("target_branch")
    return f"{_BRANCH}{branch}" if isinstance(branch, str) else None
