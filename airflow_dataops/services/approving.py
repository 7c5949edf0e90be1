"""Answering what waits for approval: by whom the environment lists, and nobody for themselves."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.approval import (
    APPROVES,
    REFUSES,
    Approval,
    ApprovalState,
    check_may_answer,
)
from airflow_dataops.domain.audit import AuditEntry, check_reason
from airflow_dataops.errors import InvalidRequest, KitchenBusy

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Person
    from airflow_dataops.evidence_ports import ApprovalBook


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a person says to something that waits, when, and from where.

    Attributes:
        says_yes: otherwise it is refused, for a comment.
    """

    says_yes: bool
    by: Person
    now: datetime
    source: str
    comment: str | None = None


def answer(
    approval: Approval,
    given: Answer,
    kitchen: Kitchen,
    environment: ReleaseEnvironment,
    book: ApprovalBook,
) -> Approval:
    """Approve or refuse what waits; the same said again is no error.

    Raises:
        NotAllowed: the environment does not list the person, or they asked for it.
        InvalidRequest: it was answered otherwise, or refused without a comment.
        KitchenBusy: somebody else answers at this moment.
    """
    check_may_answer(given.by, approval, environment)
    check_reason(given.comment)
    wanted = ApprovalState.APPROVED if given.says_yes else ApprovalState.REFUSED
    if approval.state is wanted:
        return approval
    if approval.state is not ApprovalState.WAITING:
        message = (
            f"{approval.what} is {approval.state}, by {approval.answered_by}; "
            "who wants something else asks for it again"
        )
        raise InvalidRequest(message, field="approve")
    if not given.says_yes and not (given.comment or "").strip():
        message = "whoever refuses says why: give a reason"
        raise InvalidRequest(message, field="reason")
    after = replace(
        approval,
        state=wanted,
        answered_by=given.by.name,
        answered_at=given.now,
        comment=given.comment,
    )
    if not book.change(approval, after, audit=_entry(after, given, kitchen)):
        raise KitchenBusy(kitchen.name, "being answered for", "somebody else did; look again")
    return after


def _entry(approval: Approval, given: Answer, kitchen: Kitchen) -> AuditEntry:
    return AuditEntry(
        at=given.now,
        by=given.by.name,
        source=given.source,
        action=APPROVES if given.says_yes else REFUSES,
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        reason=given.comment,
        details={
            "of": approval.of,
            "about": approval.subject,
            "exactly": approval.exactly,
            "approval": approval.id,
            "asked by": approval.asked_by,
        },
    )
