"""What a person asks of a merge of a kitchen with its parent, and whether they may."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import InvalidRequest, KitchenNotFound, NotAllowed
from airflow_dataops.services import merging
from airflow_dataops.web.evidence_collecting import collect_evidence

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.schemas import AskMerge
    from airflow_dataops.web.visit import Visit

_TO_MERGE = {Direction.DOWN: Action.MERGE_DOWN, Direction.UP: Action.MERGE_UP}


def places_of(visit: Visit, asked: merging.MergeRequest) -> merging.MergePlaces:
    """Where the project of a merge's kitchens has its merges."""
    return visit.installation.merge_places(asked.kitchen.project)


def merge_asked(
    visit: Visit,
    name: str,
    direction: Direction,
    body: AskMerge | None = None,
    *,
    may_see: bool = False,
    with_evidence: bool = True,
) -> merging.MergeRequest:
    """What is asked, by somebody who may see both kitchens and, unless they look, merge."""
    child = visit.kitchen(name, Action.SEE)
    parent = _parent(visit, child)
    kitchen, other = (child, parent) if direction is Direction.DOWN else (parent, child)
    if not may_see:
        check_right(visit, direction, kitchen, other, body)
    if body is not None and body.override:
        visit.check(Action.OVERRIDE_GATE, kitchen)
    if direction is Direction.UP and with_evidence:
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


def may_decide(visit: Visit, asked: merging.MergeRequest) -> bool:
    """Whether the person may decide about conflicts of this merge, and complete it."""
    try:
        check_right(visit, asked.direction, asked.kitchen, asked.other, None)
    except NotAllowed:
        return False
    return True


def check_right(
    visit: Visit, direction: Direction, kitchen: Kitchen, other: Kitchen, body: AskMerge | None
) -> None:
    """Refuse who may not merge.

    Who proposes delivers their own kitchen; that something may go is not theirs to say.
    """
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
