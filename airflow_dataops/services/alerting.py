"""Find what happened, write it down, and tell it: one round over an environment.

Everything is written down before anything is posted, and read from tables before that: whatever
dies in between, the next round goes on. A message is posted at least once; twice only if this
process dies after the messenger took it and before that was noted.

An environment's messenger that is down, slow or has had too much holds up its own alerts alone;
they wait, oldest first, and one refused channel does not stop the others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from airflow_dataops.domain.events import TROUBLE, AlertState, EventKind, channels
from airflow_dataops.errors import ChannelRefused, DataOpsError, MessengerUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow_dataops.alert_ports import AlertBook, Happenings, Messenger
    from airflow_dataops.domain.events import Alert, Event, Incident, Message, Posted, Watch
    from airflow_dataops.domain.release_environment import ReleaseEnvironment

# Events are dated by their worker's clock and visible when their transaction ends.
LOOK_BACK = timedelta(minutes=10)
LEASE = timedelta(minutes=1)
# Older alerts would tell of what everybody knows by then; they stay in the list.
LONGEST_WAIT = timedelta(days=7)
KEPT = timedelta(days=30)
# An answer in a thread that went quiet is shown in the channel, too.
QUIET = timedelta(hours=6)
# Looking costs the database some milliseconds, and each API server would do it.
RECENT = timedelta(seconds=8)
_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=1)
_MOST_IN_ONE = 50


class Render(Protocol):
    """Makes the message about events."""

    def __call__(self, events: Sequence[Event], *, remark: str | None = None) -> Message:
        """At least one event; what else the reader has to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What a round works with.

    Attributes:
        messenger: opens the environment's; raises where that cannot be done.
        clock: now, with a zone.
    """

    book: AlertBook
    happenings: Happenings
    messenger: Callable[[], Messenger]
    render: Render
    clock: Callable[[], datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What came of a round.

    Attributes:
        is_done: False where another process is at it.
        open_incidents: how many tasks have not succeeded since they failed or warned.
    """

    is_done: bool
    open_incidents: int = 0


def make_round(
    environment: ReleaseEnvironment, places: Places, *, holder: str, is_urgent: bool = True
) -> Round:
    """Tell what is to be told in an environment.

    Args:
        environment: one.
        places: to work with.
        holder: names this process; no other has the name.
        is_urgent: something is known to have happened; else a recent look, anybody's, will do.
    """
    now = places.clock()
    watch = places.book.begin(environment.name, holder=holder, now=now, until=now + LEASE)
    if watch is None:
        return Round(is_done=False)
    try:
        if is_urgent or now - watch.seen_until >= RECENT:
            watch = _look(watch, places, now)
        watch = _Telling(environment, places, holder).tell(watch)
    finally:
        places.book.end(watch, holder=holder)
    return Round(is_done=True, open_incidents=len(places.book.incidents(environment.name)))


def _look(watch: Watch, places: Places, now: datetime) -> Watch:
    """Write down what happened since the last look."""
    book, name = places.book, watch.environment
    since = max(watch.since, watch.seen_until - LOOK_BACK)
    book.record(places.happenings.failures(name, since=since))
    book.record(places.happenings.deeds(name, since=since))
    for alert in book.waiting(name, now=now):
        if alert.event.kind in TROUBLE and alert.incident is None:
            book.join(alert)
    for incident in places.happenings.recovering(book.incidents(name)):
        recovery = places.happenings.recovery(incident, tries=book.tries(incident))
        if recovery is not None:
            book.close(incident, recovery)
    if watch.seen_until.date() != now.date():
        book.forget(name, before=now - KEPT)
    return replace(watch, seen_until=now)


