"""Merges of a kitchen with its parent: preview, make, resolve, complete, abandon.

A kitchen's name in a path is always the child's: *down* merges its parent into it, *up* merges
it into its parent.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import Resolution
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import InvalidRequest, KitchenNotFound
from airflow_dataops.services import merging
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.evidence_collecting import collect_evidence
from airflow_dataops.web.gate_answers import GateAnswer, gate_answer
from airflow_dataops.web.merge_answers import (
    DraftAnswer,
    MergeAnswer,
    PastMergeAnswer,
    PreviewAnswer,
    draft_answer,
    merge_answer,
    past_merge_answer,
    preview_answer,
)
from airflow_dataops.web.schemas import AskMerge, CompleteMerge, EndMerge, ResolveConflicts
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Visit

router = APIRouter(tags=["merges"])
_MERGE = "/kitchens/{name}/merge/{direction}"
_TO_MERGE = {Direction.DOWN: Action.MERGE_DOWN, Direction.UP: Action.MERGE_UP}


@router.get("/kitchens/{name}/merges")
def list_merges(visit: PresentVisit, name: str) -> list[PastMergeAnswer]:
    """Merges into a kitchen, the last one first."""
    kitchen = visit.kitchen(name, Action.SEE)
    book = visit.installation.merge_places(kitchen.project).book
    known = book.of(kitchen)
    return [past_merge_answer(one, merging.reverted_by(one, known)) for one in known]


@router.get(f"{_MERGE}/preview")
def preview_merge(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    *,
    meaning: bool = True,
) -> PreviewAnswer:
    """What merging a kitchen with its parent would come to now. Changes nothing.

    Without ``meaning``, files and conflicts alone: that takes no building of pipelines.
    """
    asked = _request(visit, name, direction, may_see=True)
    report = merging.preview(asked, _places(visit, asked), with_meaning=meaning)
    return preview_answer(asked, report)


@router.get("/kitchens/{name}/merge/up/gate")
def show_gate(visit: PresentVisit, name: str) -> GateAnswer:
    """What merging a kitchen up into its parent takes now, and what of it is there."""
    asked = _request(visit, name, Direction.UP, may_see=True)
    return gate_answer(merging.preview(asked, _places(visit, asked)).gate)


@router.post(_MERGE, openapi_extra=described(AskMerge))
def merge_kitchen(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[AskMerge, Depends(body_of(AskMerge))],
) -> MergeAnswer:
    """Merge, or open a draft about what git cannot merge by itself."""
    asked = _request(visit, name, direction, body)
    return merge_answer(asked, merging.merge(asked, _places(visit, asked)))


@router.get(_MERGE)
def show_merge(visit: PresentVisit, name: str, direction: Direction) -> DraftAnswer:
    """A merge under way: what is in conflict, what is decided, what is open."""
    asked = _request(visit, name, direction, may_see=True)
    places = _places(visit, asked)
    found = merging.draft(asked, places)
    return draft_answer(asked, found, taken_away=merging.lost(asked, places))


@router.post(f"{_MERGE}/resolutions", openapi_extra=described(ResolveConflicts))
def resolve_conflicts(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[ResolveConflicts, Depends(body_of(ResolveConflicts))],
) -> DraftAnswer:
    """Decide about regions or paths in conflict; a later decision takes an earlier one's place."""
    asked = _request(visit, name, direction)
    given = [
        Resolution(
            path=one.path,
            region=one.region,
            choice=one.choice,
            text=one.text,
            by=visit.person.name,
            at=visit.now,
        )
        for one in body.resolutions
    ]
    return draft_answer(asked, merging.resolve(asked, given, _places(visit, asked)))


@router.post(f"{_MERGE}/complete", openapi_extra=described(CompleteMerge))
def complete_merge(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[CompleteMerge, Depends(body_of(CompleteMerge))],
) -> MergeAnswer:
    """Make the merge as it was decided."""
    given = AskMerge(reason=body.reason, acknowledged=body.acknowledged)
    asked = _request(visit, name, direction, given)
    return merge_answer(asked, merging.complete(asked, _places(visit, asked)))


@router.post(
    f"{_MERGE}/abandon", status_code=HTTPStatus.NO_CONTENT, openapi_extra=described(EndMerge)
)
def abandon_merge(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[EndMerge, Depends(body_of(EndMerge))],
) -> None:
    """End a merge under way without merging."""
    asked = _request(visit, name, direction, AskMerge(reason=body.reason))
    merging.abandon(asked, _places(visit, asked))


def _places(visit: Visit, asked: merging.MergeRequest) -> merging.MergePlaces:
    return visit.installation.merge_places(asked.kitchen.project)


def _request(
    visit: Visit,
    name: str,
    direction: Direction,
    body: AskMerge | None = None,
    *,
    may_see: bool = False,
) -> merging.MergeRequest:
    """What is asked, by somebody who may see both kitchens and, unless they look, merge."""
    child = visit.kitchen(name, Action.SEE)
    parent = _parent(visit, child)
    kitchen, other = (child, parent) if direction is Direction.DOWN else (parent, child)
    if not may_see:
        _check_right(visit, direction, kitchen, other, body)
    if body is not None and body.override:
        visit.check(Action.OVERRIDE_GATE, kitchen)
    if direction is Direction.UP:
        collect_evidence(visit.installation, child, now=visit.now)
    return merging.MergeRequest(
        kitchen=kitchen,
        other=other,
        direction=direction,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        merge_id=str(uuid4()),
        reason=body.reason if body else None,
        ours=body.ours if body else None,
        theirs=body.theirs if body else None,
        acknowledged=frozenset(body.acknowledged if body else ()),
        overrides=body.override if body else False,
    )


def _check_right(
    visit: Visit, direction: Direction, kitchen: Kitchen, other: Kitchen, body: AskMerge | None
) -> None:
    """Who proposes delivers their own kitchen; that something may go is not theirs to say."""
    is_proposal = visit.environment(kitchen).pull_requests is not None
    if direction is Direction.UP and is_proposal and not (body and body.acknowledged):
        visit.check(Action.PROPOSE, other)
    else:
        visit.check(_TO_MERGE[direction], kitchen)


def _parent(visit: Visit, child: Kitchen) -> Kitchen:
    message = f"{child.name} has no parent that you may see; merge along the tree of kitchens"
    if child.parent is None:
        raise InvalidRequest(message, field="name")
    try:
        return visit.kitchen(child.parent, Action.SEE)
    except KitchenNotFound:
        # Its name, too, is its staff's alone.
        raise InvalidRequest(message, field="name") from None
