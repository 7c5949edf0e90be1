"""Alerts and incidents in Airflow's metadata database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

from sqlalchemy import CursorResult, Select, and_, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.events import AlertState, Watch
from airflow_dataops.registry.among import among
from airflow_dataops.registry.event_rows import alert_of, incident_of, message_row
from airflow_dataops.registry.models import IncidentRow, KitchenRow, MessageRow, WatchRow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.events import Alert, Event, Incident, Posted

_MOST_AT_ONCE = 500


class AlertTable:
    """Implements the port ``AlertBook``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine, expire_on_commit=False)

    def record(self, events: Iterable[Event]) -> int:
        """Write events down to be told; those of known keys are there already. Gives the new."""
        asked = list(events)
        return sum(
            self._record(asked[start : start + _MOST_AT_ONCE])
            for start in range(0, len(asked), _MOST_AT_ONCE)
        )

    def begin(
        self, environment: str, *, holder: str, now: datetime, until: datetime
    ) -> Watch | None:
        """Keep others from telling an environment's alerts; None where somebody else tells them."""
        is_free = or_(
            WatchRow.held_by.is_(None), WatchRow.held_until < now, WatchRow.held_by == holder
        )
        with self._sessions.begin() as session:
            if session.get(WatchRow, environment) is None:
                _add(session, WatchRow(environment=environment, since=now, seen_until=now))
            if not _hold(
                session, and_(WatchRow.environment == environment, is_free), holder, until
            ):
                return None
            row = session.get_one(WatchRow, environment, populate_existing=True)
            return Watch(
                environment=environment,
                since=row.since,
                seen_until=row.seen_until,
                wait_until=row.wait_until,
                setbacks=row.setbacks,
            )

    def keep(self, environment: str, *, holder: str, until: datetime) -> bool:
        """Go on keeping others away; False where somebody else took over meanwhile."""
        mine = and_(WatchRow.environment == environment, WatchRow.held_by == holder)
        with self._sessions.begin() as session:
            return _hold(session, mine, holder, until)

    def end(self, watch: Watch, *, holder: str) -> None:
        """Let others go on from here."""
        change = (
            update(WatchRow)
            .where(WatchRow.environment == watch.environment, WatchRow.held_by == holder)
            .values(
                seen_until=watch.seen_until,
                wait_until=watch.wait_until,
                setbacks=watch.setbacks,
                held_by=None,
                held_until=None,
            )
        )
        with self._sessions.begin() as session:
            session.execute(change)

    def waiting(self, environment: str, *, now: datetime) -> list[Alert]:
        """Alerts that are to be tried now, the oldest first, some hundreds at most."""
        query = (
            _messages()
            .where(
                MessageRow.environment == environment,
                MessageRow.state == AlertState.WAITING,
                or_(MessageRow.next_try_at.is_(None), MessageRow.next_try_at <= now),
            )
            .order_by(MessageRow.at, MessageRow.id)
            .limit(_MOST_AT_ONCE)
        )
        return self._alerts(query)

    def join(self, alert: Alert) -> None:
        """Let a task's trouble belong to its open incident, or open one."""
        event, task = alert.event, alert.event.task
        if task is None:
            message = f"alert {alert.id} is about no task"
            raise ValueError(message)
        query = select(IncidentRow).where(
            IncidentRow.environment == event.environment,
            IncidentRow.kitchen_id == event.kitchen_id,
            IncidentRow.dag_id == task.dag_id,
            IncidentRow.task_id == task.task_id,
            IncidentRow.closed_at.is_(None),
        )
        with self._sessions.begin() as session:
            incident = session.scalars(query).first()
            if incident is None:
                incident = IncidentRow(
                    id=str(uuid4()),
                    environment=event.environment,
                    kitchen_id=event.kitchen_id,
                    dag_id=task.dag_id,
                    task_id=task.task_id,
                    opened_at=event.at,
                    last_at=event.at,
                )
                session.add(incident)
                session.flush()
            incident.last_at = max(incident.last_at, event.at)
            session.get_one(MessageRow, alert.id).incident_id = incident.id

    def incidents(self, environment: str) -> list[Incident]:
        """Those that are open, of kitchens that live."""
        query = (
            select(IncidentRow)
            .outerjoin(KitchenRow, KitchenRow.id == IncidentRow.kitchen_id)
            .where(
                IncidentRow.environment == environment,
                IncidentRow.closed_at.is_(None),
                KitchenRow.deleted_at.is_(None),
            )
            .order_by(IncidentRow.opened_at)
        )
        with self._sessions() as session:
            return [incident_of(row) for row in session.scalars(query)]

    def tries(self, incident: Incident) -> list[str]:
        """Task instances that an incident is about."""
        query = select(MessageRow.task_instance).where(MessageRow.incident_id == incident.id)
        with self._sessions() as session:
            return [found for found in session.scalars(query) if found is not None]

    def incident(self, incident_id: str) -> Incident:
        """An incident, open or closed."""
        with self._sessions() as session:
            return incident_of(session.get_one(IncidentRow, incident_id))

    def close(self, incident: Incident, recovery: Event) -> None:
        """Close an incident, and write the recovery down to be told; all or nothing."""
        with self._sessions.begin() as session:
            session.get_one(IncidentRow, incident.id).closed_at = recovery.at
            row = message_row(recovery)
            row.incident_id = incident.id
            _add(session, row)

    def posted(self, alerts: Sequence[Alert], posted: Posted, *, now: datetime) -> None:
        """Note that alerts were told, all in one message."""
        values = {"state": AlertState.SENT, "settled_at": now, "channel": posted.channel}
        with self._sessions.begin() as session:
            session.execute(_change(alerts).values(**values, error=None))
            if (incident := alerts[0].incident) is not None:
                row = session.get_one(IncidentRow, incident)
                row.channel, row.thread, row.last_post_at = posted.channel, posted.id, now

    def not_posted(self, alerts: Sequence[Alert], error: str, *, next_try_at: datetime) -> None:
        """Note why alerts could not be told."""
        change = _change(alerts).values(
            error=error, next_try_at=next_try_at, attempts=MessageRow.attempts + 1
        )
        with self._sessions.begin() as session:
            session.execute(change)

    def give_up(self, alerts: Sequence[Alert], state: AlertState, error: str) -> None:
        """Note that alerts will not be told any more."""
        values = {"state": state, "error": error, "settled_at": alerts[0].event.at}
        with self._sessions.begin() as session:
            session.execute(_change(alerts).values(**values))

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove alerts that were settled before then; gives their number."""
        old = and_(MessageRow.environment == environment, MessageRow.settled_at < before)
        with self._sessions.begin() as session:
            done = cast("CursorResult[Any]", session.execute(delete(MessageRow).where(old)))
            is_told_of = select(1).where(MessageRow.incident_id == IncidentRow.id).exists()
            over = and_(IncidentRow.environment == environment, IncidentRow.closed_at < before)
            session.execute(delete(IncidentRow).where(over, ~is_told_of))
            return int(done.rowcount)

    def alerts(
        self,
        *,
        environments: Sequence[str],
        kitchen_ids: Sequence[str],
        at_most: int,
        undelivered: bool = False,
    ) -> list[Alert]:
        """Alerts of these environments or of these kitchens, newest first."""
        query = (
            _messages()
            .where(
                or_(
                    MessageRow.environment.in_(environments),
                    among(MessageRow.kitchen_id, kitchen_ids),
                )
            )
            .order_by(MessageRow.at.desc(), MessageRow.id.desc())
            .limit(at_most)
        )
        if undelivered:
            query = query.where(MessageRow.state != AlertState.SENT)
        return self._alerts(query)

    def _record(self, events: Sequence[Event]) -> int:
        keys = [event.key for event in events]
        known = select(MessageRow.key).where(MessageRow.key.in_(keys))
        with self._sessions.begin() as session:
            there = set(session.scalars(known))
            # One that another process wrote in this moment is known as well.
            return sum(_add(session, message_row(e)) for e in events if e.key not in there)

    def _alerts(self, query: Select[MessageRow, str | None]) -> list[Alert]:
        with self._sessions() as session:
            return [alert_of(row, channel) for row, channel in session.execute(query)]


def _messages() -> Select[MessageRow, str | None]:
    """Messages, each with the channel of its kitchen, of one that is deleted, too."""
    return select(MessageRow, KitchenRow.slack_channel).outerjoin(
        KitchenRow, KitchenRow.id == MessageRow.kitchen_id
    )


def _change(alerts: Sequence[Alert]) -> Any:
    return update(MessageRow).where(MessageRow.id.in_([alert.id for alert in alerts]))


def _hold(session: Session, which: Any, holder: str, until: datetime) -> bool:
    change = update(WatchRow).where(which).values(held_by=holder, held_until=until)
    return bool(cast("CursorResult[Any]", session.execute(change)).rowcount)


def _add(session: Session, row: WatchRow | MessageRow) -> bool:
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        return False
    return True
