"""An installation in memory, as the services meet it."""

from __future__ import annotations

import pytest

from tests.installation import Installation


@pytest.fixture
def installation():
    """Production's and development's base kitchens."""
    installation = Installation()
    installation.create("demo_production", by="eric")
    installation.create("demo_dev", "demo_production", by="chris")
    installation.hooks.told.clear()
    installation.recorded.parsing_requests.clear()
    return installation
