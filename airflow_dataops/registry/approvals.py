"""Approvals in our tables: one open at a time of each thing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.approval import Approval, ApprovalOf, ApprovalState
from airflow_dataops.registry.evidence_models import ApprovalRow
from airflow_dataops.registry.held_rows import changed_one, hold_living
from airflow_dataops.registry.models import KitchenRow
from airflow_dataops.registry.rows import audit_row

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sqlalchemy import Engine, Select

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen

_MOST_SHOWN = 500


class ApprovalTable:
    """Implements ``ApprovalBook`` in Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def open_one(
        self, kitchen: Kitchen, of: ApprovalOf, *, subject: str, exactly: str
    ) -> Approval | None:
        """The approval of exactly this that waits, or was given and is not used up."""
        query = _approvals().where(
            ApprovalRow.kitchen_id == kitchen.id,
            ApprovalRow.of == of,
            ApprovalRow.subject == subject,
            ApprovalRow.exactly == exactly,
            ApprovalRow.is_open,
        )
        with self._sessions() as session:
            found = session.execute(query).first()
        return None if found is None else _approval(*found)

    def one(self, approval_id: str) -> Approval | None:
        """An approval by its id; None where none has it, or its kitchen is gone."""
        with self._sessions() as session:
            found = session.execute(_approvals().where(ApprovalRow.id == approval_id)).first()
        return None if found is None else _approval(*found)

    def waiting(self, kitchens: Iterable[Kitchen]) -> list[Approval]:
        """What waits to be approved in some kitchens, the longest wait first."""
        ids = [kitchen.id for kitchen in kitchens]
        query = (
            _approvals()
            .where(ApprovalRow.kitchen_id.in_(ids), ApprovalRow.state == ApprovalState.WAITING)
            .order_by(ApprovalRow.asked_at, ApprovalRow.id)
            .limit(_MOST_SHOWN)
        )
        with self._sessions() as session:
            return [_approval(*found) for found in session.execute(query)]

    def ask(self, approval: Approval, kitchen: Kitchen, *, audit: AuditEntry) -> Approval:
        """Have something wait to be approved; gives what waits already, if it does.

        Raises:
            KitchenBusy: the kitchen is being deleted.
            KitchenNotFound: it is deleted.
        """
        about = {"subject": approval.subject, "exactly": approval.exactly}
        try:
            with self._sessions.begin() as session:
                session.add(_row(approval))
                session.flush()
                hold_living(session, kitchen)
                session.add(audit_row(audit))
        except IntegrityError:
            return self.open_one(kitchen, approval.of, **about) or approval
        return approval

    def change(self, before: Approval, after: Approval, *, audit: AuditEntry | None = None) -> bool:
        """Replace what became of an approval, unless somebody did meanwhile: then False."""
        change = (
            update(ApprovalRow)
            .where(ApprovalRow.id == before.id, ApprovalRow.state == before.state)
            .values(
                state=after.state,
                is_open=after.state in {ApprovalState.WAITING, ApprovalState.APPROVED},
                answered_by=after.answered_by,
                answered_at=after.answered_at,
                comment=after.comment,
            )
        )
        with self._sessions.begin() as session:
            is_ours = changed_one(session, change)
            if is_ours and audit is not None:
                session.add(audit_row(audit))
        return is_ours


def _approvals() -> Select[ApprovalRow, str]:
    return (
        select(ApprovalRow, KitchenRow.name)
        .join(KitchenRow, KitchenRow.id == ApprovalRow.kitchen_id)
        .where(KitchenRow.deleted_at.is_(None))
    )


def _row(one: Approval) -> ApprovalRow:
    return ApprovalRow(
        id=one.id,
        kitchen_id=one.kitchen_id,
        of=one.of,
        subject=one.subject,
        exactly=one.exactly,
        asked_by=one.asked_by,
        asked_at=one.asked_at,
        reason=one.reason,
        state=one.state,
        is_open=True,
    )


def _approval(row: ApprovalRow, kitchen: str) -> Approval:
    return Approval(
        id=row.id,
        kitchen_id=row.kitchen_id,
        kitchen=kitchen,
        of=ApprovalOf(row.of),
        subject=row.subject,
        exactly=row.exactly,
        asked_by=row.asked_by,
        asked_at=row.asked_at,
        reason=row.reason,
        state=ApprovalState(row.state),
        answered_by=row.answered_by,
        answered_at=row.answered_at,
        comment=row.comment,
    )
