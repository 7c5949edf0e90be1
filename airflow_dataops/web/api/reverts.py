"""Merges taken back: seen first, then done as one unit.

The kitchen in a path is the one that was merged into.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends

from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import MergeNotFound
from airflow_dataops.services import merging
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.evidence_collecting import collect_if_possible
from airflow_dataops.web.merge_answers import past_merge_answer
from airflow_dataops.web.revert_answers import RevertAnswer, RevertPlanAnswer, plan_answer
from airflow_dataops.web.schemas import RevertMerge
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.web.visit import Visit

router = APIRouter(tags=["merges"])
_REVERT = "/kitchens/{name}/merges/{merge_id}/revert"


@router.get(_REVERT)
def plan_revert(visit: PresentVisit, name: str, merge_id: str) -> RevertPlanAnswer:
    """What taking a merge into a kitchen back would come to now. Changes nothing."""
    kitchen = visit.kitchen(name, Action.SEE)
    places, merge = _found(visit, kitchen, merge_id)
    collect_if_possible(visit.installation, kitchen, now=visit.now)
    asked = _request(visit, kitchen, merge, places)
    plan = merging.plan_revert(asked, merge, visit.environment(kitchen), places)
    before = merging.reverted_by(merge, places.book.of(kitchen))
    return plan_answer(
        plan, merged=_name_of(asked.other, visit), reverted_by=before.id if before else None
    )


@router.post(_REVERT, openapi_extra=described(RevertMerge))
def revert_merge(
    visit: PresentVisit,
    name: str,
    merge_id: str,
    body: Annotated[RevertMerge, Depends(body_of(RevertMerge))],
) -> RevertAnswer:
    """Take a merge back: its code, the schedules enabled for it, baselines, where alerts go."""
    kitchen = visit.kitchen(name, Action.REVERT)
    places, merge = _found(visit, kitchen, merge_id)
    asked = _request(visit, kitchen, merge, places, body)
    done, plan = merging.revert(asked, merge, visit.environment(kitchen), places)
    return RevertAnswer(
        revert=past_merge_answer(done, None),
        is_new=plan is not None,
        plan=plan_answer(plan, merged=asked.other.name) if plan else None,
    )


def _found(
    visit: Visit, kitchen: Kitchen, merge_id: str
) -> tuple[merging.MergePlaces, KitchenMerge]:
    places = visit.installation.merge_places(kitchen.project)
    merge = places.book.one(kitchen, merge_id[:36])
    if merge is None or merge.id != merge_id:
        message = (
            f"no merge into {kitchen.name} has the id {merge_id[:80]!r}; "
            f"airflow dataops merge history {kitchen.name} lists them"
        )
        raise MergeNotFound(message)
    return places, merge


def _request(
    visit: Visit,
    kitchen: Kitchen,
    merge: KitchenMerge,
    places: merging.MergePlaces,
    body: RevertMerge | None = None,
) -> merging.MergeRequest:
    return merging.MergeRequest(
        kitchen=kitchen,
        other=places.reverts.kitchen(merge.other_id),
        direction=merge.direction,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        merge_id=str(uuid4()),
        reason=body.reason if body else None,
        ours=body.ours if body else None,
    )


def _name_of(other: Kitchen, visit: Visit) -> str:
    """Its name is its staff's alone where it is private, or gone."""
    return other.name if other.name in visit.names_seen([other.name]) else "another kitchen"
