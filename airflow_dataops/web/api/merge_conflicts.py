"""Conflicts of a merge one by one, and who decides what while others decide: the editor's side.

What is decided here counts as what is decided by ``POST …/resolutions``; the answers are small.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import Resolution
from airflow_dataops.services import merging
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.conflict_answers import (
    ChecksAnswer,
    ConflictFileAnswer,
    DecisionsAnswer,
    checks_answer,
    conflict_file_answer,
    decisions_answer,
)
from airflow_dataops.web.merge_asking import merge_asked, places_of
from airflow_dataops.web.schemas import AskMerge, ResolveConflicts
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(tags=["merges"])
_MERGE = "/kitchens/{name}/merge/{direction}"
_After = Annotated[int, Query(ge=0, le=2_000_000_000)]


@router.get(f"{_MERGE}/conflict")
def show_conflict(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    path: Annotated[str, Query(max_length=4_096)],
    *,
    whole: bool = False,
) -> ConflictFileAnswer:
    """One path in conflict. With ``whole``, with what each side has in the whole file."""
    asked = merge_asked(visit, name, direction, may_see=True)
    return conflict_file_answer(merging.show(asked, path, places_of(visit, asked), whole=whole))


@router.get(f"{_MERGE}/decisions")
def show_decisions(
    visit: PresentVisit, name: str, direction: Direction, after: _After = 0
) -> DecisionsAnswer:
    """What people decided, but for the first ``after`` decisions. It is cheap."""
    asked = merge_asked(visit, name, direction, may_see=True, with_evidence=False)
    return decisions_answer(merging.decisions(asked, places_of(visit, asked)), after=after)


@router.post(f"{_MERGE}/decisions", openapi_extra=described(ResolveConflicts))
def decide(
    visit: PresentVisit,
    name: str,
    direction: Direction,
    body: Annotated[ResolveConflicts, Depends(body_of(ResolveConflicts))],
    after: _After = 0,
) -> DecisionsAnswer:
    """Decide, and hear what was decided, but for the first ``after`` decisions."""
    seen = AskMerge(ours=body.ours, theirs=body.theirs)
    asked = merge_asked(visit, name, direction, seen, with_evidence=False)
    draft = merging.resolve(asked, resolutions(visit, body), places_of(visit, asked))
    return decisions_answer(draft.merge, after=after)


@router.get(f"{_MERGE}/checks")
def check_merge(visit: PresentVisit, name: str, direction: Direction) -> ChecksAnswer:
    """What is open, and what is wrong with the files in which nothing is."""
    asked = merge_asked(visit, name, direction, may_see=True, with_evidence=False)
    return checks_answer(merging.check(asked, places_of(visit, asked)))


def resolutions(visit: PresentVisit, body: ResolveConflicts) -> list[Resolution]:
    """Decisions of whoever asks, made now."""
    return [
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
