"""Tickets follow their work, through outages, lost answers, replays and deaths."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from airflow_dataops.demo.jira_server import WORKFLOW
from airflow_dataops.domain.release_environment import TicketPlace
from airflow_dataops.domain.ticket import news_of_ticket, untold
from airflow_dataops.domain.work import Step, works
from airflow_dataops.services import ticketing
from tests.domain.test_work import COURSE, DEEDS, HOUR, MONDAY, WEEK, entry
from tests.fakes_tickets import FakeTicketBook, FakeTracker

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

    def news(self):
        told = self.book.all().get(self.work.kitchen_id)
        return news_of_ticket(self.work, told, PLACE)

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


def test_a_note_of_a_hand_off_is_a_comment_once_also_where_the_answer_was_lost(office):
    office.trail = WEEK[:3]
    office.tracker.mode = "deaf"
    while office.round():
        pass
    office.tracker.mode = "up"
    office.book.forget(office.work.kitchen_id)
    assert office.round() == 0
    assert office.tracker.comments == [
        "padma to chris: please look at the joins\n(entry 5 of the audit trail)"
    ]


def test_a_ticket_that_was_moved_back_by_hand_is_taken_through_each_step_again(office):
    office.trail = WEEK[:5]
    office.round()
    office.tracker.by_hand(KEY, 0, "To Do")
    office.trail = WEEK[:6]
    assert office.round() == 0
    assert office.tracker.moves[-4:] == ["In Progress", "In Review", "Ready", "e-1"]


def test_a_change_by_hand_is_told_and_moves_no_work(office):
    office.trail = WEEK[:3]
    office.round()
    before = office.work
    assert office.news() == []
    office.tracker.by_hand(KEY, 0, "Done")
    office.tracker.by_hand(KEY, 1, "e-1")
    assert office.news() == []  # nobody has said so yet
    office.book.ask(KEY)
    office.book.ask(KEY)
    office.tracker.mode = "down"
    assert office.round() == 1
    office.tracker.mode = "up"
    assert office.round() == 0
    moved, given = office.news()
    assert moved == (
        "ticket DATA-117 was moved to 'Done' by hand; the work is at step work, "
        "which is 'In Progress' there"
    )
    assert given == (
        "ticket DATA-117 was given to eric by hand; the work is chris's, until somebody hands it "
        "off here"
    )
    assert office.work == before
    # The next step of the work brings it into step.
    office.trail = WEEK[:5]
    office.round()
    assert (office.ticket, office.news()) == (("In Review", "c-1"), [])


class TicketsFollowWork(RuleBasedStateMachine):
    """People work, clocks differ, servers die, answers are lost; the ticket comes after.

    Somebody changes the ticket by hand, too, and the tracker's calls about it are lost, or come
    again and again.
    """

    def __init__(self):
        super().__init__()
        self.office = Office()
        self.office.trail = [entry(0, "begin to create", "profit", ticket=KEY)]
        self.hours = 0
        self.is_known = True

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

    @rule(change=st.sampled_from([(0, one) for one in WORKFLOW] + [(1, "p-1"), (1, None)]))
    def somebody_changes_the_ticket_by_hand(self, change):
        self.office.tracker.by_hand(KEY, *change)
        self.is_known = False

    @rule(times=st.integers(1, 3))
    def the_tracker_calls(self, times):
        """About a change, long after it, or again about one that was heard of."""
        for _ in range(times):
            self.office.book.ask(KEY)

    @precondition(lambda self: self.office.book.all())
    @rule()
    def a_replay(self):
        """What was told is told again, from the last note that somebody kept."""
        self.a_round("one")
        before = list(self.office.tracker.moves)
        self.office.round(holder="two")
        assert self.office.tracker.moves == before

    @rule(holder=st.sampled_from(["one", "two"]))
    def a_round(self, holder):
        office, work = self.office, self.office.work
        before = office.book.all().get(work.kitchen_id)
        is_told, is_read = bool(untold(work, before)), before is not None and before.is_asked
        assert office.round(holder=holder) == 0
        self.is_known = self.is_known or is_told or is_read
        status, account = office.ticket
        is_whose = account == PLACE.accounts[work.present.assignee]
        is_where = status == PLACE.transitions.get(work.present.step, status)
        if is_told:
            assert is_whose
            assert is_where
        if self.is_known:
            assert len(office.news()) == (not is_whose) + (not is_where)

    @invariant()
    def no_step_is_skipped_and_the_times_add_up(self):
        for before, after in self.office.tracker.steps:
            assert WORKFLOW.index(after) <= WORKFLOW.index(before) + 1
        found, now = self.office.work, MONDAY + 1000 * HOUR
        ends = sum((s.lasted(now) for s in found.stays if s.step.is_end), timedelta(0))
        assert sum(found.time_in(now).values(), ends) == now - found.stays[0].began_at


TestTicketsFollowWork = TicketsFollowWork.TestCase
TestTicketsFollowWork.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
