"""A new kitchen's DAGs appear without a restart."""

from __future__ import annotations

import time

import pytest

from tests.e2e.service import Service

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def test_a_new_kitchens_dag_is_visible_within_seconds(live_airflow):
    service = Service(live=live_airflow, person=live_airflow.person("chris"))
    service.done(service.create("soon_visible"))
    begin = time.monotonic()
    while not live_airflow.has_dag("soon_visible.profitability"):
        # benchmarks/kitchens.py measures how long it takes; other tests run beside this one.
        assert time.monotonic() - begin < 120, live_airflow.log("dag-processor")[-6000:]
        time.sleep(0.05)
