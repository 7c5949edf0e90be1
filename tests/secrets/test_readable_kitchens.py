"""Kitchens whose runs the others of their environment may look at: those that are declared."""

from __future__ import annotations

import pytest

from tests.secrets.test_platform_credentials import asks

pytestmark = [pytest.mark.airflow, pytest.mark.service]
LOOKS = [
    ("GET", "/dag-runs/count", {"dag_id": ["demo_dev.profit"]}),
    ("GET", "/task-instances/states", {"dag_id": ["demo_dev.profit"]}),
    ("GET", "/dag-runs/demo_dev.profit/r/state", {}),
    ("GET", "/xcoms/demo_dev.profit/r/t/return_value", {}),
    ("HEAD", "/xcoms/demo_dev.profit/r/t/return_value", {}),
    ("GET", "/dags/demo_dev.profit", {}),
]
REASON = "demo_dev.profit is not a pipeline of kitchen dev_kitchen"


@pytest.fixture(autouse=True)
def task(installation):
    """A task of ``dev_kitchen``, beside ``demo_dev`` and one kitchen of production."""
    installation.add_kitchen("dev_kitchen")
    installation.add_kitchen("demo_dev")
    installation.add_kitchen("demo_production", "production")
    return installation.running_task("dev_kitchen")


def let_read(installation, *kitchens):
    installation.declare(lambda here: here.update(readable_kitchens=list(kitchens)))


@pytest.mark.parametrize(("method", "path", "query"), LOOKS)
def test_a_kitchen_is_closed_until_its_environment_says_otherwise(
    installation, task, method, path, query
):
    let_read(installation)
    assert asks(task, method, path, **query).endswith(REASON)
    let_read(installation, "demo_dev")
    assert asks(task, method, path, **query) is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/dag-runs/demo_dev.profit/r"),
        ("POST", "/dag-runs/demo_dev.profit/r/clear"),
        ("POST", "/xcoms/demo_dev.profit/r/t/k"),
        ("DELETE", "/xcoms/demo_dev.profit/r/t/k"),
    ],
)
def test_nothing_is_started_or_changed_in_a_readable_kitchen(installation, task, method, path):
    let_read(installation, "demo_dev")
    assert asks(task, method, path).endswith(REASON)


def test_all_that_a_request_names_has_to_be_readable(installation, task):
    let_read(installation, "demo_dev")
    query = {"dag_id": ["dev_kitchen.profit", "demo_dev.profit", "demo_production.profit"]}
    assert "refused" in asks(task, "GET", "/dag-runs/count", **query)


def test_another_environments_kitchen_is_never_readable(installation, task):
    let_read(installation, "demo_production", "demo_dev", "gone")
    said = asks(task, "GET", "/dags/demo_production.profit")
    assert said.endswith("demo_production.profit is not a pipeline of kitchen dev_kitchen")


def test_a_readable_kitchen_reads_no_other(installation):
    let_read(installation, "demo_dev")
    said = asks(installation.running_task("demo_dev"), "GET", "/dags/dev_kitchen.profit")
    assert said.endswith("dev_kitchen.profit is not a pipeline of kitchen demo_dev")


def test_the_platforms_tasks_look_at_no_kitchen(installation):
    let_read(installation, "demo_dev")
    janitor = installation.task_of("dataops.development.janitor")
    assert "is not a pipeline of the platform" in asks(janitor, "GET", "/dags/demo_dev.profit")
