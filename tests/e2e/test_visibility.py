"""A kitchen's DAGs are there seconds after it was created; nothing is restarted."""

from __future__ import annotations

import pytest

from benchmarks.visibility import GOAL_SECONDS, seconds_until_visible

pytestmark = [pytest.mark.airflow, pytest.mark.service]


def test_three_new_kitchens_are_visible_in_time(live_airflow):
    waited = [seconds_until_visible(live_airflow, f"quick_{number}") for number in range(3)]
    # Others use this machine, too: the benchmark holds the goal, this one its order of size.
    assert sorted(waited)[1] < 2 * GOAL_SECONDS, waited
