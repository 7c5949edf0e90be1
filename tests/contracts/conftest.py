"""An installation's records, in memory and in Airflow's metadata database."""

from __future__ import annotations

import pytest

from tests.fakes_registry import FakeAuditTrail, FakeKitchenRegistry, FakeOperations, FakeRegistry
from tests.kitchen_values import NOON, Records


def fake_records():
    recorded = FakeRegistry()
    return Records(
        kitchens=FakeKitchenRegistry(recorded),
        operations=FakeOperations(recorded, now=lambda: NOON),
        audit=FakeAuditTrail(recorded),
    )


def table_records(engine):
    from airflow_dataops.registry.audit import AuditTable
    from airflow_dataops.registry.kitchens import KitchenTable
    from airflow_dataops.registry.operations import OperationTable

    return Records(
        kitchens=KitchenTable(engine, bundle_name="kitchens_{}".format),
        operations=OperationTable(engine, now=lambda: NOON),
        audit=AuditTable(engine),
    )


@pytest.fixture
def fake():
    return fake_records()


@pytest.fixture
def tables(engine):
    return table_records(engine)
