"""What a ticket is to say of a piece of work, and what it was told already.

A ticket follows the steps of its work one by one, also those that came while nobody could tell
it: many trackers let a ticket move to some places from its present one alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.work import IN_ORDER

if TYPE_CHECKING:
    from airflow_dataops.domain.release_environment import TicketPlace
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
        status, account: what the ticket said when it was read or told last.
        asked: how often somebody said that it was changed; ``looked`` of these were looked at.
    """

    kitchen_id: str
    key: str
    entry: int | None = None
    step: str | None = None
    assignee: str | None = None
    attempts: int = 0
    error: str | None = None
    status: str | None = None
    account: str | None = None
    asked: int = 0
    looked: int = 0

    @property
    def is_asked(self) -> bool:
        """Whether the ticket was changed since it was read."""
        return self.asked != self.looked


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """What people are to read in a ticket.

    Attributes:
        mark: ends the text, and tells it from every other.
    """

    text: str
    mark: str


def way_to(stay: Stay, place: TicketPlace) -> list[str]:
    """The statuses that a ticket goes through until it says this, in their order."""
    if stay.step not in IN_ORDER:
        return []
    before = IN_ORDER[: IN_ORDER.index(stay.step) + 1]
    return [place.transitions[step] for step in before if step in place.transitions]


def comment_of(stay: Stay) -> Comment | None:
    """What whoever handed work on wanted the next one to know; None where that was nothing."""
    if stay.note is None or stay.entry is None:
        return None
    mark = f"(entry {stay.entry} of the audit trail)"
    return Comment(text=f"{stay.by} to {stay.assignee}: {stay.note}\n{mark}", mark=mark)


def news_of_ticket(work: Work, told: Told | None, place: TicketPlace | None) -> list[str]:
    """Where a ticket says something else than its work, a sentence each."""
    if place is None or work.ticket is None:
        return []
    key = work.ticket
    if untold(work, told):
        known = told if told and told.key == key else None
        why = known.error if known and known.error else "it is told within a minute"
        return [f"ticket {key} does not know of the last step yet: {why}"]
    if told is None or told.status is None:
        return []
    present, news = work.present, []
    status = place.transitions.get(present.step, told.status)
    if told.status != status:
        news.append(
            f"ticket {key} was moved to {told.status!r} by hand; the work is at step "
            f"{present.step}, which is {status!r} there"
        )
    if told.account != place.accounts.get(present.assignee, present.assignee):
        whose = next((one for one, is_ in place.accounts.items() if is_ == told.account), None)
        news.append(
            f"ticket {key} was given to {whose or told.account or 'nobody'} by hand; the work is "
            f"{present.assignee}'s, until somebody hands it off here"
        )
    return news
