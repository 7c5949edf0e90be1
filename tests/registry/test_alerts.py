"""Alerts and incidents in a migrated metadata database."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.events import AlertState, EventKind, Posted
from tests.alert_values import KITCHEN, NOON, TOO_FEW, TRY, deed, failure
from tests.registry import kitchen_rows

pytestmark = pytest.mark.airflow
DEV = "development"
MINUTE = timedelta(minutes=1)
LATER = replace(TRY, task_instance="01900000-0000-7000-8000-000000000002", run_id="later")


@pytest.fixture
def book(engine):
    from sqlalchemy import update

    from airflow_dataops.registry.alerts import AlertTable
    from airflow_dataops.registry.models import KitchenRow

    kitchen_rows.add_kitchen(engine, "dev_kitchen")
    with engine.begin() as connection:
        connection.execute(update(KitchenRow).values(id=KITCHEN, slack_channel="#dev"))
    return AlertTable(engine)


def waiting(book, now=NOON):
    return book.waiting(DEV, now=now)


def test_an_event_is_written_down_whole(book):
    events = [failure(verdicts=(TOO_FEW,), text="é🎉"), deed(EventKind.STAFF, details={"a": "b"})]
    assert book.record(events) == 2
    assert [alert.event for alert in waiting(book)] == events
    assert {alert.kitchen_channel for alert in waiting(book)} == {"#dev"}
    assert book.waiting("production", now=NOON) == []


def test_the_same_event_is_written_down_once(book):
    told = failure(verdicts=(TOO_FEW,))
    assert (book.record([told]), book.record([failure(), failure(LATER)])) == (1, 1)
    assert [alert.event.verdicts for alert in waiting(book)] == [(TOO_FEW,), ()]


def test_many_events_are_written_down_at_once(book):
    many = [failure(replace(TRY, task_instance=f"{n:036}")) for n in range(1203)]
    assert (book.record(many), book.record(many)) == (1203, 0)


def test_one_process_at_a_time_tells_an_environments_alerts(book):
    first = book.begin(DEV, holder="one", now=NOON, until=NOON + MINUTE)
    assert (first.since, first.seen_until, first.setbacks) == (NOON, NOON, 0)
    assert book.begin(DEV, holder="two", now=NOON, until=NOON + MINUTE) is None
    assert book.begin("production", holder="two", now=NOON, until=NOON + MINUTE) is not None
    assert book.keep(DEV, holder="one", until=NOON + 2 * MINUTE)
    seen = replace(first, seen_until=NOON + MINUTE, wait_until=NOON + 3 * MINUTE, setbacks=2)
    book.end(seen, holder="one")
    assert book.begin(DEV, holder="two", now=NOON, until=NOON + MINUTE) == seen


def test_who_died_while_telling_is_replaced(book):
    book.begin(DEV, holder="dead", now=NOON, until=NOON + MINUTE)
    now = NOON + 2 * MINUTE
    assert book.begin(DEV, holder="two", now=now, until=now + MINUTE) is not None
    assert not book.keep(DEV, holder="dead", until=now + MINUTE)
    watch = book.begin(DEV, holder="two", now=now, until=now + MINUTE)
    book.end(replace(watch, setbacks=9), holder="dead")  # it comes back, and has no say any more
    assert book.begin(DEV, holder="three", now=now, until=now) is None


def test_trouble_with_a_task_is_one_incident_until_it_is_closed(book):
    book.record([failure(), failure(LATER, at=NOON + MINUTE)])
    for alert in waiting(book, NOON + MINUTE):
        book.join(alert)
    [incident] = book.incidents(DEV)
    assert (incident.opened_at, incident.last_at) == (NOON, NOON + MINUTE)
    assert sorted(book.tries(incident)) == [TRY.task_instance, LATER.task_instance]
    recovery = replace(failure(LATER), kind=EventKind.RECOVERED, key="r", at=NOON + 2 * MINUTE)
    book.close(incident, recovery)
    assert book.incidents(DEV) == []
    assert [alert.incident for alert in waiting(book)] == [incident.id] * 3
    again = replace(LATER, task_instance="01900000-0000-7000-8000-000000000003")
    book.record([failure(again)])
    book.join(waiting(book)[-1] if waiting(book)[-1].incident is None else _unjoined(book))
    assert [found.id for found in book.incidents(DEV)] != [incident.id]


def _unjoined(book):
    return next(alert for alert in waiting(book) if alert.incident is None)


def test_other_tasks_have_incidents_of_their_own(book):
    other = replace(LATER, task_id="load.other")
    book.record([failure(), failure(other)])
    for alert in waiting(book):
        book.join(alert)
    assert len(book.incidents(DEV)) == 2


def test_an_incident_goes_with_its_kitchen(book, engine):
    book.record([failure()])
    book.join(waiting(book)[0])
    kitchen_rows.remove_kitchen(engine, KITCHEN)
    assert book.incidents(DEV) == []
    assert waiting(book)[0].kitchen_channel == "#dev"  # what it was told last is told still


def test_what_was_posted_is_not_waiting_and_its_thread_is_known(book):
    book.record([failure(), deed(EventKind.CREATED)])
    book.join(_of_task(book))
    alert = _of_task(book)
    book.posted([alert], Posted(channel="#dev", id="17.1"), now=NOON)
    incident = book.incident(alert.incident)
    assert (incident.channel, incident.thread, incident.last_post_at) == ("#dev", "17.1", NOON)
    [left] = waiting(book)
    book.posted([left], Posted(channel="#dev", id="17.2"), now=NOON)
    assert waiting(book) == []
    told = book.alerts(environments=[DEV], kitchen_ids=[], at_most=9)
    assert {(a.state, a.channel, a.sent_at) for a in told} == {(AlertState.SENT, "#dev", NOON)}


def _of_task(book):
    return next(alert for alert in waiting(book) if alert.event.task)


def test_what_could_not_be_posted_waits_for_its_time(book):
    book.record([failure()])
    book.not_posted(waiting(book), "is_archived", next_try_at=NOON + MINUTE)
    assert waiting(book) == []
    [alert] = waiting(book, NOON + MINUTE)
    assert (alert.error, alert.attempts) == ("is_archived", 1)


def test_what_is_given_up_is_shown_and_not_tried(book):
    book.record([failure()])
    book.give_up(waiting(book), AlertState.UNADDRESSED, "no channel")
    assert waiting(book) == []
    [shown] = book.alerts(environments=[], kitchen_ids=[KITCHEN], at_most=9)
    assert (shown.state, shown.error) == (AlertState.UNADDRESSED, "no channel")


def test_only_what_is_asked_for_is_shown_newest_first(book):
    book.record([failure(), failure(LATER, at=NOON + MINUTE)])
    shown = book.alerts(environments=[DEV], kitchen_ids=[], at_most=9)
    assert [alert.event.at for alert in shown] == [NOON + MINUTE, NOON]
    assert len(book.alerts(environments=[DEV], kitchen_ids=[], at_most=1)) == 1
    assert book.alerts(environments=["production"], kitchen_ids=["x"], at_most=9) == []


def test_old_alerts_are_forgotten_and_open_ones_stay(book):
    book.record([failure(), failure(replace(LATER, task_id="other"))])
    for alert in waiting(book):
        book.join(alert)
    first, second = waiting(book)
    book.posted([first], Posted(channel="#dev", id="17.1"), now=NOON)
    recovery = replace(failure(), kind=EventKind.RECOVERED, key="r")
    book.close(book.incident(first.incident), recovery)
    book.posted([waiting(book)[-1]], Posted(channel="#dev", id="17.2"), now=NOON)
    assert book.forget(DEV, before=NOON) == 0
    assert book.forget(DEV, before=NOON + MINUTE) == 2
    assert [alert.id for alert in book.alerts(environments=[DEV], kitchen_ids=[], at_most=9)] == [
        second.id
    ]
    assert [incident.id for incident in book.incidents(DEV)] == [second.incident]
