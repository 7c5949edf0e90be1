"""What keeping tickets in step with their work needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.ticket import Comment, Ticket, Told


class IssueTracker(Protocol):
    """Where tickets are.

    Every call raises ``ToolUnreachable`` where it does not answer now, and ``OutsideSystemError``
    where it does not take what is asked.
    """

    def show(self, key: str) -> Ticket:
        """A ticket as it is."""

    def move(self, key: str, status: str) -> None:
        """Have a ticket stand at a status that can be reached from its present one."""

    def assign(self, key: str, account: str) -> None:
        """Make a ticket somebody's, and nobody else's."""

    def comment(self, key: str, comment: Comment) -> None:
        """Have people read something in a ticket, once: where its mark is, it was said."""


class TicketBook(Protocol):
    """How far tickets were told."""

    def begin(
        self, kitchen_id: str, key: str, *, holder: str, now: datetime, until: datetime
    ) -> Told | None:
        """Keep others from telling a ticket; None where somebody does, or it is not time yet."""

    def told(self, told: Told, *, holder: str) -> None:
        """Note how far it was told."""

    def failed(self, told: Told, *, holder: str, next_try_at: datetime) -> None:
        """Note why it could not be told, and let others try from then on."""

    def end(self, kitchen_id: str, *, holder: str) -> None:
        """Let others go on."""

    def all(self) -> dict[str, Told]:
        """Everything that was told, by the id of the work's kitchen."""

    def ask(self, key: str) -> int:
        """Have a ticket read anew; gives how many pieces of work have it."""


class HandOffs(Protocol):
    """Who was given a piece of work, one after the other."""

    def add(self, entry: AuditEntry, *, after: int | None) -> bool:
        """Write a hand-off; False where the work's last one is not the one with this id."""
