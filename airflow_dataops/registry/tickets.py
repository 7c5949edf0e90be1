"""How far tickets were told of their work, in Airflow's metadata database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import CursorResult, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.ticket import Told
from airflow_dataops.registry.held_rows import changed_one
from airflow_dataops.registry.ticket_models import TicketRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy import Engine


class TicketTable:
    """Implements the port ``TicketBook``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def begin(
        self, kitchen_id: str, key: str, *, holder: str, now: datetime, until: datetime
    ) -> Told | None:
        """Keep others from telling a ticket; None where somebody does, or it is not time yet."""
        is_free = or_(
            TicketRow.held_by.is_(None), TicketRow.held_until < now, TicketRow.held_by == holder
        )
        is_due = or_(TicketRow.next_try_at.is_(None), TicketRow.next_try_at <= now)
        take = (
            update(TicketRow)
            .where(TicketRow.kitchen_id == kitchen_id, is_free, is_due)
            .values(held_by=holder, held_until=until)
        )
        with self._sessions.begin() as session:
            if session.get(TicketRow, kitchen_id) is None:
                try:
                    with session.begin_nested():
                        session.add(_new_row(kitchen_id, key))
                except IntegrityError:
                    return None
            if not changed_one(session, take):
                return None
            row = session.get_one(TicketRow, kitchen_id, populate_existing=True)
            if row.ticket != key:
                row.ticket, row.attempts = key, 0
                row.entry = row.step = row.assignee = row.error = None
                row.status = row.account = None
                row.looked = row.asked
            return _told_of(row)

    def told(self, told: Told, *, holder: str) -> None:
        """Note how far it was told."""
        self._write(told, holder, next_try_at=None, is_held=True)

    def failed(self, told: Told, *, holder: str, next_try_at: datetime) -> None:
        """Note why it could not be told, and let others try from then on."""
        self._write(told, holder, next_try_at=next_try_at, is_held=False)

    def end(self, kitchen_id: str, *, holder: str) -> None:
        """Let others go on."""
        mine = (TicketRow.kitchen_id == kitchen_id) & (TicketRow.held_by == holder)
        with self._sessions.begin() as session:
            session.execute(update(TicketRow).where(mine).values(held_by=None, held_until=None))

    def all(self) -> dict[str, Told]:
        """Everything that was told, by the id of the work's kitchen."""
        with self._sessions() as session:
            return {row.kitchen_id: _told_of(row) for row in session.scalars(select(TicketRow))}

    def ask(self, key: str) -> int:
        """Have a ticket read anew; gives how many pieces of work have it."""
        # The database counts: two who say so at once are two.
        asking = update(TicketRow).where(TicketRow.ticket == key).values(asked=TicketRow.asked + 1)
        with self._sessions.begin() as session:
            return int(cast("CursorResult[Any]", session.execute(asking)).rowcount)

    def _write(
        self, told: Told, holder: str, *, next_try_at: datetime | None, is_held: bool
    ) -> None:
        values: dict[str, object] = {
            "entry": told.entry,
            "step": told.step,
            "assignee": told.assignee,
            "attempts": told.attempts,
            "error": told.error,
            "status": told.status,
            "account": told.account,
            "looked": told.looked,
            "next_try_at": next_try_at,
        }
        if not is_held:
            values |= {"held_by": None, "held_until": None}
        # Who was slower than the lease writes nothing over what somebody else did meanwhile.
        mine = (TicketRow.kitchen_id == told.kitchen_id) & (TicketRow.held_by == holder)
        with self._sessions.begin() as session:
            session.execute(update(TicketRow).where(mine).values(**values))


def _told_of(row: TicketRow) -> Told:
    return Told(
        kitchen_id=row.kitchen_id,
        key=row.ticket,
        entry=row.entry,
        step=row.step,
        assignee=row.assignee,
        attempts=row.attempts,
        error=row.error,
        status=row.status,
        account=row.account,
        asked=row.asked,
        looked=row.looked,
    )


def _new_row(kitchen_id: str, key: str) -> TicketRow:
    return TicketRow(kitchen_id=kitchen_id, ticket=key, attempts=0, asked=0, looked=0)
