"""What handing work on may rely on, whoever keeps who was given it."""

from __future__ import annotations

from threading import Barrier, Thread
from types import SimpleNamespace

import pytest

from airflow_dataops.domain.audit import AuditEntry, AuditQuery
from airflow_dataops.domain.work import HAND_OFF
from tests.fakes_registry import FakeAuditTrail
from tests.fakes_tickets import FakeHandOffs
from tests.kitchen_values import NOON, kitchen

DEV, OTHER = kitchen("dev_kitchen"), kitchen("other")


def entry(to, *, of=DEV):
    return AuditEntry(
        at=NOON, by="padma", source="api", action=HAND_OFF, project=of.project,
        environment=of.environment, kitchen_id=of.id, kitchen=of.name, details={"to": to},
    )  # fmt: skip


class HandOffsContract:
    def last(self, places):
        found = places.trail.entries(AuditQuery(kitchen_id=DEV.id, actions=(HAND_OFF,)))
        return [one.details["to"] for one in found], max((one.id for one in found), default=None)

    def test_who_has_seen_the_last_hand_off_writes_the_next(self, places):
        assert places.hand_offs.add(entry("chris"), after=None)
        _, last = self.last(places)
        assert places.hand_offs.add(entry("eric"), after=last)
        assert sorted(self.last(places)[0]) == ["chris", "eric"]

    def test_who_has_not_writes_nothing(self, places):
        assert places.hand_offs.add(entry("chris"), after=None)
        assert not places.hand_offs.add(entry("eric"), after=None)
        assert self.last(places)[0] == ["chris"]
        # Another kitchen's work is nothing to it.
        assert places.hand_offs.add(entry("eric", of=OTHER), after=None)


class TestFake(HandOffsContract):
    @pytest.fixture
    def places(self):
        trail = FakeAuditTrail(SimpleNamespace(audit=[]))
        return SimpleNamespace(trail=trail, hand_offs=FakeHandOffs(trail))


@pytest.mark.airflow
class TestTable(HandOffsContract):
    @pytest.fixture
    def places(self, tables, engine):
        from airflow_dataops.registry.audit import AuditTable
        from airflow_dataops.registry.hand_offs import HandOffTable

        tables.add(DEV)
        tables.add(OTHER)
        return SimpleNamespace(trail=AuditTable(engine), hand_offs=HandOffTable(engine))

    def test_of_many_at_once_one_is_written(self, places):
        start, written = Barrier(4), []

        def hand_off(to):
            start.wait(60)
            written.append(places.hand_offs.add(entry(to), after=None))

        threads = [Thread(target=hand_off, args=(to,)) for to in ("a", "b", "c", "d")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert sorted(written) == [False, False, False, True]
        assert len(self.last(places)[0]) == 1
