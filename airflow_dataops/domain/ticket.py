"""What a ticket is to say of a piece of work, and what it was told already.

A ticket follows the steps of its work one by one, also those that came while nobody could tell
it: many trackers let a ticket move to some places from its present one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.domain.work import Stay, Work


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """A ticket as its tracker has it.

    Attributes:
        status: the tracker's word for where it stands.
        account: whose it is, as the tracker knows them; None for nobody's.
    """

    key: str
    status: str
    account: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How far a ticket was told of its work.

    Attributes:
        entry, step, assignee: of the last stay that it knows of; None before the first.
        attempts: how often in a row telling failed; ``error`` says why.
    """

    kitchen_id: str
    key: str
    entry: int | None = None
    step: str | None = None
    assignee: str | None = None
    attempts: int = 0
    error: str | None = None


def untold(work: Work, told: Told | None) -> tuple[Stay, ...]:
    """What a ticket does not know of its work, the oldest first; the last of it is what holds."""
    if told is None or told.key != work.ticket or told.entry is None:
        return work.stays
    at_step = None
    for number, stay in enumerate(work.stays):
        if (stay.entry, stay.step, stay.assignee) == (told.entry, told.step, told.assignee):
            return work.stays[number + 1 :]
        if stay.step == told.step:
            at_step = number
    # A deed of an earlier moment was written later, and the course is another one now: from where
    # both agree, or from its beginning, as a workflow lets no step be skipped.
    return work.stays if at_step is None else work.stays[at_step:]
