"""FAB's tables, empty before and after each test."""

from __future__ import annotations

import pytest


@pytest.fixture
def fab(engine):
    from tests import fab_tables  # brings all of FAB along

    yield fab_tables.Fab(engine)
    fab_tables.empty(engine)
