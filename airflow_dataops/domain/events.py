"""What happened in a kitchen that somebody should hear of, and where an alert about it stands."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_dataops.domain.data_tests import Verdict
    from airflow_dataops.domain.release_environment import ReleaseEnvironment

# The tool whose connection messages go through.
MESSENGER = "slack"
# What is longer is cut where it enters: a message is no place for a book.
LONGEST_NOTE = 2000
LONGEST_TEST_NAME = 250
MOST_VERDICTS = 200
MOST_NOTES = 10
MOST_PICTURES = 3


class EventKind(StrEnum):
    """What happened."""

    FAILED = "failed"
    WARNED = "warned"
    RECOVERED = "recovered"
    CREATED = "created"
    DELETED = "deleted"
    ENDS_SOON = "ends soon"
    STAFF = "staff"
    SWITCHED = "switched"
    NOTE = "note"
    WEEK = "week"


# What opens an incident, or goes on with one: its task is to be put right.
TROUBLE = frozenset({EventKind.FAILED, EventKind.WARNED})


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskTry:
    """One try of a task.

    Attributes:
        task_instance: Airflow's id; each try has its own.
        map_index: -1 for a task that is not mapped.
    """

    task_instance: str
    dag_id: str
    run_id: str
    task_id: str
    map_index: int
    try_number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happened.

    Attributes:
        key: the same event seen twice, by two servers or after a death, has the same key.
        at: when it happened, which can be long before anybody is told.
        kitchen_id, kitchen: None where it happened to the environment's own tasks.
        by: who did it; None for what nobody did.
        task: the try it is about, if it is about one.
        verdicts: of a stage's tests that did not pass.
        text: an author's note, a person's reason, or what is known of a task's death.
        details: of a deed, as the audit trail has them.
    """

    key: str
    kind: EventKind
    at: datetime
    environment: str
    kitchen_id: str | None = None
    kitchen: str | None = None
    by: str | None = None
    task: TaskTry | None = None
    verdicts: tuple[Verdict, ...] = ()
    text: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


def trouble_key(task_instance: str) -> str:
    """Key of a try's one alert: its verdicts, where they were told of, say it for its failure."""
    return f"{task_instance}:{EventKind.FAILED}"


class AlertState(StrEnum):
    """What became of an alert; one that is ``UNADDRESSED`` had no channel to go to."""

    WAITING = "waiting"
    SENT = "sent"
    UNADDRESSED = "unaddressed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """An event that is to be told, or was.

    Attributes:
        kitchen_channel: channel of the kitchen's own, as it is set now.
        incident: id of the incident that it belongs to.
        channel: where it was posted.
        error: why it could not be posted when that was tried last.
    """

    id: int
    event: Event
    state: AlertState = AlertState.WAITING
    kitchen_channel: str | None = None
    incident: str | None = None
    channel: str | None = None
    attempts: int = 0
    error: str | None = None
    sent_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A task's trouble from its first failure or warning until it succeeds.

    Attributes:
        opened_at: of its first event.
        last_at: of its last event.
        channel, thread: where it is told of; None before the first message is posted.
        last_post_at: when somebody was last told.
    """

    id: str
    environment: str
    kitchen_id: str | None
    dag_id: str
    task_id: str
    opened_at: datetime
    last_at: datetime
    channel: str | None = None
    thread: str | None = None
    last_post_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Watch:
    """How far an environment's events were seen, and when its alerts can be posted again.

    Attributes:
        since: what happened before is nobody's alert: it was not watched for yet.
        wait_until: the messenger is left alone until then.
        setbacks: how often in a row no message could be posted.
    """

    environment: str
    since: datetime
    seen_until: datetime
    wait_until: datetime | None = None
    setbacks: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture that a message carries.

    Attributes:
        name: of its file.
        title: above it.
        told: what it shows, in words.
        content: PNG.
    """

    name: str
    title: str
    told: str
    content: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What is posted.

    Attributes:
        text: one line, for notifications and lists; escaped like the rest.
        blocks: of Slack's Block Kit.
        pictures: shown in its thread, where the messenger takes them.
    """

    text: str
    blocks: tuple[dict[str, object], ...]
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """Where a message was posted; ``id`` is what answers in its thread name."""

    channel: str
    id: str


def channels(kitchen_channel: str | None, environment: ReleaseEnvironment) -> list[str]:
    """Where an alert goes: the first that can be posted to; none where nobody named one.

    A protected environment's alerts go to its own channel, whatever its kitchen says.
    """
    asked = [environment.alerts.get("slack_channel")]
    if not environment.protected:
        asked.insert(0, kitchen_channel)
    named = [channel if channel[0] in "#CGD" else f"#{channel}" for channel in asked if channel]
    return list(dict.fromkeys(named))
