"""The audit trail in Airflow's metadata database, which itself refuses to change an entry."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import sessionmaker

from airflow_dataops.registry.models import AuditRow
from airflow_dataops.registry.rows import audit_entry_of, audit_row

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from airflow_dataops.domain.audit import AuditEntry, AuditQuery


class AuditTable:
    """Who did what to which kitchen."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def add(self, entry: AuditEntry) -> None:
        """Write an entry."""
        with self._sessions.begin() as session:
            session.add(audit_row(entry))

    def entries(self, asked: AuditQuery) -> list[AuditEntry]:
        """Entries that were asked for, newest first."""
        query = select(AuditRow).order_by(AuditRow.at.desc(), AuditRow.id.desc())
        if asked.kitchen_id is not None:
            query = query.where(AuditRow.kitchen_id == asked.kitchen_id)
        if asked.environments is not None:
            query = query.where(AuditRow.environment.in_(asked.environments))
        if asked.actions is not None:
            query = query.where(AuditRow.action.in_(asked.actions))
        if asked.since is not None:
            query = query.where(AuditRow.at >= asked.since)
        if asked.until is not None:
            query = query.where(AuditRow.at < asked.until)
        with self._sessions() as session:
            return [audit_entry_of(row) for row in session.scalars(query.limit(asked.at_most))]
