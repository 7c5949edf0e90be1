"""The quality score: what counts, and how long a verdict stands."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.quality import Said, Score, scores

MONDAY = datetime(2026, 3, 2, 12, tzinfo=UTC)


def said(day, pipeline="profit", run=None, **outcomes):
    """What one run's tests said, some days after Monday."""
    return [
        Said(pipeline, "load.data_tests", run or f"run-{day}", test, MONDAY + timedelta(days=day),
             Outcome(outcome))
        for test, outcome in outcomes.items()
    ]  # fmt: skip


def values(found, pipeline=None):
    return {
        day.day.day: (day.pipelines[pipeline] if pipeline else day.score).value for day in found
    }


@pytest.mark.parametrize(
    ("outcomes", "value"),
    [
        (["pass", "pass"], 100.0), (["pass", "fail"], 50.0), (["warn"], 50.0), (["error"], 0.0),
        (["pass", "learning"], 100.0), (["learning"], None), ([], None),
        (["pass", "pass", "fail"], 66.7),
    ],
)  # fmt: skip
def test_a_warning_counts_half_and_a_test_that_learns_not_at_all(outcomes, value):
    assert Score.of(map(Outcome, outcomes)).value == value


def test_a_verdict_stands_until_its_tests_run_again():
    found = scores(
        [*said(0, a="pass", b="fail"), *said(0, "stock", c="pass"), *said(2, "stock", c="warn"),
         *said(3, a="pass", b="pass")],
        since=MONDAY.date(),
    )  # fmt: skip
    assert [day.day for day in found] == [date(2026, 3, 5), date(2026, 3, 4), date(2026, 3, 2)]
    assert values(found) == {2: 66.7, 4: 50.0, 5: 83.3}
    assert values(found, "profit") == {2: 50.0, 4: 50.0, 5: 100.0}


def test_a_test_that_the_next_run_leaves_out_is_gone_and_a_cleared_run_counts_once():
    found = scores([*said(0, a="pass", b="fail"), *said(1, a="pass")], since=MONDAY.date())
    assert values(found) == {2: 50.0, 3: 100.0}


def test_what_is_older_counts_towards_the_first_day_and_is_no_day_of_its_own():
    found = scores([*said(-3, "stock", c="fail"), *said(0, a="pass")], since=MONDAY.date())
    assert values(found) == {2: 50.0}


@given(st.lists(st.sampled_from(list(Outcome))))
def test_a_score_lies_between_nothing_and_a_hundred(outcomes):
    value = Score.of(outcomes).value
    assert value is None or 0 <= value <= 100
