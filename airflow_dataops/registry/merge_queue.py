"""The queue of merges in our tables."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.merge_queue import QueueEntry, QueueState
from airflow_dataops.errors import KitchenBusy
from airflow_dataops.registry.evidence_models import QueueRow
from airflow_dataops.registry.held_rows import changed_one, hold_living
from airflow_dataops.registry.models import KitchenRow
from airflow_dataops.registry.rows import audit_row

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen


class QueueTable:
    """Who waits to be merged, in Airflow's metadata database; implements ``MergeQueue``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def join(self, entry: QueueEntry, kitchen: Kitchen, *, audit: AuditEntry) -> None:
        """Let a kitchen wait, in the place of an earlier wait of its own.

        Raises:
            KitchenBusy: it joins in this moment already, or is being deleted.
            KitchenNotFound: it is deleted.
        """
        try:
            with self._sessions.begin() as session:
                session.execute(
                    update(QueueRow)
                    .where(QueueRow.kitchen_id == kitchen.id, QueueRow.ended_at.is_(None))
                    .values(
                        state=QueueState.LEFT,
                        detail="it joined anew",
                        ended_by=entry.joined_by,
                        ended_at=entry.joined_at,
                    )
                )
                session.add(_row(entry))
                session.flush()
                hold_living(session, kitchen)
                session.add(audit_row(audit))
        except IntegrityError as error:
            what = "somebody else has it join; look at the queue again"
            raise KitchenBusy(kitchen.name, "joining the merge queue", what) from error

    def waiting(self, parent: Kitchen) -> list[QueueEntry]:
        """Kitchens that wait to be merged into one, the longest wait first.

        Of a kitchen that is gone nobody waits any more.
        """
        query = (
            select(QueueRow, KitchenRow.name)
            .join(KitchenRow, KitchenRow.id == QueueRow.kitchen_id)
            .where(
                QueueRow.parent_id == parent.id,
                QueueRow.ended_at.is_(None),
                KitchenRow.deleted_at.is_(None),
            )
            .order_by(QueueRow.joined_at, QueueRow.id)
        )
        with self._sessions() as session:
            return [_entry(row, name) for row, name in session.execute(query)]

    def end(self, entry: QueueEntry, *, audit: AuditEntry | None = None) -> bool:
        """Write down what became of a wait, unless somebody did meanwhile: then False."""
        change = (
            update(QueueRow)
            .where(QueueRow.id == entry.id, QueueRow.ended_at.is_(None))
            .values(
                state=entry.state,
                detail=entry.detail,
                ended_by=entry.ended_by,
                ended_at=entry.ended_at,
            )
        )
        with self._sessions.begin() as session:
            is_ours = changed_one(session, change)
            if is_ours and audit is not None:
                session.add(audit_row(audit))
        return is_ours


def _row(entry: QueueEntry) -> QueueRow:
    return QueueRow(
        id=entry.id,
        kitchen_id=entry.kitchen_id,
        parent_id=entry.parent_id,
        commit_id=entry.commit,
        joined_by=entry.joined_by,
        joined_at=entry.joined_at,
        state=entry.state,
        detail=entry.detail,
    )


def _entry(row: QueueRow, name: str) -> QueueEntry:
    waits = QueueEntry(
        id=row.id,
        kitchen_id=row.kitchen_id,
        kitchen=name,
        parent_id=row.parent_id,
        commit=row.commit_id,
        joined_by=row.joined_by,
        joined_at=row.joined_at,
    )
    return replace(
        waits,
        state=QueueState(row.state),
        detail=row.detail,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
    )
