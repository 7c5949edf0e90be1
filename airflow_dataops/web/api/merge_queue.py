"""The queue of merges up: joined by kitchens that are ready, landed many at once.

A kitchen's name in a path is the parent's, except where a kitchen joins or leaves.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import InvalidRequest
from airflow_dataops.services import merging
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.evidence_collecting import collect_evidence
from airflow_dataops.web.gate_answers import GateAnswer, gate_answer
from airflow_dataops.web.schemas import EndMerge, LandQueue
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_queue import Candidate, QueueEntry
    from airflow_dataops.web.visit import Visit

router = APIRouter(prefix="/kitchens/{name}", tags=["merges"])


@dataclass(frozen=True, kw_only=True)
class QueuedAnswer:
    """A kitchen that waits, or waited; ``detail`` says why it was sent back, or its commit."""

    kitchen: str
    commit: str
    joined_by: str
    joined_at: datetime
    state: str
    detail: str


@dataclass(frozen=True, kw_only=True)
class CandidateAnswer:
    """Kitchens merged with each other, and what they lack together.

    ``untested`` are pipelines to run in ``tested_in``, whose branch is at it; both are empty where
    nobody said where to test.
    """

    commit: str
    kitchens: list[str]
    gate: GateAnswer
    untested: list[str]
    tested_in: str | None


@dataclass(frozen=True, kw_only=True)
class QueuePassAnswer:
    """What a pass over a queue came to; ``commit`` is the kitchen's tip from then on."""

    commit: str
    landed: list[QueuedAnswer]
    sent_back: list[QueuedAnswer]
    waiting: list[QueuedAnswer]
    candidate: CandidateAnswer | None


@router.get("/merge-queue")
def show_queue(visit: PresentVisit, name: str) -> list[QueuedAnswer]:
    """Kitchens that wait to be merged into one, the longest wait first."""
    kitchen = visit.kitchen(name, Action.SEE)
    waiting = visit.installation.merge_places(kitchen.project).queue.waiting(kitchen)
    seen = visit.names_seen(entry.kitchen for entry in waiting)
    return [_queued(entry) for entry in waiting if entry.kitchen in seen]


@router.post("/merge/up/queue", openapi_extra=described(EndMerge))
def join_queue(
    visit: PresentVisit, name: str, body: Annotated[EndMerge, Depends(body_of(EndMerge))]
) -> QueuedAnswer:
    """Have a kitchen that is ready wait to be merged into its parent."""
    asked = _child_merge(visit, name, body.reason)
    collect_evidence(visit.installation, asked.other, now=visit.now)
    return _queued(merging.join(asked, visit.installation.merge_places(asked.kitchen.project)))


@router.delete("/merge/up/queue", status_code=HTTPStatus.NO_CONTENT)
def leave_queue(visit: PresentVisit, name: str) -> None:
    """Have it wait no longer."""
    asked = _child_merge(visit, name, None)
    merging.leave(asked, visit.installation.merge_places(asked.kitchen.project))


@router.post("/merge-queue/land", openapi_extra=described(LandQueue))
def land_queue(
    visit: PresentVisit, name: str, body: Annotated[LandQueue, Depends(body_of(LandQueue))]
) -> QueuePassAnswer:
    """Land as many of those that wait as can be, in one pass."""
    parent = visit.kitchen(name, Action.MERGE_UP)
    tested_in = _tested_in(visit, parent, body.test_in) if body.test_in else None
    places = visit.installation.merge_places(parent.project)
    waiting = {entry.kitchen_id for entry in places.queue.waiting(parent)}
    for kitchen in visit.installation.registry.kitchens():
        if kitchen.id in waiting or kitchen == tested_in:
            collect_evidence(visit.installation, kitchen, now=visit.now)
    asked = merging.LandRequest(
        parent=parent,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        new_id=lambda: str(uuid4()),
        reason=body.reason,
        acknowledged=frozenset(body.acknowledged),
        tested_in=(tested_in.id,) if tested_in else (),
    )
    done = merging.land_queue(asked, places)
    candidate = done.candidate
    if candidate is not None and tested_in is not None and candidate.gate.untested:
        merging.stage(_staging(visit, parent, tested_in), candidate, places)
        visit.installation.registry.ask_for_parsing(tested_in)
    return QueuePassAnswer(
        commit=done.commit,
        landed=[_queued(entry) for entry in done.landed],
        sent_back=[_queued(entry) for entry in done.sent_back],
        waiting=[_queued(entry) for entry in done.waiting],
        candidate=_candidate(candidate, tested_in) if candidate is not None else None,
    )


def _child_merge(visit: Visit, name: str, reason: str | None) -> merging.MergeRequest:
    child = visit.kitchen(name, Action.MERGE_DOWN)
    if child.parent is None:
        message = f"{child.name} has no parent to be merged into"
        raise InvalidRequest(message, field="name")
    return merging.MergeRequest(
        kitchen=visit.kitchen(child.parent, Action.SEE),
        other=child,
        direction=Direction.UP,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        merge_id=str(uuid4()),
        reason=reason,
    )


def _tested_in(visit: Visit, parent: Kitchen, name: str) -> Kitchen:
    kitchen = visit.kitchen(name, Action.MERGE_DOWN)
    if kitchen.parent != parent.name:
        message = f"{kitchen.name} is not cut from {parent.name}; name a kitchen that is"
        raise InvalidRequest(message, field="test_in")
    return kitchen


def _staging(visit: Visit, parent: Kitchen, kitchen: Kitchen) -> merging.MergeRequest:
    return merging.MergeRequest(
        kitchen=kitchen,
        other=parent,
        direction=Direction.DOWN,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        merge_id=str(uuid4()),
        reason=f"to test what waits to be merged into {parent.name}",
    )


def _queued(entry: QueueEntry) -> QueuedAnswer:
    return QueuedAnswer(
        kitchen=entry.kitchen,
        commit=entry.commit,
        joined_by=entry.joined_by,
        joined_at=entry.joined_at,
        state=entry.state,
        detail=entry.detail,
    )


def _candidate(found: Candidate, tested_in: Kitchen | None) -> CandidateAnswer:
    return CandidateAnswer(
        commit=found.commit,
        kitchens=list(found.kitchens),
        gate=gate_answer(found.gate),
        untested=list(found.gate.untested) if tested_in is not None else [],
        tested_in=tested_in.name if tested_in is not None and found.gate.untested else None,
    )