@dataclass(slots=True)
class _Telling:
    environment: ReleaseEnvironment
    places: Places
    holder: str

    def tell(self, watch: Watch) -> Watch:
        """Post what waits; gives when to go on."""
        now, book = self.places.clock(), self.places.book
        if watch.wait_until is not None and watch.wait_until > now:
            return watch
        waiting = self._worth_telling(book.waiting(self.environment.name, now=now), now)
        if not waiting:
            return watch
        try:
            messenger = self.places.messenger()
            for alerts in _together(waiting):
                if not book.keep(watch.environment, holder=self.holder, until=self._lease()):
                    return watch
                self._post(alerts, messenger)
        except DataOpsError as error:
            return self._set_back(watch, waiting, error)
        return replace(watch, wait_until=None, setbacks=0)

    def _worth_telling(self, waiting: Sequence[Alert], now: datetime) -> list[Alert]:
        worth = []
        for alert in waiting:
            if not channels(alert.kitchen_channel, self.environment):
                why = f"neither the kitchen nor environment {self.environment.name} names a channel"
                self.places.book.give_up([alert], AlertState.UNADDRESSED, why)
            elif now - alert.event.at > LONGEST_WAIT:
                why = alert.error or "it came too late"
                self.places.book.give_up([alert], AlertState.EXPIRED, why)
            else:
                worth.append(alert)
        return worth

    def _post(self, alerts: Sequence[Alert], messenger: Messenger) -> None:
        first, book = alerts[0], self.places.book
        incident = book.incident(first.incident) if first.incident else None
        events = [alert.event for alert in alerts]
        refusal: ChannelRefused | None = None
        for channel in channels(first.kitchen_channel, self.environment):
            remark = f"meant for {refusal.channel}: {refusal.reason}" if refusal else None
            message = self.places.render(events, remark=remark)
            try:
                posted = self._post_to(channel, message, incident, first.event, messenger)
            except ChannelRefused as error:
                refusal = refusal or error
                continue
            book.posted(alerts, posted, now=self.places.clock())
            return
        if refusal is not None:
            pause = min(_LONGEST_PAUSE * (1 + first.attempts), timedelta(hours=1))
            next_try_at = self.places.clock() + pause
            book.not_posted(alerts, str(refusal), next_try_at=next_try_at)

    def _post_to(
        self,
        channel: str,
        message: Message,
        incident: Incident | None,
        event: Event,
        messenger: Messenger,
    ) -> Posted:
        thread = incident.thread if incident and incident.channel == channel else None
        last = incident.last_post_at if incident else None
        was_quiet = last is not None and self.places.clock() - last > QUIET
        aloud = thread is not None and (was_quiet or event.kind is EventKind.RECOVERED)
        try:
            posted = messenger.post(message, channel=channel, thread=thread, aloud=aloud)
        except ChannelRefused:
            if thread is None:
                raise
            # Somebody may have deleted the message that the thread hangs on.
            posted, thread = messenger.post(message, channel=channel), None
        return replace(posted, channel=channel, id=thread or posted.id)

    def _set_back(self, watch: Watch, waiting: Sequence[Alert], error: DataOpsError) -> Watch:
        now = self.places.clock()
        pause = min(_FIRST_PAUSE * 2 ** min(watch.setbacks, 10), _LONGEST_PAUSE)
        if isinstance(error, MessengerUnavailable) and error.wait_seconds is not None:
            pause = timedelta(seconds=min(error.wait_seconds, LONGEST_WAIT.total_seconds()))
        left = [a.id for a in self.places.book.waiting(self.environment.name, now=now)]
        stuck = [alert for alert in waiting if alert.id in left]
        self.places.book.not_posted(stuck, str(error), next_try_at=now)
        return replace(watch, wait_until=now + pause, setbacks=watch.setbacks + 1)

    def _lease(self) -> datetime:
        return self.places.clock() + LEASE


def _together(waiting: Sequence[Alert]) -> list[list[Alert]]:
    """Alerts by message: tries of one mapped task that failed in one run share theirs."""
    groups: list[list[Alert]] = []
    open_groups: dict[object, list[Alert]] = {}
    for alert in waiting:
        task = alert.event.task
        is_mapped = task is not None and task.map_index >= 0
        if task is None or not is_mapped or alert.event.kind is not EventKind.FAILED:
            groups.append([alert])
            continue
        of_run = (alert.incident, task.run_id)
        group = open_groups.get(of_run)
        if group is None or len(group) == _MOST_IN_ONE:
            group = open_groups[of_run] = []
            groups.append(group)
        group.append(alert)
    return groups
