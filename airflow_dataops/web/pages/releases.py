"""What is on its way into an environment, and merges that are taken back."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.permissions import Action
from airflow_dataops.web.api import releases, reverts
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.rendering import go, page
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.schemas import RevertMerge
from airflow_dataops.web.visit import PresentVisit

router = APIRouter()
_REVERT = "/kitchens/{name}/merges/{merge_id}/revert"


@router.get("/environments/{name}/release")
def show_release(request: Request, visit: PresentVisit, name: str) -> Response:
    """What kitchens have that their parents in an environment have not, and who waits for whom."""
    found = releases.show_release(visit, name)
    return page(
        request,
        "release.html",
        release=found,
        environments=[one.name for one in visit.installation.projects.environments()],
    )


@router.get(_REVERT)
def show_revert(request: Request, visit: PresentVisit, name: str, merge_id: str) -> Response:
    """What taking a merge back would come to, before and after."""
    plan = reverts.plan_revert(visit, name, merge_id)
    seen = visit.seen(name)
    return page(
        request,
        "revert.html",
        plan=plan,
        merge_id=merge_id,
        may_revert=may(Action.REVERT, seen, visit),
    )


@router.post(_REVERT)
def revert(
    request: Request, visit: PresentVisit, name: str, merge_id: str, fields: Fields
) -> Response:
    """Take the merge back as the page showed it."""
    body = body_of(RevertMerge, ours=text_of(fields, "ours"), reason=text_of(fields, "reason"))
    reverts.revert_merge(visit, name, merge_id, body)
    return go(request, f"/kitchens/{name}/merges/{merge_id}/revert")
