"""Tickets without a tracker, and what they were told without a database."""

from __future__ import annotations

from dataclasses import replace

from airflow_dataops.demo.jira_server import reachable
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.ticket import Ticket, Told
from airflow_dataops.domain.work import HAND_OFF
from airflow_dataops.errors import OutsideSystemError, ToolUnreachable


class FakeTracker:
    """IssueTracker without Jira; passes the contract of ``JiraTickets``.

    Attributes:
        tickets: status and account, by key.
        mode: ``up``, ``down``, or ``deaf``: what is asked is done, and nothing answered.
        steps: from which status to which each move was.
        comments: what people read, oldest first.
        moves: each status and account that a ticket came to, oldest first.
    """

    def __init__(self, tickets):
        self.tickets, self.mode, self.moves, self.comments = tickets, "up", [], []
        self.steps = []

    def show(self, key):
        if self.mode == "down":
            msg = "down"
            raise ToolUnreachable(msg)
        status, account = self._ticket(key)
        return Ticket(key=key, status=status, account=account)

    def move(self, key, status):
        self.show(key)
        if status not in reachable(self._ticket(key)[0]):
            known = ", ".join(sorted(reachable(self._ticket(key)[0])))
            msg = f"lets ticket {key} move to {known}, and not to {status!r}"
            raise OutsideSystemError(msg)
        self.steps.append((self._ticket(key)[0], status))
        self._change(key, 0, status)

    def assign(self, key, account):
        self.show(key)
        if account == "nobody here":
            msg = f"refuses the assignment of ticket {key} to {account!r}"
            raise OutsideSystemError(msg)
        self._change(key, 1, account)

    def comment(self, key, comment):
        self.show(key)
        if not any(comment.mark in text for text in self.comments):
            self.comments.append(comment.text)
            self._answer()

    def by_hand(self, key, place, value):
        """Somebody changes it at the tracker."""
        self.tickets[key][place] = value

    def _ticket(self, key):
        if key not in self.tickets:
            msg = f"refuses ticket {key}: there is no such ticket"
            raise OutsideSystemError(msg)
        return self.tickets[key]

    def _change(self, key, place, value):
        self.tickets[key][place] = value
        self.moves.append(value)
        self._answer()

    def _answer(self):
        if self.mode == "deaf":
            msg = "no answer"
            raise ToolUnreachable(msg)


class FakeTicketBook:
    """TicketBook without a database; passes the contract of ``TicketTable``."""

    def __init__(self):
        self._known, self._held, self._next = {}, {}, {}

    def begin(self, kitchen_id, key, *, holder, now, until):
        by, end = self._held.get(kitchen_id, (holder, now))
        if (by != holder and end >= now) or self._next.get(kitchen_id, now) > now:
            return None
        self._held[kitchen_id] = (holder, until)
        known = self._known.get(kitchen_id)
        if known is None or known.key != key:
            asked = known.asked if known else 0
            known = Told(kitchen_id=kitchen_id, key=key, asked=asked, looked=asked)
            self._known[kitchen_id] = known
        return known

    def told(self, told, *, holder):
        if self._held.get(told.kitchen_id, ("",))[0] == holder:
            self._put(told)
            self._next.pop(told.kitchen_id, None)

    def failed(self, told, *, holder, next_try_at):
        if self._held.get(told.kitchen_id, ("",))[0] == holder:
            self._put(told)
            self._next[told.kitchen_id] = next_try_at
            del self._held[told.kitchen_id]

    def end(self, kitchen_id, *, holder):
        if self._held.get(kitchen_id, ("",))[0] == holder:
            del self._held[kitchen_id]

    def all(self):
        return dict(self._known)

    def ask(self, key):
        its = [one for one in self._known.values() if one.key == key]
        for one in its:
            self._known[one.kitchen_id] = replace(one, asked=one.asked + 1)
        return len(its)

    def _put(self, told):
        # How often it was asked for is not for who tells it to say.
        asked = self._known[told.kitchen_id].asked
        self._known[told.kitchen_id] = replace(told, asked=asked)

    def forget(self, kitchen_id):
        """As if what was told had been lost with its database."""
        if kitchen_id in self._known:
            known = self._known[kitchen_id]
            self._known[kitchen_id] = replace(known, entry=None, step=None, assignee=None)


class FakeHandOffs:
    """HandOffs in a trail without a database; passes the contract of ``HandOffTable``."""

    def __init__(self, audit_trail):
        self._trail = audit_trail

    def add(self, entry, *, after):
        asked = AuditQuery(kitchen_id=entry.kitchen_id, actions=(HAND_OFF,))
        known = [one.id for one in self._trail.entries(asked)]
        if max(known, default=None) != after:
            return False
        self._trail.add(replace(entry, id=len(known) + 1))
        return True
