"""Which logins of vaults are in use, in Airflow's metadata database.

Shared by all API servers: any may be asked by a try, and any may hear of its end.
"""

from __future__ import annotations

from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    Uuid,
    and_,
    bindparam,
    column,
    delete,
    insert,
    not_,
    or_,
    select,
    table,
    update,
)

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.leases import Lease
from airflow_dataops.registry.models import KitchenRow, LeaseRow

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from sqlalchemy import Connection, Engine

# Of a single sweep: it is one request of the janitor's task, and the next one does the rest.
_MOST_AT_ONCE = 500

_FIELDS = tuple(field.name for field in fields(Lease))
_LEASE = tuple(LeaseRow.__table__.c[name] for name in _FIELDS)
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
        self._engine = engine

    def add(self, lease: Lease) -> None:
        """Write down who holds a login."""
        with self._engine.begin() as connection:
            connection.execute(insert(LeaseRow).values(asdict(lease)))

    def is_in_force(self, lease_id: str, *, now: datetime) -> bool:
        """Whether a login may still be used: nobody has begun to take it back."""
        asked = select(LeaseRow.lease_id).where(
            LeaseRow.lease_id == lease_id, LeaseRow.expires_at > now
        )
        with self._engine.connect() as connection:
            return connection.scalar(asked) is not None

    def end(self, task_instance: str, *, now: datetime) -> list[Lease]:
        """Put what a try held until now out of force; gives the logins to take back."""
        held = and_(LeaseRow.task_instance == task_instance, LeaseRow.issued_at <= now)
        with self._engine.begin() as connection:
            leases = [_lease(row) for row in connection.execute(select(*_LEASE).where(held))]
            if leases:
                in_force = and_(held, LeaseRow.expires_at > now)
                connection.execute(update(LeaseRow).where(in_force).values(expires_at=now))
            return leases

    def over(self, environment: str, *, now: datetime) -> list[Lease]:
        """Logins that nobody may use any more, the oldest first and some hundreds at most.

        They have expired, their try is not running, or their kitchen is going or gone.
        """
        is_over = or_(LeaseRow.expires_at <= now, not_(select(1).where(_works_in_kitchen).exists()))
        of_environment = (
            select(*_LEASE, is_over.label("is_over"))
            .where(LeaseRow.environment == environment)
            .order_by(LeaseRow.issued_at)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(of_environment).all()
            running = _running(connection, [row.task_instance for row in rows if row.task_instance])
        found = [
            _lease(row)
            for row in rows
            if row.is_over or (row.task_instance and row.task_instance not in running)
        ]
        return found[:_MOST_AT_ONCE]

    def remove(self, lease_id: str) -> None:
        """Forget a login that was taken back; forgotten already is no error."""
        with self._engine.begin() as connection:
            connection.execute(delete(LeaseRow).where(LeaseRow.lease_id == lease_id))


def _running(connection: Connection, task_instances: Iterable[str]) -> set[str]:
    asked = [UUID(task_instance) for task_instance in task_instances]
    found = connection.scalars(_RUNNING, {"asked": asked}) if asked else ()
    return {str(task_instance) for task_instance in found}


def _lease(row: Any) -> Lease:
    return Lease(**{name: getattr(row, name) for name in _FIELDS})
