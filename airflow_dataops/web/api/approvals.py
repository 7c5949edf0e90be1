"""What waits for somebody's approval, and its answer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Depends

from airflow_dataops.domain.approval import ApprovalOf, ApprovalState, who_approves
from airflow_dataops.services import approving
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.problems import Problem
from airflow_dataops.web.schemas import AnswerApproval
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.approval import Approval
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.web.visit import Visit

router = APIRouter(prefix="/approvals", tags=["approvals"])


@dataclass(frozen=True, kw_only=True)
class ApprovalAnswer:
    """Something that has to be approved, or was; ``on`` are people and roles who can.

    ``subject`` is the kitchen that is merged, or the pipeline; ``exactly`` its commit or schedule.
    """

    id: str
    kitchen: str
    environment: str
    of: ApprovalOf
    subject: str
    exactly: str
    what: str
    asked_by: str
    asked_at: datetime
    reason: str | None
    on: list[str]
    state: ApprovalState
    answered_by: str | None
    answered_at: datetime | None
    comment: str | None


@router.get("")
def list_approvals(visit: PresentVisit) -> list[ApprovalAnswer]:
    """What waits for approval in kitchens that you may see, the longest wait first."""
    kitchens = {seen.kitchen.id: seen.kitchen for seen in visit.visible()}
    waiting = visit.installation.approvals.waiting(kitchens.values())
    return [_answer(one, kitchens[one.kitchen_id], visit) for one in waiting]


@router.post("/{approval_id}/answer", openapi_extra=described(AnswerApproval))
def answer_approval(
    visit: PresentVisit,
    approval_id: str,
    body: Annotated[AnswerApproval, Depends(body_of(AnswerApproval))],
) -> ApprovalAnswer:
    """Approve what waits, or refuse it; whom the environment lists may, but who asked."""
    book = visit.installation.approvals
    found = book.one(approval_id) if len(approval_id) <= 36 else None  # noqa: PLR2004 - an id's
    kitchens = {seen.kitchen.id: seen.kitchen for seen in visit.visible()}
    if found is None or found.kitchen_id not in kitchens:
        message = (
            f"nothing that you may see waits for approval under the id {approval_id[:80]!r}; "
            "airflow dataops approval list shows what does"
        )
        raise Problem(HTTPStatus.NOT_FOUND, message)
    kitchen = kitchens[found.kitchen_id]
    given = approving.Answer(
        says_yes=body.approve,
        by=visit.person,
        now=visit.now,
        source=visit.source,
        comment=body.reason,
    )
    done = approving.answer(found, given, kitchen, visit.environment(kitchen), book)
    return _answer(done, kitchen, visit)


def _answer(one: Approval, kitchen: Kitchen, visit: Visit) -> ApprovalAnswer:
    return ApprovalAnswer(
        id=one.id,
        kitchen=one.kitchen,
        environment=kitchen.environment,
        of=one.of,
        subject=one.subject,
        exactly=one.exactly,
        what=one.what,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        reason=one.reason,
        on=list(who_approves(visit.environment(kitchen), one.of)),
        state=one.state,
        answered_by=one.answered_by,
        answered_at=one.answered_at,
        comment=one.comment,
    )
