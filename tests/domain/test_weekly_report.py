"""A week in numbers, against numbers that were counted by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.quality import Said
from airflow_dataops.domain.weekly_report import (
    MergeOfWeek,
    Week,
    WeeklyReport,
    finished_in,
    kitchen_week,
)
from airflow_dataops.domain.work import Stay, Step, Work
from airflow_dataops.errors import InvalidRequest

WEEK = Week.read("2026-W10")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)


def said(day, outcome, *, test="rows", run=None):
    at = MONDAY + timedelta(days=day)
    return Said("sales", "load.data_tests", run or f"run {day}", test, at, outcome)


def work(began, *, scheduled_after=None, name="churn", ticket="DATA-1"):
    ends = [] if scheduled_after is None else [(Step.SCHEDULED, began + scheduled_after)]
    moments = [(Step.WORK, began), *ends]
    stays = [
        Stay(step=step, kitchen=name, assignee="padma", by="padma", began_at=at, ended_at=until)
        for (step, at), until in zip(moments, [at for _, at in moments[1:]] + [None], strict=True)
    ]
    return Work(
        kitchen_id=name,
        kitchen=name,
        project="retail",
        environment="development",
        ticket=ticket,
        stays=tuple(stays),
    )


def test_a_week_is_from_monday_to_sunday_in_utc():
    assert (WEEK.since, WEEK.until) == (MONDAY, MONDAY + timedelta(days=7))
    assert MONDAY in WEEK
    assert MONDAY + timedelta(days=7) not in WEEK
    assert str(Week.read("2020-W53")) == "2020-W53"


@given(st.dates(date(1980, 1, 1), date(2200, 1, 1)))
def test_a_week_is_read_as_it_is_written(day):
    week = Week(day - timedelta(days=day.weekday()))
    assert Week.read(str(week)) == week


@pytest.mark.parametrize(
    "text", ["", "2026-10", "2026-W54", "2026-W00", "week", "2026-W5", "٢026-W10"]
)
def test_what_is_no_week_is_refused_in_a_sentence(text):
    with pytest.raises(InvalidRequest, match="is no week; write a year and its week"):
        Week.read(text)


@given(st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1990 < at.year < 2100))
def test_the_last_week_that_is_over_ended_less_than_a_week_ago(now):
    week = Week.before(now)
    assert timedelta(0) <= now - week.until < timedelta(days=7)


def test_runs_tests_quality_and_merges_are_counted():
    told = [
        said(-3, Outcome.PASS),
        said(-3, Outcome.FAIL, test="nulls"),
        said(1, Outcome.PASS),
        said(1, Outcome.WARN, test="nulls"),
        said(7, Outcome.FAIL),  # the next Monday
    ]
    merge = MergeOfWeek(merged="dev", into="demo", by="chris", at=MONDAY, is_revert=False)
    runs = {"sales": {"success": 4, "failed": 1}, "idle": {"running": 1}}
    found = kitchen_week("demo", WEEK, runs=runs, said=told, merges=[merge])
    assert [one.pipeline for one in found.pipelines] == ["idle", "sales"]
    assert found.runs == {"success": 4, "failed": 1, "running": 1}
    assert found.verdicts == {Outcome.PASS: 1, Outcome.WARN: 1}
    # One of two passes; then one passes and one warns, which counts half.
    assert (found.quality_before, found.quality) == (50.0, 75.0)
    assert found.merges == (merge,)


def test_a_kitchen_without_tests_has_no_quality():
    found = kitchen_week("demo", WEEK, runs={}, said=[])
    assert (found.quality, found.pipelines) == (None, ())


def test_work_counts_in_the_week_in_which_it_was_scheduled_with_its_whole_time():
    days = timedelta(days=1)
    early = work(MONDAY - 20 * days, scheduled_after=21 * days, name="early")
    quick = work(MONDAY + days, scheduled_after=timedelta(hours=31), name="quick")
    later = work(MONDAY, scheduled_after=8 * days, name="later")
    open_ = work(MONDAY, name="open")
    found = finished_in(WEEK, [quick, early, later, open_])
    assert [(one.kitchen, one.cycle_time) for one in found] == [
        ("early", 21 * days),
        ("quick", timedelta(hours=31)),
    ]


def test_the_summary_says_it_in_a_few_lines():
    week = kitchen_week("demo", WEEK, runs={"sales": {"success": 2}}, said=[said(1, Outcome.PASS)])
    quiet = kitchen_week("quiet", WEEK, runs={}, said=[])
    finished = finished_in(WEEK, [work(MONDAY, scheduled_after=timedelta(hours=31))])
    report = WeeklyReport(
        about="production",
        week=WEEK,
        kitchens=(week, quiet),
        finished=finished,
        under_way={"work": 2},
    )
    first, ran, done, under_way = report.summary.splitlines()
    assert first == "production, week 2026-W10"
    assert ran == "demo: runs 2 success; tests 1 pass; quality 100 %"
    assert done.startswith("in production: churn (DATA-1) after ")
    assert under_way == "under way: 2 at work"


def test_a_week_without_anything_says_so():
    report = WeeklyReport(about="p", week=WEEK, kitchens=(), finished=(), under_way={})
    assert report.summary.splitlines()[1] == "nothing ran, and nothing was merged"
