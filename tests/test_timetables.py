"""Enabled schedules, by Airflow's own reckoning, at moments of the tests' choice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pendulum
import pytest
from airflow.serialization.decoders import decode_timetable
from airflow.timetables import trigger
from airflow.timetables.base import DataInterval, TimeRestriction
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.schedule import EnabledSchedule, Schedule
from airflow_dataops.timetables import EnabledTimetable, in_airflow, next_tick

pytestmark = pytest.mark.airflow
CHICAGO = "America/Chicago"
MONDAYS = Schedule(cron="0 6 * * 1", timezone=CHICAGO)
# A Monday; Chicago is six hours behind.
ENABLED_AT = datetime(2026, 3, 2, 11, 59, 59, 500_000, tzinfo=UTC)
THAT_MONDAY = pendulum.datetime(2026, 3, 2, 12)
NEXT_MONDAY = pendulum.datetime(2026, 3, 9, 11)
FREE = TimeRestriction(earliest=None, latest=None, catchup=False)


@pytest.fixture
def clock(monkeypatch):
    """Sets the clock that Airflow's timetables look at."""

    def set_to(moment):
        monkeypatch.setattr(trigger, "utcnow", lambda: pendulum.instance(moment))

    return set_to


def timetable(schedule=MONDAYS, at=ENABLED_AT):
    """What the scheduler gets to see."""
    enabled = EnabledSchedule(pipeline="p", schedule=schedule, enabled_by="eric", enabled_at=at)
    return decode_timetable(in_airflow(enabled))


def next_run(of, *, last=None, restriction=FREE):
    interval = None if last is None else DataInterval.exact(pendulum.instance(last))
    info = of.next_dagrun_info(last_automated_data_interval=interval, restriction=restriction)
    return None if info is None else info.run_after


def test_the_scheduler_finds_it_through_the_plugin():
    assert type(timetable()) is EnabledTimetable
    assert timetable().serialize() == {
        "expression": "0 6 * * 1",
        "timezone": CHICAGO,
        "starts_at": "2026-03-02T12:00:00+00:00",
    }
    assert timetable().summary == "0 6 * * 1"


def test_the_next_tick_after_enabling_runs_and_none_before(clock):
    clock(ENABLED_AT)
    assert next_run(timetable()) == THAT_MONDAY


def test_a_tick_of_the_very_moment_is_past(clock):
    clock(THAT_MONDAY)
    assert next_run(timetable(at=THAT_MONDAY)) == NEXT_MONDAY


def test_what_was_read_late_is_not_lost(clock):
    clock(THAT_MONDAY + timedelta(seconds=20))
    assert next_run(timetable()) == THAT_MONDAY


def test_what_was_disabled_for_weeks_starts_with_the_next_tick(clock):
    again = datetime(2026, 4, 1, tzinfo=UTC)
    clock(again)
    assert next_run(timetable(at=again), last=THAT_MONDAY) == pendulum.datetime(2026, 4, 6, 11)


def test_one_run_follows_the_other(clock):
    clock(THAT_MONDAY + timedelta(minutes=1))
    assert next_run(timetable(), last=THAT_MONDAY) == NEXT_MONDAY


@given(
    start=st.none() | st.datetimes(datetime(1999, 1, 1), datetime(2026, 3, 1)),  # noqa: DTZ001
    catchup=st.booleans(),
    last=st.none() | st.datetimes(datetime(2020, 1, 1), datetime(2026, 3, 1)),  # noqa: DTZ001
)
def test_no_start_date_and_no_catchup_of_the_code_bring_a_run_forward(start, catchup, last):
    earliest = start and pendulum.instance(start)
    restriction = TimeRestriction(earliest=earliest, latest=None, catchup=catchup)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(trigger, "utcnow", lambda: pendulum.instance(ENABLED_AT))
        assert next_run(timetable(), last=last, restriction=restriction) == THAT_MONDAY


def test_a_later_start_and_an_end_of_the_code_count(clock):
    clock(ENABLED_AT)
    later = TimeRestriction(earliest=pendulum.datetime(2026, 5, 1), latest=None, catchup=False)
    assert next_run(timetable(), restriction=later) == pendulum.datetime(2026, 5, 4, 11)
    over = TimeRestriction(earliest=None, latest=pendulum.datetime(2026, 3, 1), catchup=False)
    assert next_run(timetable(), restriction=over) is None


def runs(schedule, since, until, clock):
    """Every run between two moments, as a scheduler that looks each minute makes them."""
    of, last, made = timetable(schedule, at=since), None, []
    while True:
        clock(last or since)
        last = next_run(of, last=last)
        if last > until:
            return made
        made.append(last)


@pytest.mark.parametrize(
    ("begin", "hours_in_utc"),
    [
        (datetime(2026, 3, 7, 0, tzinfo=UTC), [12, 11, 11]),  # clocks go forward on the 8th
        (datetime(2026, 10, 31, 0, tzinfo=UTC), [11, 12, 12]),  # and back on November 1st
    ],
)
def test_six_oclock_in_chicago_comes_once_a_day_when_clocks_change(begin, hours_in_utc, clock):
    daily = Schedule(cron="0 6 * * *", timezone=CHICAGO)
    made = runs(daily, begin, begin + timedelta(days=3), clock)
    assert [run.hour for run in made] == hours_in_utc
    assert {run.in_timezone(CHICAGO).format("HH:mm") for run in made} == {"06:00"}


@pytest.mark.parametrize(
    ("cron", "begin", "local"),
    [
        # Half past two does not come on that night: the run is the first moment after the gap.
        ("30 2 * * *", datetime(2026, 3, 8, 6, tzinfo=UTC), ["2026-03-08 03:30"]),
        # Half past one comes twice, and runs once.
        ("30 1 * * *", datetime(2026, 11, 1, 5, tzinfo=UTC), ["2026-11-01 01:30"]),
    ],
)
def test_a_time_that_a_night_lacks_or_has_twice_runs_once(cron, begin, local, clock):
    made = runs(Schedule(cron=cron, timezone=CHICAGO), begin, begin + timedelta(hours=12), clock)
    assert [run.in_timezone(CHICAGO).format("YYYY-MM-DD HH:mm") for run in made] == local


def test_the_next_tick_is_the_one_that_the_scheduler_takes(clock):
    clock(ENABLED_AT)
    assert next_tick(MONDAYS, after=ENABLED_AT) == next_run(timetable())
