"""Merging a kitchen with its parent: what it means, what it takes, and the button.

What a merge comes to takes seconds, as pipelines are built for it; the page is there at once and
fetches that. Each button says which commits were looked at: what has moved since is not merged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Path, Query, Request
from starlette.responses import Response

from airflow_dataops.domain.approval import ApprovalOf, ApprovalState
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_gate import Asked
from airflow_dataops.domain.merge_meaning import MeaningKind
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import KitchenNotFound, NotAllowed
from airflow_dataops.web.api import approvals, merge_queue, merges
from airflow_dataops.web.merge_asking import check_right
from airflow_dataops.web.pages.forms import Fields, body_of, text_of
from airflow_dataops.web.pages.merge_sides import Between
from airflow_dataops.web.pages.rendering import go, page
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.schemas import AnswerApproval, AskMerge, EndMerge, SeenCommits
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.web.api.approvals import ApprovalAnswer
    from airflow_dataops.web.api.merge_queue import QueuedAnswer
    from airflow_dataops.web.merge_answers import DraftAnswer, MeaningAnswer, PreviewAnswer
    from airflow_dataops.web.visit import Visit

router = APIRouter(prefix="/kitchens/{name}/merge/{direction}")
_MOST_PAST = 10
_MOST_FILES = 500
_ACKNOWLEDGED = "acknowledged."
_OF_SCHEDULES = {MeaningKind.SCHEDULE_ADDED, MeaningKind.SCHEDULE_CHANGED}
# What the page's own form gives or asks for: a tick, an override, a second person's yes.
_GIVEN_HERE = {Asked.ACKNOWLEDGED, Asked.GREEN, Asked.APPROVED}


@router.get("")
def show_merge(
    request: Request,
    visit: PresentVisit,
    name: str,
    direction: Direction,
    *,
    done: Annotated[bool, Query()] = False,
) -> Response:
    """The page of a merge, which fetches what it comes to; and the merges before it."""
    between = _sides(visit, name, direction)
    book = visit.installation.merge_places(between.into.project).book
    past = [one for one in book.of(between.into) if one.ended_at is not None]
    return page(
        request,
        "merge.html",
        between=between,
        up=direction is Direction.UP,
        done=past[0] if done and past else None,
        past=past[:_MOST_PAST],
        named={between.merged.id: between.merged.name},
    )


@router.get("/preview")
def show_preview(
    request: Request, visit: PresentVisit, name: str, direction: Direction
) -> Response:
    """What the merge would come to now, what it takes, and what the person may do."""
    between = _sides(visit, name, direction)
    is_up = direction is Direction.UP
    preview = merges.preview_merge(visit, name, direction)
    draft = merges.show_merge(visit, name, direction) if preview.is_under_way else None
    environment = visit.environment(between.into)
    is_proposal = is_up and environment.pull_requests is not None
    waiting = merge_queue.show_queue(visit, between.parent.name) if is_up else []
    return page(
        request,
        "merge_preview.html",
        between=between,
        up=is_up,
        preview=preview,
        draft=draft,
        decided=_decided(draft),
        host=environment.pull_requests,
        is_proposal=is_proposal,
        why_not=_why_not(visit, between),
        may_override=may(Action.OVERRIDE_GATE, visit.as_seen(between.into), visit),
        takes_away=[one for one in preview.meaning if one.takes_away],
        schedules=[one for one in preview.meaning if _is_of_schedule(one)],
        others=[one for one in preview.meaning if not (one.takes_away or _is_of_schedule(one))],
        untested=_untested(preview),
        is_blocked=_is_blocked(preview),
        lacks_approval=_lacks_approval(preview),
        approval=_approval(visit, between, preview),
        files=preview.files[:_MOST_FILES],
        waiting=waiting,
        place=_place(waiting, between.child.name),
        may_read=_may_read(visit, between),
    )


@router.get("/files/{number}")
def show_file(
    request: Request,
    visit: PresentVisit,
    name: str,
    direction: Direction,
    number: Annotated[int, Path(ge=1, le=1_000_000)],
    seen: Annotated[SeenCommits, Query()],
) -> Response:
    """How the merge changes one of the files that the preview lists."""
    found = merges.show_difference(visit, name, direction, number, seen)
    between = _sides(visit, name, direction)
    return page(request, "merge_file.html", between=between, found=found, number=number)


@router.post("")
def merge(
    request: Request, visit: PresentVisit, name: str, direction: Direction, fields: Fields
) -> Response:
    """Merge what the page showed; where people have to decide first, go where they do."""
    asked = body_of(
        AskMerge,
        ours=text_of(fields, "ours"),
        theirs=text_of(fields, "theirs"),
        acknowledged=_acknowledged(fields),
        override=fields.get("override") == "yes",
        reason=text_of(fields, "reason"),
    )
    answer = merges.merge_kitchen(visit, name, direction, asked)
    here = f"/kitchens/{name}/merge/{direction}"
    if answer.conflicts:
        return go(request, f"{here}/conflicts")
    return go(request, here, done="true" if answer.commit and answer.state == "done" else "")


@router.post("/abandon")
def abandon(
    request: Request, visit: PresentVisit, name: str, direction: Direction, fields: Fields
) -> Response:
    """End the merge under way without merging."""
    merges.abandon_merge(visit, name, direction, _ended(fields))
    return go(request, f"/kitchens/{name}/merge/{direction}")


@router.post("/approval")
def answer_approval(
    request: Request, visit: PresentVisit, name: str, direction: Direction, fields: Fields
) -> Response:
    """Say yes or no to the merge, where the environment wants a second person to."""
    body = body_of(
        AnswerApproval, approve=fields.get("to") == "yes", reason=text_of(fields, "reason")
    )
    approvals.answer_approval(visit, fields.get("approval", ""), body)
    return go(request, f"/kitchens/{name}/merge/{direction}")


@router.post("/queue")
def wait_in_queue(
    request: Request, visit: PresentVisit, name: str, direction: Direction, fields: Fields
) -> Response:
    """Have the kitchen wait to be merged up with others, or wait no longer."""
    if fields.get("to") == "leave":
        merge_queue.leave_queue(visit, name)
    else:
        merge_queue.join_queue(visit, name, _ended(fields))
    return go(request, f"/kitchens/{name}/merge/{direction}")


def _sides(visit: Visit, name: str, direction: Direction) -> Between:
    child = visit.kitchen(name, Action.SEE)
    seen = visit.as_seen(child)
    if seen.parent is None:
        whose = f"{name}'s parent"
        raise KitchenNotFound(whose)
    parent = visit.kitchen(seen.parent, Action.SEE)
    return Between(child=child, parent=parent, direction=direction)


def _ended(fields: Mapping[str, str]) -> EndMerge:
    return body_of(EndMerge, reason=text_of(fields, "reason"))


def _acknowledged(fields: Mapping[str, str]) -> list[str]:
    return [value for field, value in fields.items() if field.startswith(_ACKNOWLEDGED)]


def _decided(draft: DraftAnswer | None) -> tuple[int, int]:
    """How many places are decided, of how many."""
    if draft is None:
        return 0, 0
    number = sum(len(one.regions) or 1 for one in draft.conflicts)
    return number - len(draft.open), number


def _why_not(visit: Visit, between: Between) -> str | None:
    """Why the person may not merge; None where they may."""
    try:
        check_right(visit, between.direction, between.into, between.merged, None)
    except NotAllowed as refusal:
        return str(refusal)
    return None


def _may_read(visit: Visit, between: Between) -> bool:
    return any(visit.as_seen(one).role is not None for one in (between.child, between.parent))


def _is_of_schedule(one: MeaningAnswer) -> bool:
    return one.kind in _OF_SCHEDULES and not one.takes_away


def _untested(preview: PreviewAnswer) -> list[str]:
    items = preview.gate.items
    return [one.about for one in items if one.asked is Asked.GREEN and not one.is_met]


def _is_blocked(preview: PreviewAnswer) -> bool:
    """Whether something is missing that no button of the page gives."""
    return any(not one.is_met and one.asked not in _GIVEN_HERE for one in preview.gate.items)


def _lacks_approval(preview: PreviewAnswer) -> bool:
    return any(one.asked is Asked.APPROVED and not one.is_met for one in preview.gate.items)


def _approval(visit: Visit, between: Between, preview: PreviewAnswer) -> ApprovalAnswer | None:
    """What waits for the person before the page to say yes to this merge."""
    for one in approvals.list_approvals(visit):
        is_this = one.kitchen == between.into.name and one.subject == between.merged.name
        if is_this and one.of is ApprovalOf.MERGE and one.exactly == preview.theirs:
            may_answer = visit.person.is_one_of(one.on) and visit.person.name != one.asked_by
            return one if may_answer and one.state is ApprovalState.WAITING else None
    return None


def _place(waiting: list[QueuedAnswer], child: str) -> int | None:
    """The kitchen's place in the queue, from 1."""
    names = [one.kitchen for one in waiting]
    return names.index(child) + 1 if child in names else None
