"""The staff of a kitchen."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.staff import Member
from airflow_dataops.services import kitchens, staffing
from airflow_dataops.web.answers import StaffAnswer, staff_answer
from airflow_dataops.web.api.kitchens import WhyAsked
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.schemas import PutMember
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens/{name}/staff", tags=["staff"])
# With slashes, so that a name that has one is refused as a name.
_WHO = "/{who:path}"


@router.get("")
def list_staff(visit: PresentVisit, name: str) -> list[StaffAnswer]:
    """Who works in a kitchen, by name."""
    kitchen = visit.kitchen(name, Action.SEE)
    return [staff_answer(member) for member in visit.installation.registry.staff(kitchen)]


@router.put(_WHO, openapi_extra=described(PutMember))
def put_member(
    visit: PresentVisit,
    name: str,
    who: str,
    body: Annotated[PutMember, Depends(body_of(PutMember))],
) -> StaffAnswer:
    """Put somebody on the staff, or give them another role."""
    kitchen = visit.kitchen(name, Action.STAFF)
    places, member = visit.places(kitchen), Member(who=who, role=body.role)
    audit = kitchens.entry(
        visit.occasion(body.reason), "staff", kitchen, who=who, role=str(body.role)
    )
    staffing.put_member(
        kitchen,
        member,
        visit.environment(kitchen),
        registry=places.registry,
        access=places.access,
        audit=audit,
    )
    return staff_answer(member)


@router.delete(_WHO, status_code=HTTPStatus.NO_CONTENT)
def remove_member(visit: PresentVisit, name: str, who: str, reason: WhyAsked = None) -> None:
    """Take somebody off the staff."""
    kitchen = visit.kitchen(name, Action.STAFF)
    places = visit.places(kitchen)
    audit = kitchens.entry(visit.occasion(reason), "staff", kitchen, who=who, role="none")
    staffing.remove_member(
        kitchen,
        who,
        visit.environment(kitchen),
        registry=places.registry,
        access=places.access,
        audit=audit,
    )
