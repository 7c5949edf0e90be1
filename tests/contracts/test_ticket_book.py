"""What telling tickets may rely on, whoever keeps how far they were told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from tests.fakes_tickets import FakeTicketBook
from tests.kitchen_values import NOON, kitchen

DEV = kitchen("dev_kitchen")
SOON = NOON + timedelta(minutes=2)
LATER = NOON + timedelta(minutes=5)


def begin(book, *, key="DATA-1", holder="one", now=NOON, until=SOON):
    return book.begin(DEV.id, key, holder=holder, now=now, until=until)


class TicketBookContract:
    def test_one_at_a_time_tells_a_ticket_until_its_time_is_over(self, book):
        told = begin(book)
        assert (told.key, told.entry, told.step) == ("DATA-1", None, None)
        assert begin(book, holder="two") is None
        assert begin(book) == told
        assert begin(book, holder="two", now=LATER, until=LATER) == told
        # Who was slower than that writes nothing any more.
        book.told(replace(told, entry=9, step="work", assignee="padma"), holder="one")
        assert book.all() == {DEV.id: told}

    def test_how_far_it_was_told_is_there_for_the_next_one(self, book):
        told = replace(begin(book), entry=7, step="work", assignee="padma")
        book.told(told, holder="one")
        book.end(DEV.id, holder="one")
        assert begin(book, holder="two") == told

    def test_what_failed_is_tried_again_when_it_is_time(self, book):
        failed = replace(begin(book), attempts=1, error="down")
        book.failed(failed, holder="one", next_try_at=LATER)
        assert begin(book, now=SOON) is None
        assert begin(book, holder="two", now=LATER, until=LATER) == failed

    def test_another_ticket_of_the_same_work_knows_nothing(self, book):
        told = replace(begin(book), entry=7, step="work", assignee="padma")
        book.told(told, holder="one")
        again = begin(book, key="DATA-2")
        assert (again.key, again.entry, again.step, again.assignee) == ("DATA-2", None, None, None)

    def test_who_says_that_a_ticket_was_changed_is_heard_also_while_it_is_read(self, book):
        told = begin(book)
        assert not told.is_asked
        assert (book.ask("DATA-1"), book.ask("DATA-404")) == (1, 0)
        asked = begin(book)
        assert asked.is_asked
        book.ask("DATA-1")
        seen = replace(asked, looked=asked.asked, status="Done", account="eric")
        book.told(seen, holder="one")
        known = book.all()[DEV.id]
        assert (known.status, known.account, known.is_asked) == ("Done", "eric", True)
        book.told(replace(known, looked=known.asked), holder="one")
        assert not book.all()[DEV.id].is_asked


class TestFake(TicketBookContract):
    @pytest.fixture
    def book(self):
        return FakeTicketBook()


@pytest.mark.airflow
class TestTable(TicketBookContract):
    @pytest.fixture
    def book(self, tables, engine):
        from airflow_dataops.registry.tickets import TicketTable

        tables.add(DEV)
        return TicketTable(engine)
