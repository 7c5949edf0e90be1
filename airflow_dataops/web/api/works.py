"""Where pieces of work stand, and to whom they are handed."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.staff import Member
from airflow_dataops.domain.work import HAND_OFF
from airflow_dataops.services import handing_off, kitchens, staffing
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.schemas import PutHandOff
from airflow_dataops.web.visit import PresentVisit
from airflow_dataops.web.work_answers import WorkAnswer, work_answer
from airflow_dataops.web.work_reading import ticket_news, visible_works, work_of

router = APIRouter(tags=["work"])


@router.get("/work")
def list_work(
    visit: PresentVisit,
    everything: Annotated[bool, Query(alias="all")] = False,  # noqa: FBT002 - a query has names
) -> list[WorkAnswer]:
    """Where each piece of work stands, with whom and for how long; what is over, if asked for."""
    seen, news = {one.kitchen.name for one in visit.visible()}, ticket_news(visit)
    return [
        work_answer(one, now=visit.now, seen=seen | {one.kitchen}, about_ticket=news(one))
        for one in visible_works(visit)
        if everything or not one.present.step.is_end
    ]


@router.get("/kitchens/{name}/work")
def show_work(visit: PresentVisit, name: str) -> WorkAnswer:
    """Every step that the work of a kitchen took, with whom, and how long each was."""
    found = work_of(visit.kitchen(name, Action.SEE), visit)
    seen = {one.kitchen.name for one in visit.visible()}
    return work_answer(found, now=visit.now, seen=seen, about_ticket=ticket_news(visit)(found))


@router.put("/kitchens/{name}/work/assignee", openapi_extra=described(PutHandOff))
def hand_off(
    visit: PresentVisit, name: str, body: Annotated[PutHandOff, Depends(body_of(PutHandOff))]
) -> WorkAnswer:
    """Hand the work of a kitchen to somebody, who may cook there from then on.

    Who is not on the staff yet is put there, if you may do that.
    """
    kitchen = visit.kitchen(name, Action.HAND_OFF)
    occasion = visit.occasion(body.note)
    places = visit.places(kitchen)

    def make_cook(member: Member) -> None:
        visit.check(Action.STAFF, kitchen)
        facts = {"who": member.who, "role": str(member.role)}
        staffing.put_member(
            kitchen,
            member,
            visit.environment(kitchen),
            registry=places.registry,
            access=places.access,
            audit=kitchens.entry(occasion, "staff", kitchen, **facts),
        )

    handing_off.hand_off(
        handing_off.HandOff(
            kitchen=kitchen,
            to=body.to,
            note=body.note,
            entry=lambda facts: kitchens.entry(occasion, HAND_OFF, kitchen, **facts),
            make_cook=make_cook,
        ),
        staff=visit.installation.registry.staff(kitchen),
        places=handing_off.HandOffPlaces(
            audit_trail=visit.installation.audit_trail,
            hand_offs=visit.installation.hand_offs,
            work=lambda: work_of(kitchen, visit),
        ),
    )
    return show_work(visit, name)
