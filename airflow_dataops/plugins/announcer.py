"""A thread of the API server that tells people what happened.

The server is the one that speaks: it reads what happened from the tables, so it knows of tasks
that could not say a word any more, no code of a kitchen can forget or redirect an alert, no
worker holds a token, and no task waits for Slack. Each API server has such a thread; the tables
see to it that one of them at a time tells an environment's alerts.

It looks when a task has failed or somebody has changed a kitchen, and now and then besides: what
the scheduler finds dead passes no API server. A task that succeeds is of interest as long as some
task has not succeeded since it failed.
"""

from __future__ import annotations

import logging
import os
import socket
from contextlib import suppress
from threading import Event, Lock, Thread
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from airflow_dataops.services.alerting import Round

# What a try's end says of itself; that it stands elsewhere in the body costs a look, no more.
_FAILED = b'"failed"'

log = logging.getLogger(__name__)

# Between two rounds, so that a server under load spends little on them.
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 10.0


class Rounds(Protocol):
    """What the thread does again and again."""

    def __call__(self, holder: str, *, is_urgent: bool) -> Round:
        """Do what is to be done; what is not done is tried again soon."""


class Announcer:
    """The thread; started by the server's start and ended by its end.

    Args:
        make_rounds: what it does.
        about: what that is about, for the log.
        pause_seconds: at most, between two rounds; default: as for alerts.

    Attributes:
        awaits_successes: some task has not succeeded since it failed or warned.
    """

    def __init__(
        self,
        make_rounds: Rounds,
        *,
        about: str = "alerts",
        pause_seconds: float | None = None,
    ) -> None:
        self.awaits_successes = False
        self._make_rounds = make_rounds
        self._about = about
        self._pause_seconds = pause_seconds
        self._something_happened = Event()
        self._over = Event()
        self._starting = Lock()
        self._thread: Thread | None = None
        self._complaint: str | None = None

    def start(self) -> None:
        """Start; started already is no error."""
        with self._starting:
            if self._thread is not None:
                return
            self._over.clear()
            self._thread = Thread(target=self._work, name=f"dataops-{self._about}", daemon=True)
            self._thread.start()

    def wake(self) -> None:
        """Have it look soon."""
        self._something_happened.set()

    def stop(self) -> None:
        """Let it end after what it is at."""
        self._over.set()
        self._something_happened.set()
        with self._starting:
            self._thread = None

    def _work(self) -> None:
        # Two processes that were forked from one must not take each other for themselves.
        holder = f"{socket.gethostname()[:40]}-{os.getpid()}-{uuid4().hex[:8]}"
        is_urgent = False
        while not self._over.wait(SHORTEST_PAUSE_SECONDS):
            self._something_happened.clear()
            if self._is_done(holder, is_urgent=is_urgent):
                is_urgent = self._something_happened.wait(
                    self._pause_seconds or LONGEST_PAUSE_SECONDS
                )

    def _is_done(self, holder: str, *, is_urgent: bool) -> bool:
        try:
            done = self._make_rounds(holder, is_urgent=is_urgent)
        except Exception as error:  # noqa: BLE001 - whatever it is, it may pass
            # Once: it comes again every few seconds. Its text may hold a database URL.
            complaint = type(error).__name__
            if complaint != self._complaint:
                log.warning("%s are not looked after: %s", self._about, complaint)
            self._complaint = complaint
            return True
        self._complaint = None
        self.awaits_successes = done.open_incidents > 0
        return done.is_done


def _make_rounds(holder: str, *, is_urgent: bool) -> Round:
    from airflow_dataops import alert_places

    return alert_places.make_rounds(holder, is_urgent=is_urgent)


announcer = Announcer(_make_rounds)


class AnnounceWhatHappens:
    """Runs the thread as long as the server, and wakes it when something has happened.

    Args:
        app: the server.
        by: the thread.
        beside: others that live as long, and that nothing wakes.
    """

    def __init__(self, app: ASGIApp, *, by: Announcer, beside: Sequence[Announcer] = ()) -> None:
        self._app = app
        self._by = by
        self._all = (by, *beside)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or the server's life."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
            return
        if scope["type"] != "http" or not _may_have_changed(scope):
            await self._app(scope, receive, send)
            return
        is_of_interest = _is_ours(scope) or self._by.awaits_successes

        async def seen() -> Message:
            nonlocal is_of_interest
            message = await receive()
            is_of_interest = is_of_interest or _FAILED in message.get("body", b"")
            return message

        await self._app(scope, seen, send)
        if is_of_interest:
            self._by.wake()

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def watched() -> Message:
            message = await receive()
            if message["type"] == "lifespan.shutdown":
                for thread in self._all:
                    thread.stop()
            return message

        with suppress(Exception):
            for thread in self._all:
                thread.start()
        await self._app(scope, watched, send)


def _may_have_changed(scope: Scope) -> bool:
    if scope["method"] in {"GET", "HEAD", "OPTIONS"}:
        return False
    path = _path(scope)
    return _is_ours(scope) or (path.startswith("/execution/") and path.endswith("/state"))


def _is_ours(scope: Scope) -> bool:
    return _path(scope).startswith("/dataops/")


def _path(scope: Scope) -> str:
    return str(scope["path"]).removeprefix(scope.get("root_path", ""))
