"""What is being done to kitchens, kept in Airflow's metadata database.

Each write first takes the operation's row, on the condition that the attempt it is made for is
the present one. Of several who work for one operation, none can thus undo what another has noted,
however late it wakes up.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import Select, Update, func, select, update
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import OperationKind, Progress
from airflow_dataops.errors import OperationNotFound, Superseded
from airflow_dataops.registry import rows
from airflow_dataops.registry.held_rows import changed_one
from airflow_dataops.registry.models import KitchenRow, OperationRow, StepRow

if TYPE_CHECKING:
    from collections.abc import Callable

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.provisioning import Operation, Part


def _now() -> datetime:
    return datetime.now(tz=UTC)


class OperationTable:
    """Creations and deletions of kitchens, under way and over."""

    def __init__(self, engine: Engine, *, now: Callable[[], datetime] = _now) -> None:
        """Work on a database.

        Args:
            engine: Airflow's metadata database.
            now: the clock that says when attempts and steps begin and end.
        """
        self._sessions = sessionmaker(engine)
        self._now = now

    def operation(self, operation_id: str) -> Operation:
        """One operation with its steps.

        Raises:
            OperationNotFound: there is no such operation.
        """
        with self._sessions() as session:
            row = session.get(OperationRow, operation_id)
            if row is None:
                raise OperationNotFound(operation_id)
            return _operation(session, row)

    def latest(self, kitchen: Kitchen) -> Operation | None:
        """The last operation on a kitchen, over or not."""
        with self._sessions() as session:
            row = session.scalars(_operations_on(kitchen).limit(1)).first()
            return None if row is None else _operation(session, row)

    def all_of(self, kitchen: Kitchen) -> list[Operation]:
        """Every operation on a kitchen, the last one first."""
        with self._sessions() as session:
            return [_operation(session, row) for row in session.scalars(_operations_on(kitchen))]

    def next_attempt(self, operation: Operation) -> Operation:
        """Take over an operation: whoever works for the attempt before is told to stop.

        Raises:
            Superseded: somebody else has taken it over meanwhile, or it is over.
        """
        with self._sessions.begin() as session:
            _take(
                session,
                operation,
                attempt=operation.attempt + 1,
                attempt_began_at=self._now(),
                run_id=None,
                progress=Progress.RUNNING,
                error=None,
            )
            _set_left_steps(session, operation, Progress.PENDING)
        return self.operation(operation.id)

    def started(self, operation: Operation, *, run_id: str) -> None:
        """Note the provisioning run of this attempt.

        Raises:
            Superseded: this is not the present attempt.
        """
        with self._sessions.begin() as session:
            _take(session, operation, run_id=run_id)

    def step(
        self, operation: Operation, part: Part, progress: Progress, *, detail: str = ""
    ) -> None:
        """Note how far one step of an operation has come; one that is done stays done.

        Raises:
            Superseded: this is not the present attempt.
            ValueError: the operation has no such step.
        """
        values: dict[str, Any] = {"progress": progress, "detail": _storable(detail)}
        values |= (
            {"began_at": self._now(), "ended_at": None}
            if progress is Progress.RUNNING
            else {"ended_at": self._now()}
        )
        with self._sessions.begin() as session:
            # Whoever reports a step is at work again, also after a failure.
            _take(session, operation, progress=Progress.RUNNING, error=None)
            row = next(
                (row for row in _steps(session, operation.id) if rows.is_of(row, part)), None
            )
            if row is None:
                message = f"operation {operation.id} has no step {part.name} ({part.what})"
                raise ValueError(message)
            if row.progress != Progress.DONE:
                for name, value in values.items():
                    setattr(row, name, value)

    def failed(self, operation: Operation, *, error: str) -> None:
        """Note why this attempt ended early; another can follow.

        Raises:
            Superseded: this is not the present attempt.
        """
        with self._sessions.begin() as session:
            _take(session, operation, progress=Progress.FAILED, error=_storable(error))
            _set_left_steps(session, operation, Progress.FAILED, only=Progress.RUNNING)

    def finish(self, operation: Operation, *, audit: AuditEntry) -> None:
        """Note that nothing is left to do: the kitchen is ready now, or deleted.

        Raises:
            Superseded: this is not the present attempt.
            ValueError: a step is left.
        """
        with self._sessions.begin() as session:
            # The kitchen's row before the operation's, as where a deletion begins: of two who
            # took them in different orders, the database would end one.
            session.execute(_end_of(operation, audit))
            _take(session, operation, progress=Progress.DONE, ended_at=audit.at, error=None)
            left = select(func.count()).where(
                StepRow.operation_id == operation.id, StepRow.progress != Progress.DONE
            )
            if number := session.scalar(left):
                message = f"operation {operation.id} cannot end: {number} of its steps are left"
                raise ValueError(message)
            session.add(rows.audit_row(audit))


def _operations_on(kitchen: Kitchen) -> Select[OperationRow]:
    is_deletion = OperationRow.kind == OperationKind.DELETE
    return (
        select(OperationRow)
        .where(OperationRow.kitchen_id == kitchen.id)
        # One that is deleted in the moment of its creation was created first.
        .order_by(OperationRow.began_at.desc(), is_deletion.desc())
    )


def _take(session: Session, operation: Operation, **values: object) -> None:
    """Change an operation's row, and keep it from all others until the transaction ends."""
    present = update(OperationRow).where(
        OperationRow.id == operation.id,
        OperationRow.attempt == operation.attempt,
        OperationRow.ended_at.is_(None),
    )
    if changed_one(session, present.values(**values)):
        return
    row = session.get(OperationRow, operation.id)
    if row is None:
        raise OperationNotFound(operation.id)
    noun = "creation" if operation.kind is OperationKind.CREATE else "deletion"
    what = f"the {noun} of kitchen {operation.kitchen.name!r}"
    why = "is over" if row.ended_at else f"was taken over by attempt {row.attempt}"
    message = f"{what} {why}, so attempt {operation.attempt} stops here"
    raise Superseded(message)


def _end_of(operation: Operation, audit: AuditEntry) -> Update:
    living = update(KitchenRow).where(
        KitchenRow.id == operation.kitchen.id, KitchenRow.deleted_at.is_(None)
    )
    if operation.kind is OperationKind.DELETE:
        return living.values(deleted_at=audit.at, deleted_by=audit.by)
    return living.where(KitchenRow.state == KitchenState.CREATING).values(state=KitchenState.READY)


def _set_left_steps(
    session: Session, operation: Operation, progress: Progress, *, only: Progress | None = None
) -> None:
    left = update(StepRow).where(
        StepRow.operation_id == operation.id, StepRow.progress != Progress.DONE
    )
    if only is not None:
        left = left.where(StepRow.progress == only)
    session.execute(left.values(progress=progress))


def _steps(session: Session, operation_id: str) -> list[StepRow]:
    query = select(StepRow).where(StepRow.operation_id == operation_id).order_by(StepRow.position)
    return list(session.scalars(query))


def _operation(session: Session, row: OperationRow) -> Operation:
    found = session.execute(rows.kitchens().where(KitchenRow.id == row.kitchen_id)).one()
    return rows.operation_of(row, rows.kitchen_of(found), _steps(session, row.id))


def _storable(text: str) -> str:
    # Tools quote what they were sent; PostgreSQL takes no zero byte.
    return text.replace("\0", "")
