"""Work that two people hand off at once goes to one of them, and the other one is told."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.domain.work import HAND_OFF, works
from airflow_dataops.errors import Superseded
from airflow_dataops.services import handing_off
from tests.domain.test_work import COURSE, MONDAY
from tests.fakes_registry import FakeAuditTrail
from tests.fakes_tickets import FakeHandOffs
from tests.kitchen_values import kitchen

DEV = kitchen("dev_kitchen")
STAFF = [Member(who=who, role=Role.COOK) for who in ("padma", "chris", "eric")]


def entry(action, **details):
    return AuditEntry(
        at=MONDAY, by="padma", source="api", action=action, project=DEV.project,
        environment=DEV.environment, kitchen_id=DEV.id, kitchen=DEV.name, details=details,
    )  # fmt: skip


class Desk:
    """Somebody's request; ``meanwhile`` happens after it has read what it needs."""

    def __init__(self, trail, meanwhile=lambda: None):
        self.trail, self.meanwhile = trail, meanwhile

    def work(self):
        found = works(self.trail.recorded.audit, COURSE)[0]
        self.meanwhile()
        self.meanwhile = lambda: None
        return found

    def hand_off(self, to):
        places = handing_off.HandOffPlaces(
            audit_trail=self.trail, hand_offs=FakeHandOffs(self.trail), work=self.work
        )
        asked = handing_off.HandOff(
            kitchen=DEV,
            to=to,
            note=None,
            entry=lambda facts: entry(HAND_OFF, **facts),
            make_cook=lambda _: pytest.fail("everybody cooks here"),
        )
        handing_off.hand_off(asked, staff=STAFF, places=places)


@pytest.fixture
def trail():
    trail = FakeAuditTrail(SimpleNamespace(audit=[]))
    trail.add(entry("begin to create"))
    return trail


def holder(trail):
    return Desk(trail).work().present.assignee


@pytest.mark.parametrize("others", [["eric"], ["chris"], ["eric", "padma"]], ids=str)
def test_who_was_slower_is_told_whose_it_is_and_nothing_is_written(trail, others):
    def meanwhile():
        for other in others:
            Desk(trail).hand_off(other)

    with pytest.raises(Superseded, match=f"handed it to {others[-1]} at the same time"):
        Desk(trail, meanwhile).hand_off("chris")
    assert holder(trail) == others[-1]
    assert len(trail.recorded.audit) == 1 + len(others)
    # Who knows it may hand it off again.
    Desk(trail).hand_off("chris")
    assert holder(trail) == "chris"
