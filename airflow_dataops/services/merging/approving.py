"""Approvals of merges: asked for when nothing else is missing, and used up by the merge."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.approval import (
    ASKS,
    Approval,
    ApprovalOf,
    ApprovalState,
    waits,
    who_approves,
)
from airflow_dataops.domain.merge_gate import Asked, GateItem

if TYPE_CHECKING:
    from airflow_dataops.domain.merge import MergePreview
    from airflow_dataops.domain.merge_gate import Gate
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

_OF = ApprovalOf.MERGE


def approved(asked: MergeRequest, found: MergePreview, places: MergePlaces) -> list[GateItem]:
    """Whether somebody has approved exactly this commit, where the environment wants that."""
    listed = who_approves(places.environment(asked.kitchen), _OF)
    if not listed:
        return []
    one = _open_one(asked, found.theirs, places)
    if one is None or one.state is not ApprovalState.APPROVED:
        return [GateItem(asked=Asked.APPROVED, there=waits(one, listed), is_met=False)]
    said = f": {one.comment}" if one.comment else ""
    there = f"commit {one.exactly[:12]} was approved by {one.answered_by}{said}"
    return [GateItem(asked=Asked.APPROVED, there=there, is_met=True)]


def ask(asked: MergeRequest, found: MergePreview, gate: Gate, places: MergePlaces) -> None:
    """Have the merge wait for approval, if that is all that it lacks."""
    if any(item.asked is not Asked.APPROVED for item in gate.missing):
        return
    approval = Approval(
        id=asked.merge_id,
        kitchen_id=asked.kitchen.id,
        kitchen=asked.kitchen.name,
        of=_OF,
        subject=asked.other.name,
        exactly=found.theirs,
        asked_by=asked.by.name,
        asked_at=asked.now,
        reason=asked.reason,
    )
    entry = asked.entry(ASKS, exactly=found.theirs, approval=approval.id)
    places.approvals.ask(approval, asked.kitchen, audit=entry)


def use_up(asked: MergeRequest, commit: str, places: MergePlaces) -> None:
    """Close the approval of a merge that is made."""
    one = _open_one(asked, commit, places)
    if one is not None:
        places.approvals.change(one, replace(one, state=ApprovalState.USED))


def _open_one(asked: MergeRequest, commit: str, places: MergePlaces) -> Approval | None:
    return places.approvals.open_one(asked.kitchen, _OF, subject=asked.other.name, exactly=commit)
