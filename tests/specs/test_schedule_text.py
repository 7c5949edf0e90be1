"""Which texts make a schedule."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from croniter import CroniterBadDateError, croniter
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.specs.schedule_text import complaint

FIELDS = [(0, 59), (0, 23), (1, 31), (1, 12), (0, 7)]


@given(st.data())
def test_what_is_no_schedule_to_croniter_is_complained_about(data):
    """Plain schedules are not shown to croniter, which would judge them alike."""
    fields = [
        data.draw(
            st.one_of(
                st.sampled_from(["*", "1-5", "*/5", "00", "x"]),
                st.integers(0, 70).map(str),
                st.lists(st.integers(low, high), min_size=1, max_size=5).map(
                    lambda n: ",".join(map(str, n))
                ),
            )
        )
        for low, high in FIELDS
    ]
    cron = " ".join(fields)
    assert (complaint(cron, "UTC") is None) == comes(cron)


def comes(cron):
    try:
        return bool(croniter(cron, datetime(2026, 3, 2, tzinfo=UTC)).get_next())
    except (ValueError, CroniterBadDateError):
        return False


@pytest.mark.parametrize(
    ("cron", "timezone"),
    [
        ("0 6 * * 1", "America/Chicago"),
        ("*/5 * * * *", "UTC"),
        ("@daily", "Etc/GMT+5"),
        ("0 6 * * mon-fri", "Europe/Zurich"),
        ("0 0 29 2 *", "UTC"),
        ("0  6 * * 1", "UTC"),
        (None, "America/Chicago"),
    ],
)
def test_a_schedule_in_a_timezone_is_one(cron, timezone):
    assert complaint(cron, timezone) is None


@pytest.mark.parametrize(
    ("cron", "timezone", "why"),
    [
        ("0 6 * * 8", "UTC", "is no cron expression; '0 6 * * 1' is Mondays at six"),
        ("@once", "UTC", "is no cron expression"),
        ("@continuous", "UTC", "is no cron expression"),
        ("", "UTC", "is no cron expression"),
        (60, "UTC", "schedule is 60; write a cron expression"),
        ("0 0 31 2 *", "UTC", "never comes: no such month has such a day"),
        ("R R * * *", "UTC", "is another at every look; write a number in place of R"),
        ("0 6 * * 1", "Chicago", "timezone 'Chicago' is none; write an IANA name"),
        ("0 6 * * 1", "", "timezone '' is none"),
        ("0 6 * * 1", "../../etc/passwd", "is none"),
        ("0 6 * * 1", "A" * 10_000, "is none"),
        (
            f"{','.join(map(str, range(0, 60, 2)))} * * * *",
            "America/Chicago",
            "has 108 letters, at most 80 can be shown as a tag; write steps such as */5",
        ),
    ],
)
def test_what_is_none_is_told_why(cron, timezone, why):
    said = complaint(cron, timezone)
    assert why in said
    assert len(said) < 400
