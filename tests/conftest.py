"""Fixtures that the tests of several rooms use, and how the tests are shared out."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest_plugins = [
    "tests.stack_fixtures",
    "tests.tool_fixtures",
    "tests.airflow_fixtures",
    "tests.git_fixtures",
    "tests.registry_fixtures",
    "tests.cli.laptop",
]

# Each starts a whole Airflow: one after the other in one process, before everything else there.
_WHOLE_AIRFLOWS = ("coexistence", "demo", "e2e", "fab")


@pytest.hookimpl(tryfirst=True)  # pytest-xdist reads the groups in the same hook
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each process whole files, so that what they start is started once."""
    for item in items:
        room = _room(item)
        group = "airflow" if room in _WHOLE_AIRFLOWS else item.path.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=lambda item: _room(item) not in _WHOLE_AIRFLOWS)


def _room(item: pytest.Item) -> str:
    return item.path.relative_to(Path(__file__).parent).parts[0]
