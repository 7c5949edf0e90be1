"""Fixtures that the tests of several rooms use."""

pytest_plugins = [
    "tests.slack_fixtures",
    "tests.stack_fixtures",
    "tests.tool_fixtures",
    "tests.airflow_fixtures",
    "tests.git_fixtures",
    "tests.registry_fixtures",
    "tests.cli.laptop",
]
