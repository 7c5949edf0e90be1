"""Merges of a kitchen with its parent: preview, make, resolve, complete, abandon.

A kitchen's name in a path is always the child's: *down* merges its parent into it, *up* merges
it into its parent.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import NotAllowed
from airflow_dataops.services import merging
from airflow_dataops.web.api.merge_conflicts import resolutions
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.difference_answers import DifferenceAnswer, difference_answer
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
from airflow_dataops.web.merge_asking import merge_asked, places_of
from airflow_dataops.web.schemas import (
    AskMerge,
    CompleteMerge,
    EndMerge,
    ResolveConflicts,
    SeenCommits,
)
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(tags=["merges"])
_MERGE = "/kitchens/{name}/merge/{direction}"


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
    asked = merge_asked(visit, name, direction, may_see=True)
    report = merging.preview(asked, places_of(visit, asked), with_meaning=meaning)
    return preview_answer(asked, report)


@router.get(f"{_MERGE}/files/{{number}}")
def show_difference(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    seen: Annotated[SeenCommits, Query()],
) -> DifferenceAnswer:
    """How a file of the preview's list, counted from 1, changes with the merge.

    ``ours`` and ``theirs`` are what the preview showed, and have to be still.
    """
    body = AskMerge(ours=seen.ours, theirs=seen.theirs)
    asked = merge_asked(visit, name, direction, body, may_see=True)
    if all(visit.as_seen(one).role is None for one in (asked.kitchen, asked.other)):
        why = "code is its staff's to read"
        raise NotAllowed(visit.person.name, f"read the code of {name}", why)
    return difference_answer(merging.difference(asked, number, places_of(visit, asked)))


@router.get("/kitchens/{name}/merge/up/gate")
def show_gate(visit: PresentVisit, name: str) -> GateAnswer:
    """What merging a kitchen up into its parent takes now, and what of it is there."""
    asked = merge_asked(visit, name, Direction.UP, may_see=True)
    return gate_answer(merging.preview(asked, places_of(visit, asked)).gate)


@router.post(_MERGE, openapi_extra=described(AskMerge))
def merge_kitchen(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[AskMerge, Depends(body_of(AskMerge))],
) -> MergeAnswer:
    """Merge, or open a draft about what git cannot merge by itself."""
    asked = merge_asked(visit, name, direction, body)
    return merge_answer(asked, merging.merge(asked, places_of(visit, asked)))


@router.get(_MERGE)
def show_merge(visit: PresentVisit, name: str, direction: Direction) -> DraftAnswer:
    """A merge under way: what is in conflict, what is decided, what is open."""
    asked = merge_asked(visit, name, direction, may_see=True)
    places = places_of(visit, asked)
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
    seen = AskMerge(ours=body.ours, theirs=body.theirs)
    asked = merge_asked(visit, name, direction, seen)
    given = resolutions(visit, body)
    return draft_answer(asked, merging.resolve(asked, given, places_of(visit, asked)))


@router.post(f"{_MERGE}/complete", openapi_extra=described(CompleteMerge))
def complete_merge(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[CompleteMerge, Depends(body_of(CompleteMerge))],
) -> MergeAnswer:
    """Make the merge as it was decided."""
    given = AskMerge(reason=body.reason, acknowledged=body.acknowledged)
    asked = merge_asked(visit, name, direction, given)
    return merge_answer(asked, merging.complete(asked, places_of(visit, asked)))


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
    asked = merge_asked(visit, name, direction, AskMerge(reason=body.reason))
    merging.abandon(asked, places_of(visit, asked))
