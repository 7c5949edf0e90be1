"""What is on its way into a release environment, and for whom it waits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from fastapi import APIRouter

from airflow_dataops.domain import permissions, release
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.schedule import ScheduleState
from airflow_dataops.services import merging
from airflow_dataops.web.evidence_collecting import collect_if_possible
from airflow_dataops.web.release_answers import (
    ReleaseAnswer,
    delivery_answer,
    waiting_schedule_answer,
)
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release import Delivery, WaitingSchedule
    from airflow_dataops.web.visit import Seen, Visit

router = APIRouter(tags=["releases"])
_MOST_KITCHENS = 50
_WAITS = {ScheduleState.INERT, ScheduleState.CHANGED}


@router.get("/environments/{name}/release")
def show_release(visit: PresentVisit, name: str) -> ReleaseAnswer:
    """What kitchens have that their parents in an environment have not, and what waits there.

    Of the kitchens that you may see. Changes nothing, and builds nothing.
    """
    environment = visit.installation.projects.environment(name)
    seen = visit.visible()
    streets = _streets(seen, environment.name, visit)
    return ReleaseAnswer(
        environment=environment.name,
        deliveries=[delivery_answer(one) for one in _deliveries(streets[:_MOST_KITCHENS], visit)],
        schedules=[
            waiting_schedule_answer(one, now=visit.now)
            for one in _schedules([s.kitchen for s in seen if _is_of(s, name)], visit)
        ],
        left_out=[street.kitchen.name for street in streets[_MOST_KITCHENS:]],
    )


def _streets(seen: list[Seen], environment: str, visit: Visit) -> list[merging.Street]:
    by_name = {one.kitchen.name: one for one in seen}
    found = []
    for child in seen:
        parent = by_name.get(child.parent or "")
        if parent is not None and _is_of(parent, environment):
            cooks = _who_may(Action.MERGE_DOWN, child, visit)
            merging_up = _who_may(Action.MERGE_UP, parent, visit)
            found.append(
                merging.Street(
                    kitchen=child.kitchen, parent=parent.kitchen, cooks=cooks, merging=merging_up
                )
            )
    return found


def _is_of(seen: Seen, environment: str) -> bool:
    return seen.kitchen.environment == environment


def _who_may(action: Action, seen: Seen, visit: Visit) -> tuple[str, ...]:
    environment = visit.environment(seen.kitchen)
    return permissions.who_may(action, staff=seen.staff, environment=environment)


def _deliveries(streets: list[merging.Street], visit: Visit) -> list[Delivery]:
    by_project: dict[str, list[merging.Street]] = defaultdict(list)
    for street in streets:
        collect_if_possible(visit.installation, street.kitchen, now=visit.now)
        by_project[street.kitchen.project].append(street)
    return [
        found
        for project, of_project in by_project.items()
        for found in merging.deliveries(of_project, visit.installation.merge_places(project))
    ]


def _schedules(kitchens: list[Kitchen], visit: Visit) -> list[WaitingSchedule]:
    found = visit.installation.schedules.of(kitchens)
    return [
        release.enabling(kitchen, one, on=visit.environment(kitchen).schedules_enabled_by)
        for kitchen in kitchens
        for one in found[kitchen.id]
        if one.state in _WAITS
    ]
