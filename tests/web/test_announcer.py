"""The thread that tells people: started and ended with the server, woken by what happens."""

from __future__ import annotations

import threading
import time

import pytest

from airflow_dataops.plugins import announcer as module
from airflow_dataops.plugins.announcer import Announcer, AnnounceWhatHappens
from airflow_dataops.services.alerting import Round

pytestmark = pytest.mark.airflow


class Rounds:
    """Counts rounds and can fail."""

    def __init__(self):
        self.count, self.holders, self.answers = 0, set(), []
        self.urgent, self.open_incidents = [], 0

    def __call__(self, holder, *, is_urgent):
        self.urgent.append(is_urgent)
        self.count += 1
        self.holders.add(holder)
        answer = self.answers.pop(0) if self.answers else True
        if isinstance(answer, Exception):
            raise answer
        return Round(is_done=answer, open_incidents=self.open_incidents)

    def reach(self, count):
        deadline = time.monotonic() + 5
        while self.count < count:
            assert time.monotonic() < deadline
            time.sleep(0.005)


@pytest.fixture
def rounds(monkeypatch):
    monkeypatch.setattr(module, "SHORTEST_PAUSE_SECONDS", 0.01)
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 60)
    return Rounds()


@pytest.fixture
def announcer(rounds):
    announcer = Announcer(rounds)
    yield announcer
    announcer.stop()


async def app(scope, receive, send):
    """A server that lives and answers."""
    if scope["type"] == "http":
        await receive()
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})


def ask(announcer, method, path, body, **scope):
    import asyncio

    async def receive():
        return {"type": "http.request", "body": body}

    scope = {"type": "http", "method": method, "path": path, **scope}
    asyncio.run(AnnounceWhatHappens(app, by=announcer)(scope, receive, None))


def test_it_looks_at_once_and_when_it_is_woken(announcer, rounds):
    announcer.start()
    rounds.reach(1)
    for count in (2, 3):
        announcer.wake()
        rounds.reach(count)
    time.sleep(0.1)
    assert rounds.urgent == [False, True, True]


def test_it_looks_now_and_then_though_nobody_wakes_it(announcer, rounds, monkeypatch):
    monkeypatch.setattr(module, "LONGEST_PAUSE_SECONDS", 0.02)
    announcer.start()
    rounds.reach(3)


def test_what_is_not_done_is_tried_again_soon(announcer, rounds):
    rounds.answers = [False, False, True]
    announcer.start()
    rounds.reach(3)
    time.sleep(0.1)
    assert rounds.count == 3


def test_a_round_that_fails_is_complained_of_once_and_does_not_end_it(announcer, rounds, caplog):
    rounds.answers = [ValueError("postgresql://airflow:secret@db") for _ in range(3)]
    announcer.start()
    for count in (1, 2, 3, 4):
        rounds.reach(count)
        announcer.wake()
    said = [record.getMessage() for record in caplog.records]
    assert said == ["alerts are not looked after: ValueError"]


def test_there_is_one_thread_and_its_end_is_the_servers(announcer, rounds):
    for _ in range(3):
        announcer.start()
    rounds.reach(1)
    assert len(_threads()) == 1
    assert len(rounds.holders) == 1
    announcer.stop()
    deadline = time.monotonic() + 5
    while _threads():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def _threads():
    return [thread for thread in threading.enumerate() if thread.name == "dataops-alerts"]


def test_a_servers_life_starts_and_ends_it(announcer, rounds):
    import asyncio

    messages = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]

    async def receive():
        if len(messages) == 1:
            await asyncio.to_thread(rounds.reach, 1)
        return messages.pop(0)

    async def send(_message):
        return

    asyncio.run(AnnounceWhatHappens(app, by=announcer)({"type": "lifespan"}, receive, send))
    time.sleep(0.1)
    assert _threads() == []


@pytest.mark.parametrize(
    ("method", "path", "state", "open_incidents", "wakes"),
    [
        ("PATCH", "/execution/task-instances/01900000/state", "failed", 0, True),
        ("PATCH", "/execution/task-instances/01900000/state", "success", 0, False),
        ("PATCH", "/execution/task-instances/01900000/state", "success", 1, True),
        ("PUT", "/execution/task-instances/01900000/heartbeat", "failed", 1, False),
        ("GET", "/execution/connections/redshift", "", 1, False),
        ("POST", "/dataops/api/v1/kitchens", "", 0, True),
        ("GET", "/dataops/api/v1/kitchens", "", 1, False),
        ("POST", "/api/v2/dags/x/dagRuns", "", 1, False),
    ],
)
def test_what_may_have_changed_something_wakes_it(  # noqa: PLR0913, PLR0917
    announcer, rounds, method, path, state, open_incidents, wakes
):
    rounds.open_incidents = open_incidents
    announcer.start()
    rounds.reach(1)
    time.sleep(0.03)
    body = f'{{"state": "{state}"}}'.encode()
    ask(announcer, method, f"/airflow{path}", body, root_path="/airflow")
    if wakes:
        rounds.reach(2)
    time.sleep(0.05)
    assert rounds.count == (2 if wakes else 1)
