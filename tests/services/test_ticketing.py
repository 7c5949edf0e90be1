"""Tickets follow their work, through outages, lost answers, replays and deaths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from airflow_dataops.domain.release_environment import TicketPlace
from airflow_dataops.domain.work import Step, works
from airflow_dataops.services import ticketing
from tests.domain.test_work import COURSE, DEEDS, HOUR, MONDAY, WEEK, entry
from tests.fakes_tickets import FakeTicketBook, FakeTracker
from tests.jira_host import WORKFLOW

KEY = "DATA-117"
PLACE = TicketPlace(
    url="https://jira.example.com",
    transitions={
        Step.WORK: "In Progress",
        Step.MERGED: "In Review",
        Step.RELEASED: "Ready",
        Step.SCHEDULED: "Done",
    },
    accounts={"chris": "c-1", "eric": "e-1", "padma": "p-1"},
)
LATER = timedelta(hours=2)


class Office:
    """A tracker, what it was told, a trail, and a clock that people move."""

    def __init__(self):
        self.trail = []
        self.tracker = FakeTracker({KEY: ["To Do", None]})
        self.book = FakeTicketBook()
        self.now = MONDAY

    @property
    def work(self):
        return works(self.trail, COURSE)[0]

    def round(self, *, after=LATER, holder="one"):
        self.now += after
        places = ticketing.TicketPlaces(
            book=self.book, tracker=lambda: self.tracker, clock=lambda: self.now, holder=holder
        )
        return ticketing.tell(works(self.trail, COURSE), PLACE, places)

    @property
    def ticket(self):
        return tuple(self.tracker.tickets[KEY])


@pytest.fixture
def office():
    return Office()


def test_a_week_is_told_step_by_step_after_an_outage(office):
    office.tracker.mode = "down"
    for number in range(1, len(WEEK) + 1):
        office.trail = WEEK[:number]
        assert office.round() == 1
    assert office.ticket == ("To Do", None)
    assert "down" in office.book.all()[office.work.kitchen_id].error
    office.tracker.mode = "up"
    assert office.round() == 0
    assert office.tracker.moves == [
        "p-1", "In Progress", "c-1", "In Review", "Ready", "e-1", "Done",
    ]  # fmt: skip
    assert office.round() == 0  # told once, it is told no more
    assert len(office.tracker.moves) == 7


def test_what_was_told_and_forgotten_moves_nothing_where_it_holds(office):
    office.trail = WEEK[:3]
    office.round()
    told = list(office.tracker.moves)
    office.trail = WEEK[:2]
    office.book.forget(office.work.kitchen_id)
    office.tracker.tickets[KEY] = ["In Progress", "p-1"]
    office.round()
    assert office.tracker.moves == told


def test_a_ticket_that_refuses_holds_up_itself_alone(office):
    office.trail = [
        entry(0, "begin to create", "loss", ticket="DATA-404"),
        *WEEK[:3],
    ]
    assert office.round() == 1
    assert office.ticket == ("In Progress", "c-1")
    assert "no such ticket" in office.book.all()["id of loss"].error


def test_two_servers_do_not_tell_one_ticket_at_once(office):
    office.trail = WEEK[:1]
    until = office.now + timedelta(hours=5)
    office.book.begin("id of profit", KEY, holder="other", now=office.now, until=until)
    assert office.round(holder="one") == 1
    assert office.tracker.moves == []
    assert office.round(after=timedelta(hours=6), holder="one") == 0  # the other died


def test_a_merge_of_before_the_deletion_that_is_written_after_it_is_told_from_the_beginning(office):
    office.trail = [entry(0, "begin to create", "profit", ticket=KEY)]
    office.trail.append(entry(1, "deleted", "profit", hours=1))
    assert office.round() == 0
    office.trail.append(entry(2, "merge up", "dev", hours=0, merged="profit"))
    assert office.round() == 0
    assert office.ticket[0] == "In Review"


class TicketsFollowWork(RuleBasedStateMachine):
    """People work, clocks differ, servers die, answers are lost; the ticket comes after."""

    def __init__(self):
        super().__init__()
        self.office = Office()
        self.office.trail = [entry(0, "begin to create", "profit", ticket=KEY)]
        self.hours = 0

    @rule(deed=DEEDS, pause=st.integers(0, 5), late=st.integers(0, 3))
    def somebody_does_something(self, deed, pause, late):
        """Also by a server whose clock is late, or in a transaction that took long."""
        action, kitchen, details = deed
        self.hours += pause
        at = max(0, self.hours - late)
        number = len(self.office.trail)
        self.office.trail.append(entry(number, action, kitchen, hours=at, **details))

    @rule(mode=st.sampled_from(["down", "deaf"]), holder=st.sampled_from(["one", "two"]))
    def a_round_in_an_outage(self, mode, holder):
        self.office.tracker.mode = mode
        self.office.round(holder=holder)
        self.office.tracker.mode = "up"

    @precondition(lambda self: self.office.book.all())
    @rule()
    def a_replay(self):
        """What was told is told again, from the last note that somebody kept."""
        self.office.round()
        before = list(self.office.tracker.moves)
        self.office.round(holder="two")
        assert self.office.tracker.moves == before

    @rule(holder=st.sampled_from(["one", "two"]))
    def a_round(self, holder):
        assert self.office.round(holder=holder) == 0
        present = self.office.work.present
        status, account = self.office.ticket
        assert account == PLACE.accounts[present.assignee]
        if present.step in PLACE.transitions:
            assert status == PLACE.transitions[present.step]

    @invariant()
    def no_step_is_skipped_and_the_times_add_up(self):
        statuses = [one for one in self.office.tracker.moves if one in WORKFLOW]
        for before, after in zip(["To Do", *statuses], statuses, strict=False):
            assert WORKFLOW.index(after) <= WORKFLOW.index(before) + 1
        found, now = self.office.work, MONDAY + 1000 * HOUR
        ends = sum((s.lasted(now) for s in found.stays if s.step.is_end), timedelta(0))
        assert sum(found.time_in(now).values(), ends) == now - found.stays[0].began_at


TestTicketsFollowWork = TicketsFollowWork.TestCase
TestTicketsFollowWork.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
