"""Approvals: what an environment wants a second person to say yes to, before it lands or runs.

An approval is of exactly one thing: a commit that is to be merged into a kitchen, a schedule as
its code says it now. It is used up when that is done. Nobody approves what they asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.errors import NotAllowed

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Person

ASKS, APPROVES, REFUSES = "ask for approval", "approve", "refuse approval"


class ApprovalOf(StrEnum):
    """What is approved."""

    MERGE = "merge"
    SCHEDULE = "schedule"


class ApprovalState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    APPROVED = "approved"
    REFUSED = "refused"
    USED = "used"


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Something that somebody has to say yes to.

    Attributes:
        kitchen: name of the one that it is about.
        subject: the kitchen that is merged, or the pipeline, by name.
        exactly: the commit that is merged, or the schedule.
        reason: why it was asked for.
        comment: of who answered.
    """

    id: str
    kitchen_id: str
    kitchen: str
    of: ApprovalOf
    subject: str
    exactly: str
    asked_by: str
    asked_at: datetime
    reason: str | None = None
    state: ApprovalState = ApprovalState.WAITING
    answered_by: str | None = None
    answered_at: datetime | None = None
    comment: str | None = None

    @property
    def what(self) -> str:
        """What is to be approved, in the words of a refusal."""
        if self.of is ApprovalOf.MERGE:
            return f"the merge of {self.subject}, commit {self.exactly[:12]}, into {self.kitchen}"
        return f"the schedule {self.exactly} of {self.kitchen}.{self.subject}"


def who_approves(environment: ReleaseEnvironment, of: ApprovalOf) -> tuple[str, ...]:
    """People and roles who may approve something in an environment; none where nobody has to."""
    rule = environment.approvals
    return rule.by if rule is not None and of in rule.of else ()


def check_may_answer(person: Person, approval: Approval, environment: ReleaseEnvironment) -> None:
    """Let a person answer, or say who may: those whom the environment lists, but who asked.

    Raises:
        NotAllowed: they are not listed, or asked for it themselves.
    """
    listed = who_approves(environment, approval.of)
    where = f"approvals of environment {environment.name!r}"
    if not person.is_one_of(listed):
        said = f"{where} lists {', '.join(listed) or 'nobody'}"
        raise NotAllowed(person.name, f"approve {approval.what}", said)
    if person.name == approval.asked_by:
        said = f"they asked for it; another one of {', '.join(listed)} has to"
        raise NotAllowed(person.name, f"approve {approval.what}", said)


def waits(approval: Approval | None, listed: tuple[str, ...]) -> str:
    """What stands in the way of something that is not approved, in a sentence."""
    on = ", ".join(listed)
    if approval is None:
        return f"nobody has approved it; {on} can"
    return (
        f"it waits for approval by {on} since {approval.asked_at.isoformat(timespec='seconds')}: "
        f"airflow dataops approval give {approval.id}"
    )
