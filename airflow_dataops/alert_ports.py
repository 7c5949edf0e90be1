"""What telling people of events needs from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.events import (
        Alert,
        AlertState,
        Event,
        Incident,
        Message,
        Posted,
        Watch,
    )


class Messenger(Protocol):
    """Where people of an environment read messages."""

    def post(
        self, message: Message, *, channel: str, thread: str | None = None, aloud: bool = False
    ) -> Posted:
        """Post a message.

        Args:
            message: what to post.
            channel: ``#name``, or the id that a ``Posted`` gave.
            thread: id of the message that it answers.
            aloud: show the answer in the channel, too.

        Raises:
            ChannelRefused: not to this channel; others may do.
            MessengerUnavailable: not now, whatever the channel.
        """


class Happenings(Protocol):
    """What happened, as the tables tell it."""

    def failures(self, environment: str, *, since: datetime) -> list[Event]:
        """Tries of kitchens' tasks that failed for good since then, oldest first.

        However they ended: by an error, killed with all that watched them, or lost.
        """

    def deeds(self, environment: str, *, since: datetime) -> list[Event]:
        """What was done to kitchens since then, oldest first."""

    def recovering(self, incidents: Sequence[Incident]) -> list[Incident]:
        """Those of these incidents whose task has succeeded since their last event."""

    def recovery(self, incident: Incident, *, tries: Iterable[str]) -> Event | None:
        """The success that ends an incident.

        Args:
            incident: one that is open.
            tries: task instances that the incident is about: a success of one of these is none,
                it warned or somebody marked it.
        """


class AlertBook(Protocol):
    """Alerts that are to be told or were, by incident. One process at a time tells them."""

    def record(self, events: Iterable[Event]) -> int:
        """Write events down to be told; those of known keys are there already. Gives the new."""

    def begin(
        self, environment: str, *, holder: str, now: datetime, until: datetime
    ) -> Watch | None:
        """Keep others from telling an environment's alerts; None where somebody else tells them."""

    def keep(self, environment: str, *, holder: str, until: datetime) -> bool:
        """Go on keeping others away; False where somebody else took over meanwhile."""

    def end(self, watch: Watch, *, holder: str) -> None:
        """Let others go on from here."""

    def waiting(self, environment: str, *, now: datetime) -> list[Alert]:
        """Alerts that are to be tried now, the oldest first, some hundreds at most."""

    def join(self, alert: Alert) -> None:
        """Let a task's trouble belong to its open incident, or open one."""

    def incidents(self, environment: str) -> list[Incident]:
        """Those that are open, of kitchens that live."""

    def tries(self, incident: Incident) -> list[str]:
        """Task instances that an incident is about."""

    def incident(self, incident_id: str) -> Incident:
        """An incident, open or closed."""

    def close(self, incident: Incident, recovery: Event) -> None:
        """Close an incident, and write the recovery down to be told; all or nothing."""

    def posted(self, alerts: Sequence[Alert], posted: Posted, *, now: datetime) -> None:
        """Note that alerts were told, all in one message."""

    def not_posted(self, alerts: Sequence[Alert], error: str, *, next_try_at: datetime) -> None:
        """Note why alerts could not be told."""

    def give_up(self, alerts: Sequence[Alert], state: AlertState, error: str) -> None:
        """Note that alerts will not be told any more."""

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove alerts that were settled before then; gives their number."""

    def alerts(
        self,
        *,
        environments: Sequence[str],
        kitchen_ids: Sequence[str],
        at_most: int,
        undelivered: bool = False,
    ) -> list[Alert]:
        """Alerts of these environments or of these kitchens, newest first.

        Args:
            environments: whose.
            kitchen_ids: whose besides.
            at_most: how many.
            undelivered: only those that nobody was told of.
        """
