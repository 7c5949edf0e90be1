"""What the overview picks of many kitchens, in a migrated metadata database."""

from __future__ import annotations

import pytest

from airflow_dataops.domain.provisioning import Progress
from tests.contracts.conftest import table_records
from tests.kitchen_values import kitchen

pytestmark = pytest.mark.airflow


def test_of_failed_operations_those_alone_that_were_the_last(engine):
    from airflow_dataops.registry.overview import OverviewTable

    records = table_records(engine)
    fails, goes_on, goes, lives = kitchens = [kitchen(name) for name in "abcd"]
    for each in (fails, goes_on, goes):
        records.operations.failed(records.begin(each), error="the vault is sealed")
    records.add(lives)
    records.operations.next_attempt(records.operations.latest(goes_on))
    records.mark_deleting(goes)
    overview = OverviewTable(engine, bundle_name=str)
    found = overview.latest_operations(kitchens, only=Progress.FAILED)
    assert {key: one.progress for key, one in found.items()} == {fails.id: Progress.FAILED}
    assert set(overview.latest_operations(kitchens)) == {each.id for each in kitchens}
    assert not overview.latest_operations([lives], only=Progress.FAILED)
