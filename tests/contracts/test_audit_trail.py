"""What a service may rely on, whoever keeps the audit trail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from airflow_dataops.domain.audit import AuditEntry, AuditQuery
from tests.kitchen_values import NOON, deed, kitchen

HOUR = timedelta(hours=1)
DEV = kitchen("dev_kitchen")
PRODUCTION = kitchen("demo_production", environment="production")
# Not in the order of their moments: two servers' clocks differ.
ENTRIES = [
    deed("create", DEV, at=NOON),
    deed("staff", PRODUCTION, at=NOON + 2 * HOUR, details={"who": "role:analysts", "role": "cook"}),
    deed("delete", DEV, at=NOON + HOUR, reason="done; “drop table”"),
]
CREATED, STAFFED, DELETED = ENTRIES


class AuditTrailContract:
    @pytest.fixture
    def trail(self, records):
        for entry in ENTRIES:
            records.audit.add(entry)
        return records.audit

    @pytest.mark.parametrize(
        ("asked", "found"),
        [
            (AuditQuery(), [STAFFED, DELETED, CREATED]),
            (AuditQuery(kitchen_id=DEV.id), [DELETED, CREATED]),
            (AuditQuery(environments=("production",)), [STAFFED]),
            (AuditQuery(environments=()), []),
            (AuditQuery(since=NOON + HOUR), [STAFFED, DELETED]),
            (AuditQuery(until=NOON + HOUR), [CREATED]),
            (AuditQuery(at_most=2), [STAFFED, DELETED]),
            (AuditQuery(actions=(DELETED.action, CREATED.action)), [DELETED, CREATED]),
            (AuditQuery(actions=()), []),
            (AuditQuery(kitchen_id=DEV.id, environments=("production",)), []),
        ],
    )
    def test_entries_are_given_newest_first(self, trail, asked, found):
        assert trail.entries(asked) == found

    def test_of_one_moment_the_entry_written_last_comes_first(self, trail):
        again = deed("again", PRODUCTION, at=STAFFED.at)
        trail.add(again)
        assert trail.entries(AuditQuery(at_most=2)) == [again, STAFFED]

    def test_a_deed_of_no_kitchen_is_kept_too(self, trail):
        entry = AuditEntry(
            at=NOON + 3 * HOUR,
            by="eric",
            source="cli --local on etl-1",
            action="set up roles",
            project="retail",
            environment="production",
        )
        trail.add(entry)
        assert trail.entries(AuditQuery(at_most=1)) == [entry]


class TestFake(AuditTrailContract):
    @pytest.fixture
    def records(self, fake):
        return fake


@pytest.mark.airflow
class TestTable(AuditTrailContract):
    @pytest.fixture
    def records(self, tables):
        return tables
