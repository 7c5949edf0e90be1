"""From a cron expression on a branch to a run that nobody started."""

from __future__ import annotations

import time
from datetime import datetime

import pytest

from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
SCHEDULES = "/dataops/api/v1/kitchens/demo_dev/schedules"
LEDGER = f"{SCHEDULES}/ledger"
# With seconds, so that nobody has to wait for a minute.
OFTEN = "* * * * * */5"
SCHEDULED = (
    "select count(*) from dag_run where dag_id = 'demo_dev.ledger' and run_type = 'scheduled'"
)


def test_a_schedule_runs_once_it_is_enabled_and_no_more_once_it_is_disabled(live_airflow):
    live, chris = live_airflow, live_airflow.person("chris")

    def shown(state):
        for one in chris.get(SCHEDULES).raise_for_status().json():
            if (one["pipeline"], one["state"]) == ("ledger", state):
                return one
        return None

    def ended():
        return live.rows(f"{SCHEDULED} and state = 'success'")[0][0]

    assert chris.put(LEDGER, json={"schedule": OFTEN}).raise_for_status().json()["is_new"]
    inert = eventually("the schedule is read", lambda: shown("inert"))
    assert (inert["schedule"], inert["next_run_at"]) == (OFTEN, None)
    assert live.rows(SCHEDULED) == [(0,)]

    enabled = chris.post(f"{LEDGER}/enable", json={}).raise_for_status().json()
    eventually("a run that nobody started ends well", ended, seconds=90)
    [(first,)] = live.rows(
        "select min(logical_date) from dag_run where dag_id = 'demo_dev.ledger' "
        "and run_type = 'scheduled'"
    )
    assert first > datetime.fromisoformat(enabled["enabled_at"])
    tags = live.rows("select name from dag_tag where dag_id = 'demo_dev.ledger'")
    assert (f"schedule: {OFTEN} UTC",) in tags

    chris.post(f"{LEDGER}/disable", json={}).raise_for_status()
    live.refresh("demo_dev")
    over = live.rows(SCHEDULED)
    time.sleep(7)  # longer than from one tick to the next
    assert live.rows(SCHEDULED) == over
    assert shown("inert")
