"""The form that creates a kitchen."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.errors import DataOpsError, InvalidRequest
from airflow_dataops.web.api.kitchens import create_kitchen
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.paging import Words
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.rights import kitchens_to_cut_from
from airflow_dataops.web.problems import Problem, refusal_of
from airflow_dataops.web.schemas import CreateKitchen
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.web.visit import Visit

router = APIRouter(prefix="/create")
_FIELDS = ("name", "parent", "environment", "ends_on", "ticket", "slack_channel", "reason")


@router.get("")
def show_form(request: Request, visit: PresentVisit, parent: Words = "") -> Response:
    """The form, with what is most likely wanted."""
    return _form(request, visit, {"parent": parent, "shared": "on"})


@router.post("")
def create(request: Request, visit: PresentVisit, fields: Fields) -> Response:
    """Begin to create what the form says, and show how far it has come."""
    try:
        operation = create_kitchen(visit, _body(fields))
    except (DataOpsError, Problem) as error:
        if isinstance(error, Problem):
            return _form(request, visit, fields, status=error.status, complaint=error.detail)
        status, detail = refusal_of(error)
        return _form(request, visit, fields, status=status, complaint=detail)
    return see(request, f"/operations/{operation.id}")


def _body(fields: Mapping[str, str]) -> CreateKitchen:
    ends_on = text_of(fields, "ends_on")
    texts = ("parent", "environment", "ticket", "slack_channel", "reason")
    return body_of(
        CreateKitchen,
        name=fields.get("name", "").strip(),
        shared="shared" in fields,
        pinned="pinned" in fields,
        ends_at=None if ends_on is None else end_of(ends_on),
        **{name: text_of(fields, name) for name in texts},
    )


def end_of(day: str) -> datetime:
    """The last second of a day."""
    try:
        return datetime.combine(
            datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=UTC), time(23, 59, 59), tzinfo=UTC
        )
    except ValueError as error:
        message = f"{day[:40]!r} is no day; write it as 2026-03-31"
        raise InvalidRequest(message, field="ends_at") from error


def _form(
    request: Request,
    visit: Visit,
    fields: Mapping[str, str],
    *,
    status: int = HTTPStatus.OK,
    complaint: str | None = None,
) -> Response:
    parents = kitchens_to_cut_from(visit)
    return page(
        request,
        "create.html",
        status=status,
        complaint=complaint,
        written={name: fields.get(name, "") for name in _FIELDS},
        is_shared="shared" in fields,
        is_pinned="pinned" in fields,
        parents=parents,
        environments=[
            one.name for one in visit.installation.projects.environments() if not one.protected
        ],
        today=visit.now.date().isoformat(),
    )
