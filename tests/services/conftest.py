"""An installation in memory, as the services meet it."""

from __future__ import annotations

import pytest

from tests.fakes_messenger import FakeMessenger
from tests.installation import Installation
from tests.registry import kitchen_rows


@pytest.fixture
def installation():
    """Production's and development's base kitchens."""
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.hooks.told.clear()
    installation.recorded.parsing_requests.clear()
    return installation


@pytest.fixture
def alerts(airflow_engine):
    """An environment that is watched from now on."""
    kitchen_rows.record(
        airflow_engine, "version-1", bundle="kitchens-development", environment="development"
    )
    from tests.alert_site import Alerts

    alerts = Alerts(airflow_engine, FakeMessenger("#development", "#dev"))
    alerts.round()  # what happened before this is not told
    return alerts
