"""What happened to kitchens' tasks and to kitchens, read from Airflow's tables and ours.

The tables know of every end: of a task that failed in its own words, of one that was killed with
all that watched it, of one that the executor lost. No callback is called for the latter.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Uuid, and_, column, func, or_, select, table, tuple_

from airflow_dataops.domain import names
from airflow_dataops.domain.events import Event, EventKind, TaskTry, trouble_key
from airflow_dataops.registry.identities import namespace_of
from airflow_dataops.registry.models import AuditRow, BundleVersionRow, KitchenRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, Select

    from airflow_dataops.domain.events import Incident

_TRY = ("dag_id", "run_id", "task_id", "map_index", "try_number")
_ti = table(
    "task_instance",
    column("id", Uuid()),
    *(column(name) for name in (*_TRY, "state", "max_tries")),
    column("end_date", UtcDateTime),
)
_dag = table("dag", column("dag_id"), column("bundle_name"))
_log = table("log", *(column(name) for name in (*_TRY, "event")), column("dttm", UtcDateTime))
# What the scheduler notes of a task that ended without a word.
_DEATHS = {
    "heartbeat timeout": "It gave no sign of life any more and was given up.",
    "state mismatch": "Its process ended without a word; its executor says so.",
}
_DEEDS = (
    EventKind.CREATED,
    EventKind.DELETED,
    EventKind.ENDS_SOON,
    EventKind.STAFF,
    EventKind.SWITCHED,
)
_MOST_SUCCESSES = 100
_MOST_AT_ONCE = 200
# The note is made by the scheduler's clock, the end can be dated by the worker's.
_NOTED_BEFORE = timedelta(hours=1)


class AirflowHappenings:
    """Implements the port ``Happenings``."""

    def __init__(self, engine: Engine) -> None:
        """Read Airflow's metadata database."""
        self._engine = engine

    def failures(self, environment: str, *, since: datetime) -> list[Event]:
        """Tries of kitchens' tasks that failed for good since then, oldest first.

        However they ended: by an error, killed with all that watched them, or lost.
        """
        query = _tasks_of(environment).where(_ti.c.state == "failed", _ti.c.end_date >= since)
        with self._engine.connect() as connection:
            rows = connection.execute(query.order_by(_ti.c.end_date)).all()
            deaths = _deaths(connection, since) if rows else {}
        return [
            _event(row, EventKind.FAILED, environment, text=deaths.get(_named(row))) for row in rows
        ]

    def deeds(self, environment: str, *, since: datetime) -> list[Event]:
        """What was done to kitchens since then, oldest first."""
        query = (
            select(AuditRow.__table__)
            .where(
                AuditRow.environment == environment,
                AuditRow.at >= since,
                AuditRow.action.in_(_DEEDS),
            )
            .order_by(AuditRow.at, AuditRow.id)
        )
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        return [
            Event(
                key=f"audit:{row.id}",
                kind=EventKind(row.action),
                at=row.at,
                environment=environment,
                kitchen_id=row.kitchen_id,
                kitchen=row.kitchen,
                by=row.by,
                text=row.reason,
                details={name: str(value) for name, value in (row.details or {}).items()},
            )
            for row in rows
        ]

    def recovering(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Those of these incidents whose task has succeeded since their last event."""
        found: dict[tuple[str, str], datetime] = {}
        with self._engine.connect() as connection:
            for start in range(0, len(incidents), _MOST_AT_ONCE):
                asked = incidents[start : start + _MOST_AT_ONCE]
                query = (
                    select(_ti.c.dag_id, _ti.c.task_id, func.max(_ti.c.end_date, type_=UtcDateTime))
                    .where(
                        tuple_(_ti.c.dag_id, _ti.c.task_id).in_(
                            [(incident.dag_id, incident.task_id) for incident in asked]
                        ),
                        _ti.c.state == "success",
                    )
                    .group_by(_ti.c.dag_id, _ti.c.task_id)
                )
                for dag_id, task_id, ended in connection.execute(query):
                    found[dag_id, task_id] = ended
        return [
            incident
            for incident in incidents
            if (ended := found.get((incident.dag_id, incident.task_id))) is not None
            and ended > incident.last_at
        ]

    def recovery(self, incident: Incident, *, tries: Iterable[str]) -> Event | None:
        """The success that ends an incident.

        One of a mapped task ends it when all of its tries in that run succeeded.

        Args:
            incident: one that is open.
            tries: task instances that the incident is about: a success of one of these is none,
                it warned or somebody marked it.
        """
        of_task = and_(_ti.c.dag_id == incident.dag_id, _ti.c.task_id == incident.task_id)
        successes = (
            _tasks_of(incident.environment)
            .where(of_task, _ti.c.state == "success", _ti.c.end_date > incident.last_at)
            .order_by(_ti.c.end_date)
            .limit(_MOST_SUCCESSES)
        )
        about = set(tries)
        with self._engine.connect() as connection:
            for row in connection.execute(successes).all():
                if str(row.id) in about:
                    continue
                of_run = select(_ti.c.id, _ti.c.state).where(of_task, _ti.c.run_id == row.run_id)
                others = connection.execute(of_run).all()
                if all(o.state == "success" and str(o.id) not in about for o in others):
                    return _event(row, EventKind.RECOVERED, incident.environment)
        return None

    def task_try(self, task_instance: str) -> tuple[TaskTry, bool]:
        """A task instance as it is now, and whether this is its last try.

        Raises:
            ValueError: there is none of this id.
        """
        query = select(_ti).where(_ti.c.id == UUID(task_instance))
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            message = f"there is no task instance {task_instance}"
            raise ValueError(message)
        return _task_try(row), row.try_number > row.max_tries


def _tasks_of(environment: str) -> Select[Any]:
    """Task instances of an environment's living kitchens, and of its own DAGs."""
    kitchens_bundles = select(BundleVersionRow.bundle_name).where(
        BundleVersionRow.environment == environment
    )
    is_kitchens: ColumnElement[bool] = and_(
        KitchenRow.name == namespace_of(_ti.c.dag_id),
        KitchenRow.environment == environment,
        KitchenRow.deleted_at.is_(None),
        # Another kitchen may have had the name before.
        KitchenRow.created_at <= _ti.c.end_date,
    )
    platform = (names.provision_dag(environment), names.janitor_dag(environment))
    return (
        select(_ti, KitchenRow.id.label("kitchen_id"), KitchenRow.name.label("kitchen"))
        .join(_dag, _dag.c.dag_id == _ti.c.dag_id)
        .outerjoin(KitchenRow.__table__, is_kitchens)
        .where(
            _dag.c.bundle_name.in_(kitchens_bundles),
            or_(KitchenRow.id.is_not(None), _ti.c.dag_id.in_(platform)),
        )
    )


def _event(row: Any, kind: EventKind, environment: str, *, text: str | None = None) -> Event:
    task = _task_try(row)
    is_trouble = kind is EventKind.FAILED
    return Event(
        key=trouble_key(task.task_instance) if is_trouble else f"{task.task_instance}:{kind}",
        kind=kind,
        at=row.end_date,
        environment=environment,
        kitchen_id=row.kitchen_id,
        kitchen=row.kitchen,
        task=task,
        text=text,
    )


def _task_try(row: Any) -> TaskTry:
    return TaskTry(task_instance=str(row.id), **{name: getattr(row, name) for name in _TRY})


def _deaths(connection: Connection, since: datetime) -> dict[tuple[object, ...], str]:
    """What the scheduler noted of tries that ended without a word, by what names the try."""
    query = (
        select(_log)
        .where(_log.c.event.in_(_DEATHS), _log.c.dttm >= since - _NOTED_BEFORE)
        # A try can have both; the last counts, and that it gave no sign of life says more.
        .order_by(_log.c.event.desc())
    )
    return {_named(row): _DEATHS[row.event] for row in connection.execute(query)}


def _named(row: Any) -> tuple[object, ...]:
    return tuple(getattr(row, name) for name in _TRY)
