"""Two API servers behind a balancer: one is killed while tasks work, and no run is lost."""

from __future__ import annotations

import pytest

from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
TASKS = [f"asks_{number}" for number in range(3)]


@pytest.fixture
def second_server(attacked):
    """Another API server for the same workers, as a process."""
    process = attacked.live.airflow.add_api_server()
    yield process
    for child in process.children(recursive=True):
        child.kill()


def test_tasks_finish_when_one_of_two_is_killed(attacked, second_server):
    live, balancer = attacked.live, attacked.live.airflow.balancer
    _, second = balancer.servers
    until = live.airflow.homes["worker-development"] / "until_killed"
    live.trigger("dev_kitchen.survives", "killed", until=str(until))
    for task in TASKS:
        live.running_task("dev_kitchen.survives", "killed", task)
    eventually("both serve tasks", lambda: balancer.passed.get(second, 0) > 0, seconds=120)
    for child in second_server.children(recursive=True):
        child.kill()
    until.touch()
    assert live.ended("dev_kitchen.survives", "killed", seconds=300) == "success"
    of_run = "/dags/dev_kitchen.survives/dagRuns/killed/taskInstances"
    for task in TASKS:
        asked = live.get(f"{of_run}/{task}/xcomEntries/return_value")
        assert int(asked["value"]) > 0
