"""What people read in Slack when tasks fail, or die without a word."""

from __future__ import annotations

import os
import signal
from collections import Counter

import httpx
import pytest

from tests.live_airflow import eventually, read_json

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def told(live, run):
    """How often which channel was told what of a run."""
    listed = httpx.get(f"{live.stack.addresses.slack_url}/double/messages").raise_for_status()
    return Counter(
        (channel, message["text"])
        for channel, messages in listed.json().items()
        for message in messages
        if f"run {run} " in str(message["blocks"])
    )


def test_failures_and_deaths_are_told_once_each_where_they_belong(attack):
    """Also a task that was killed with all that watched it, of which no callback is called."""
    live, report = attack.live, attack.live.folder / "alarm.json"
    live.trigger("dev_kitchen.alarms", "dying", report=str(report))
    for kitchen in ("demo_production", "dev_kitchen"):
        live.trigger(f"{kitchen}.alarms", "failing")
    pids = eventually("the task has its place", lambda: report.exists() and report.read_text())
    assert pids
    pids = read_json(report)
    for kitchen in ("demo_production", "dev_kitchen"):
        assert live.ended(f"{kitchen}.alarms", "failing") == "failed"
    os.kill(pids["watches"], signal.SIGKILL)
    os.kill(pids["task"], signal.SIGKILL)
    # Five minutes without a sign of life, which nobody has to wait for.
    with live.engine.begin() as connection:
        connection.exec_driver_sql(
            "update task_instance set last_heartbeat_at = now() - interval '6 minutes' "
            "where dag_id = 'dev_kitchen.alarms' and run_id = 'dying'"
        )
    assert live.ended("dev_kitchen.alarms", "dying") == "failed"
    eventually("the death is told", lambda: told(live, "dying"))
    assert told(live, "dying") == {
        ("development", ":red_circle: dev_kitchen.alarms / ring failed"): 1
    }
    assert told(live, "failing") == {
        ("production", ":red_circle: demo_production.alarms / ring failed"): 1,
        ("development", ":red_circle: dev_kitchen.alarms / ring failed"): 1,
    }
    messages = httpx.get(f"{live.stack.addresses.slack_url}/double/messages").text
    assert "no sign of life" in messages
    assert "4111" not in messages
