"""A kitchen's settings: when it ends, who sees it, its ticket and its channel."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import DataOpsError
from airflow_dataops.web.api.kitchens import change_kitchen
from airflow_dataops.web.pages.creation import end_of
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.problems import Problem, refusal_of
from airflow_dataops.web.schemas import ChangeKitchen
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen

router = APIRouter(prefix="/kitchens/{name}/settings")
_TEXTS = ("ticket", "slack_channel")


@router.get("")
def show_settings(request: Request, visit: PresentVisit, name: str) -> Response:
    """The settings as they are, to be changed."""
    kitchen = visit.kitchen(name, Action.CHANGE)
    return _form(request, kitchen, _written(kitchen))


@router.post("")
def change_settings(request: Request, visit: PresentVisit, name: str, fields: Fields) -> Response:
    """Change those that differ from what the page showed."""
    kitchen = visit.kitchen(name, Action.CHANGE)
    try:
        changed = _changed(_written(kitchen), fields)
        if changed:
            body = body_of(ChangeKitchen, **changed, reason=text_of(fields, "reason"))
            change_kitchen(visit, name, body)
    except (DataOpsError, Problem) as error:
        if isinstance(error, Problem):
            status, detail = error.status, error.detail
        else:
            status, detail = refusal_of(error)
        if status in {HTTPStatus.NOT_FOUND, HTTPStatus.FORBIDDEN}:
            raise
        return _form(request, kitchen, fields, status=status, complaint=detail)
    return see(request, f"/kitchens/{name}")


def _written(kitchen: Kitchen) -> dict[str, str]:
    """The settings as the form's fields."""
    settings = kitchen.settings
    fields = {
        "ticket": settings.ticket or "",
        "slack_channel": settings.slack_channel or "",
        "ends_on": settings.ends_at.date().isoformat() if settings.ends_at else "",
    }
    return (
        fields
        | ({"shared": "on"} if settings.shared else {})
        | ({"pinned": "on"} if settings.pinned else {})
    )


def _changed(before: Mapping[str, str], fields: Mapping[str, str]) -> dict[str, object]:
    """What was written otherwise than it was: what is left alone keeps its hour, too."""
    changed: dict[str, object] = {
        name: text_of(fields, name)
        for name in _TEXTS
        if fields.get(name, "").strip() != before[name]
    }
    for name in ("shared", "pinned"):
        if (name in fields) != (name in before):
            changed[name] = name in fields
    day = text_of(fields, "ends_on")
    if (day or "") != before["ends_on"]:
        changed["ends_at"] = None if day is None else end_of(day)
    return changed


def _form(
    request: Request,
    kitchen: Kitchen,
    written: Mapping[str, str],
    *,
    status: int = HTTPStatus.OK,
    complaint: str | None = None,
) -> Response:
    return page(
        request,
        "settings.html",
        status=status,
        complaint=complaint,
        kitchen=kitchen,
        written={one: written.get(one, "") for one in (*_TEXTS, "ends_on", "reason")},
        is_shared="shared" in written,
        is_pinned="pinned" in written,
    )
