"""Fixtures that the tests of several rooms use, and which tests share a process."""

from __future__ import annotations

from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = [
    "tests.certificate_fixtures",
    "tests.slack_fixtures",
    "tests.stack_fixtures",
    "tests.tool_fixtures",
    "tests.airflow_fixtures",
    "tests.git_fixtures",
    "tests.registry_fixtures",
    "tests.cli.laptop",
]

# How long an example takes says how busy the machine is.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

# Each of these folders has one Airflow for all its files.
_SHARE_AN_AIRFLOW = ("tests/e2e", "tests/fab", "tests/isolation")


class _FilesStayWhole(LoadScopeScheduling):
    """Tests of a file run in one process; so do those of files that share an Airflow."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, _ = nodeid.partition("::")
        folder, _, _ = file.rpartition("/")
        return folder if folder in _SHARE_AN_AIRFLOW else file


def pytest_collection_modifyitems(items):
    """The longest of what cannot be divided comes first, so that all processes end together."""
    items.sort(key=lambda item: not item.nodeid.startswith("tests/e2e/"))


def pytest_xdist_make_scheduler(config, log):
    return _FilesStayWhole(config, log)
