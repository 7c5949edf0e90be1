"""Who works in a kitchen, and the forms that change it."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.staff import Role
from airflow_dataops.errors import DataOpsError, InvalidRequest
from airflow_dataops.web.api.staff import put_member, remove_member
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.problems import refusal_of
from airflow_dataops.web.schemas import PutMember
from airflow_dataops.web.visit import PresentVisit, Visit

router = APIRouter(prefix="/kitchens/{name}/staff")


@router.get("")
def show_staff(request: Request, visit: PresentVisit, name: str) -> Response:
    """The staff, with its forms for who may change it."""
    return _staff(request, visit, name)


@router.post("")
def change_staff(request: Request, visit: PresentVisit, name: str, fields: Fields) -> Response:
    """Put somebody on the staff with a role, give them another, or take them off it."""
    who, role = fields.get("who", "").strip(), fields.get("role", "")
    reason = text_of(fields, "reason")
    try:
        if "remove" in fields:
            remove_member(visit, name, who, reason)
        else:
            put_member(visit, name, who, body_of(PutMember, role=_role(role), reason=reason))
    except DataOpsError as error:
        status, detail = refusal_of(error)
        if status is HTTPStatus.NOT_FOUND:
            raise
        return _staff(request, visit, name, written=fields, status=status, complaint=detail)
    return see(request, f"/kitchens/{name}/staff")


def _role(text: str) -> Role:
    try:
        return Role(text)
    except ValueError as error:
        message = f"{text[:40]!r} is no role; choose guest, cook or head"
        raise InvalidRequest(message, field="role") from error


def _staff(
    request: Request,
    visit: Visit,
    name: str,
    *,
    written: Mapping[str, str] | None = None,
    status: int = HTTPStatus.OK,
    complaint: str | None = None,
) -> Response:
    seen = visit.seen(name)
    return page(
        request,
        "staff.html",
        status=status,
        complaint=complaint,
        written={one: (written or {}).get(one, "") for one in ("who", "role", "reason")},
        kitchen=seen.kitchen,
        staff=seen.staff,
        owner=visit.environment(seen.kitchen).owner,
        roles=list(Role),
        may_change=may(Action.STAFF, seen, visit),
    )
