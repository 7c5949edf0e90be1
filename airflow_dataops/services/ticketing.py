"""Tell a ticket of its work, each step once and in their order.

What is to be told follows from the audit trail, which is written in the transaction of each deed:
whatever dies, here or at the tracker, nothing is lost and the next round goes on. Before anything
is sent the ticket is read, and what it says already is not said again; so a replay moves nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain.ticket import comment_of, untold, way_to
from airflow_dataops.errors import DataOpsError, OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.release_environment import TicketPlace
    from airflow_dataops.domain.ticket import Ticket, Told
    from airflow_dataops.domain.work import Stay, Work
    from airflow_dataops.ticket_ports import IssueTracker, TicketBook

LEASE = timedelta(minutes=2)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=30), timedelta(minutes=15)


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPlaces:
    """What a round works with.

    Attributes:
        tracker: opens an environment's; raises where that cannot be done.
        clock: now, with a zone.
        holder: names this process; no other has the name.
    """

    book: TicketBook
    tracker: Callable[[], IssueTracker]
    clock: Callable[[], datetime]
    holder: str


def tell(works: Iterable[Work], place: TicketPlace, places: TicketPlaces) -> int:
    """Bring the tickets of an environment's works into step; gives how many still wait.

    One that is refused holds up itself alone; a tracker that does not answer ends the round.
    """
    known, waiting, is_up = places.book.all(), 0, True
    for work in works:
        key = work.ticket
        before = known.get(work.kitchen_id)
        if key is None or not (untold(work, before) or (before and before.is_asked)):
            continue
        if not is_up:
            waiting += 1
            continue
        now = places.clock()
        told = places.book.begin(
            work.kitchen_id, key, holder=places.holder, now=now, until=now + LEASE
        )
        if told is None:
            waiting += 1
            continue
        error = _tell_one(work, told, place, places)
        waiting += error is not None
        is_up = not isinstance(error, ToolUnreachable)
    return waiting


def _tell_one(
    work: Work, told: Told, place: TicketPlace, places: TicketPlaces
) -> DataOpsError | None:
    try:
        tracker = places.tracker()
        for stay in untold(work, told):
            told = replace(
                _say(told, stay, place, tracker),
                entry=stay.entry,
                step=stay.step,
                assignee=stay.assignee,
                attempts=0,
                error=None,
            )
            places.book.told(told, holder=places.holder)
        if told.is_asked:
            # What is said meanwhile counts as asked again, so that no change is overlooked.
            found = tracker.show(told.key)
            told = replace(
                told, status=found.status, account=found.account, looked=told.asked,
                attempts=0, error=None,
            )  # fmt: skip
            places.book.told(told, holder=places.holder)
    except DataOpsError as error:
        pause = min(_FIRST_PAUSE * 2 ** min(told.attempts, 10), _LONGEST_PAUSE)
        failed = replace(told, attempts=told.attempts + 1, error=str(error))
        next_try_at = places.clock() + pause
        places.book.failed(failed, holder=places.holder, next_try_at=next_try_at)
        return error
    places.book.end(told.kitchen_id, holder=places.holder)
    return None


def _say(told: Told, stay: Stay, place: TicketPlace, tracker: IssueTracker) -> Told:
    """Tell of one stay; gives what the ticket says then."""
    key = told.key
    found = tracker.show(key)
    status = place.transitions.get(stay.step)
    if status is not None and found.status != status:
        _move(found, status, way_to(stay, place), tracker)
    account = place.accounts.get(stay.assignee, stay.assignee)
    if found.account != account:
        tracker.assign(key, account)
    if (comment := comment_of(stay)) is not None:
        tracker.comment(key, comment)
    return replace(told, status=status or found.status, account=account)


def _move(found: Ticket, status: str, way: Sequence[str], tracker: IssueTracker) -> None:
    try:
        tracker.move(found.key, status)
    except ToolUnreachable:
        raise
    except OutsideSystemError:
        # Somebody moved it by hand to where its workflow does not lead on from.
        left = way[way.index(found.status) + 1 :] if found.status in way else way
        if len(left) < 2:  # noqa: PLR2004 - that one was refused
            raise
        for one in left:
            tracker.move(found.key, one)
