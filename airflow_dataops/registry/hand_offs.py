"""Hand-offs in the audit trail: of two at once, one is written and the other is told so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select, update
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.work import HAND_OFF
from airflow_dataops.registry.models import AuditRow, KitchenRow
from airflow_dataops.registry.rows import audit_row

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from airflow_dataops.domain.audit import AuditEntry


class HandOffTable:
    """Implements the port ``HandOffs``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def add(self, entry: AuditEntry, *, after: int | None) -> bool:
        """Write a hand-off; False where the work's last one is not the one with this id."""
        its = (AuditRow.kitchen_id == entry.kitchen_id) & (AuditRow.action == HAND_OFF)
        with self._sessions.begin() as session:
            # A write that changes nothing: who hands it off at the same time waits for its end.
            session.execute(
                update(KitchenRow)
                .where(KitchenRow.id == entry.kitchen_id)
                .values(state=KitchenRow.state)
            )
            if session.scalar(select(func.max(AuditRow.id)).where(its)) != after:
                return False
            session.add(audit_row(entry))
            return True
