"""Which logins of vaults are in use, in Airflow's metadata database.

Shared by all API servers: any may be asked by a try, and any may hear of its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from sqlalchemy import Uuid, and_, bindparam, column, delete, not_, or_, select, table, update
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.leases import Lease
from airflow_dataops.registry.models import KitchenRow, LeaseRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

# Of a single sweep: it is one request of the janitor's task, and the next one does the rest.
_MOST_AT_ONCE = 500

_task_instance = table("task_instance", column("id", Uuid()), column("state"))
_RUNNING = select(_task_instance.c.id).where(
    _task_instance.c.state == "running",
    _task_instance.c.id.in_(bindparam("asked", type_=Uuid(), expanding=True)),
)
_works_in_kitchen = and_(
    KitchenRow.id == LeaseRow.kitchen_id,
    KitchenRow.deleted_at.is_(None),
    KitchenRow.state == KitchenState.READY,
)


class LeaseTable:
    """Implements the port ``Leases``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def add(self, lease: Lease) -> None:
        """Write down who holds a login."""
        row = LeaseRow(
            lease_id=lease.lease_id,
            environment=lease.environment,
            kitchen_id=lease.kitchen_id,
            tool=lease.tool,
            task_instance=lease.task_instance,
            person=lease.person,
            issued_at=lease.issued_at,
            expires_at=lease.expires_at,
        )
        with self._sessions.begin() as session:
            session.add(row)

    def is_in_force(self, lease_id: str, *, now: datetime) -> bool:
        """Whether a login may still be used: nobody has begun to take it back."""
        asked = select(LeaseRow.lease_id).where(
            LeaseRow.lease_id == lease_id, LeaseRow.expires_at > now
        )
        with self._sessions() as session:
            return session.scalar(asked) is not None

    def end(self, task_instance: str, *, now: datetime) -> list[Lease]:
        """Put what a try held until now out of force; gives the logins to take back."""
        held = and_(LeaseRow.task_instance == task_instance, LeaseRow.issued_at <= now)
        with self._sessions() as session:
            leases = [_lease(row) for row in session.scalars(select(LeaseRow).where(held))]
            if leases:
                in_force = and_(held, LeaseRow.expires_at > now)
                session.execute(update(LeaseRow).where(in_force).values(expires_at=now))
                session.commit()
            return leases

    def over(self, environment: str, *, now: datetime) -> list[Lease]:
        """Logins that nobody may use any more, the oldest first and some hundreds at most.

        They have expired, their try is not running, or their kitchen is going or gone.
        """
        is_over = or_(LeaseRow.expires_at <= now, not_(select(1).where(_works_in_kitchen).exists()))
        of_environment = (
            select(LeaseRow, is_over.label("is_over"))
            .where(LeaseRow.environment == environment)
            .order_by(LeaseRow.issued_at)
        )
        with self._sessions() as session:
            rows = [(_lease(row), over) for row, over in session.execute(of_environment)]
            running = _running(
                session, [lease.task_instance for lease, _ in rows if lease.task_instance]
            )
        found = [
            lease
            for lease, over in rows
            if over or (lease.task_instance and lease.task_instance not in running)
        ]
        return found[:_MOST_AT_ONCE]

    def remove(self, lease_id: str) -> None:
        """Forget a login that was taken back; forgotten already is no error."""
        with self._sessions.begin() as session:
            session.execute(delete(LeaseRow).where(LeaseRow.lease_id == lease_id))


def _running(session: Session, task_instances: Iterable[str]) -> set[str]:
    asked = [UUID(task_instance) for task_instance in task_instances]
    return {str(found) for found in session.scalars(_RUNNING, {"asked": asked})} if asked else set()


def _lease(row: LeaseRow) -> Lease:
    return Lease(
        lease_id=row.lease_id,
        environment=row.environment,
        kitchen_id=row.kitchen_id,
        tool=row.tool,
        task_instance=row.task_instance,
        person=row.person,
        issued_at=row.issued_at,
        expires_at=row.expires_at,
    )
