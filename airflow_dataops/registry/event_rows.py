"""Events become rows of messages, and rows events."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.events import (
    Alert,
    AlertState,
    Event,
    EventKind,
    Incident,
    TaskTry,
)
from airflow_dataops.registry.models import IncidentRow, MessageRow

# Of these a row has columns of its own.
_COLUMNS = ("key", "kind", "at", "environment", "kitchen_id", "kitchen")


def message_row(event: Event) -> MessageRow:
    """The row of an event that is to be told."""
    facts = {name: value for name, value in asdict(event).items() if name not in _COLUMNS}
    return MessageRow(
        **{name: getattr(event, name) for name in _COLUMNS},
        task_instance=event.task.task_instance if event.task else None,
        event=facts,
        state=AlertState.WAITING,
        attempts=0,
    )


def alert_of(row: MessageRow, kitchen_channel: str | None) -> Alert:
    """The alert in a row."""
    return Alert(
        id=row.id,
        event=_event(row),
        state=AlertState(row.state),
        kitchen_channel=kitchen_channel,
        incident=row.incident_id,
        channel=row.channel,
        attempts=row.attempts,
        error=row.error,
        sent_at=row.settled_at if row.state == AlertState.SENT else None,
    )


def incident_of(row: IncidentRow) -> Incident:
    """The incident in a row."""
    return Incident(
        id=row.id,
        environment=row.environment,
        kitchen_id=row.kitchen_id,
        dag_id=row.dag_id,
        task_id=row.task_id,
        opened_at=row.opened_at,
        last_at=row.last_at,
        channel=row.channel,
        thread=row.thread,
        last_post_at=row.last_post_at,
    )


def _event(row: MessageRow) -> Event:
    facts: Any = row.event
    task = facts["task"]
    return Event(
        key=row.key,
        kind=EventKind(row.kind),
        at=row.at,
        environment=row.environment,
        kitchen_id=row.kitchen_id,
        kitchen=row.kitchen,
        by=facts["by"],
        task=TaskTry(**task) if task else None,
        verdicts=tuple(_verdict(verdict) for verdict in facts["verdicts"]),
        text=facts["text"],
        details=facts["details"],
    )


def _verdict(facts: dict[str, Any]) -> Verdict:
    known = {**facts, "outcome": Outcome(facts["outcome"])}
    # Messages that an earlier release left have none.
    lists = {name: tuple(facts.get(name, ())) for name in ("numbers", "sample")}
    return Verdict(**{**known, **lists})
