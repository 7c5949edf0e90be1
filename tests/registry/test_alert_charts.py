"""Which charts an alert carries: of the tests that it tells of, from the kept results."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.registry.kitchens import KitchenTable
from airflow_dataops.services.charting import of_event
from tests.alert_values import TRY, failure
from tests.registry.test_results import ROWS, Book

pytestmark = pytest.mark.airflow
TASK = replace(TRY, dag_id="dev_kitchen.profit", task_id="load.data_tests")


@pytest.fixture
def charts(engine):
    """Three runs of a test, the last one failed; give the charts of an event about it."""
    book = Book(engine)
    for days, measured in enumerate((95.0, 105.0, 400.0)):
        book.record(book.run("dev_kitchen", days=days), replace(ROWS, measured=measured, high=120))
    kitchens = KitchenTable(engine, bundle_name=str)
    known = book.kitchen("dev_kitchen").id

    def charts(verdict, task=TASK, kitchen_id=known):
        event = replace(failure(task, verdicts=(verdict,)), kitchen_id=kitchen_id)
        return list(of_event(event, kitchens, book.table))

    return charts


FAILED = replace(
    ROWS, outcome=Outcome.FAIL, detail="individuals chart: expected 100; beyond the limits"
)


def test_a_test_that_failed_has_its_chart_with_words(charts):
    [(title, told, svg)] = charts(FAILED)
    assert title == "row_count, dev_kitchen.profit"
    assert told == f"{title}: individuals chart: expected 100; beyond the limits"
    assert "point 3: 400" in svg


def test_a_test_without_points_and_what_is_no_test_have_none(charts):
    assert charts(replace(FAILED, test="never measured")) == []
    assert charts(FAILED, task=replace(TASK, task_id="load.copy")) == []
    assert charts(FAILED, kitchen_id="another-of-that-name") == []
