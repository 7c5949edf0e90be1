"""What becomes of pipelines, stages, tests and schedules in a merge."""

from __future__ import annotations

from dataclasses import replace

import pytest

from airflow_dataops.domain.merge_meaning import (
    EVERYTHING,
    MeaningKind,
    PipelineOutline,
    TestOutline,
    TreeOutline,
    meanings,
    secret_meanings,
    tools_of_changed,
)

ROWS = TestOutline(
    stage="load", name="row count", on_violation="fail", measured="count of t", rule="Between",
    numbers={"low": 10, "high": 100},
)  # fmt: skip
CHART = replace(
    ROWS, name="limits", measured="sum of t", rule="ControlLimits",
    numbers={"chart": "ewma", "false_alarms": "1 per 200 runs"},
)  # fmt: skip
PROFIT = PipelineOutline(
    name="profit",
    schedule="0 6 * * 1 UTC",
    stages=("load",),
    tasks={"load.copy": "FileToTableOperator"},
    tests=(ROWS, CHART),
    tools=frozenset({"redshift"}),
)


def said(after, before=PROFIT, tools=("redshift",), **broken):
    trees = [
        TreeOutline(pipelines={p.name: p for p in (one,) if p is not None})
        for one in (before, after)
    ]
    return [str(one) for one in meanings(trees[0], replace(trees[1], **broken), tools=tools)]


def with_tests(*tests):
    return replace(PROFIT, tests=tests)


def test_the_same_pipeline_means_nothing():
    assert said(PROFIT) == []


def test_what_is_added_and_removed_is_named():
    changed = replace(
        PROFIT,
        schedule=None,
        stages=("load", "report"),
        tasks={"load.copy_all": "FileToTableOperator"},
        tests=(ROWS,),
        tools=frozenset({"redshift", "s3"}),
    )
    assert said(changed) == [
        "profit: schedule removed: was 0 6 * * 1 UTC",
        "profit: stage added: report",
        "profit: task added: load.copy_all",
        "profit: task removed: load.copy",
        "profit: test removed: load: limits",
        "profit: tool not declared: s3",
    ]


def test_a_pipeline_comes_goes_or_has_another_name():
    assert said(PROFIT, before=None)[:2] == [
        "profit: pipeline added", "profit: schedule added: 0 6 * * 1 UTC",
    ]  # fmt: skip
    assert said(None) == ["profit: pipeline removed"]
    assert said(replace(PROFIT, name="margin")) == ["margin: pipeline renamed: was profit"]


def test_one_that_does_not_build_is_broken_and_not_taken_away():
    broken = {"pipelines/profit": "Traceback\nNameError: name 'x' is not defined\n"}
    assert said(None, broken=broken) == [
        "pipelines/profit: does not build: NameError: name 'x' is not defined"
    ]


def test_a_tree_of_which_nothing_is_known_is_never_as_before():
    nothing = TreeOutline(broken={EVERYTHING: "building took longer than 60 seconds"})
    [said] = meanings(nothing, nothing, tools=None)
    assert said.kind is MeaningKind.DOES_NOT_BUILD


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (replace(ROWS, on_violation="warn"), "on_violation fail becomes warn"),
        (replace(ROWS, numbers={"low": 1, "high": 100}), "low 10 becomes 1"),
        (replace(ROWS, numbers={"low": 10, "high": None}), "high 100 becomes no bound"),
        (
            # Its name says its bounds, as the default name of a test does.
            replace(ROWS, name="row count between 0 and 100", numbers={"low": 0, "high": 100}),
            "low 10 becomes 0",
        ),
        (replace(ROWS, measured="count of u"), "it measures something else"),
    ],
)
def test_a_test_that_finds_less_is_weakened(test, why):
    assert said(with_tests(test, CHART)) == [f"profit: test weakened: load: row count: {why}"]


@pytest.mark.parametrize(
    ("test", "why"),
    [
        (
            replace(CHART, numbers={"chart": "ewma", "false_alarms": "1 per 1000 runs"}),
            "false_alarms 1 per 200 runs becomes 1 per 1000 runs",
        ),
        (replace(CHART, rule="Between", numbers={"low": 0}), "control limits are off"),
    ],
)
def test_control_limits_are_weakened_by_a_laxer_budget_or_none(test, why):
    assert said(with_tests(ROWS, test)) == [f"profit: test weakened: load: limits: {why}"]


@pytest.mark.parametrize(
    "test",
    [
        replace(ROWS, numbers={"low": 20, "high": 90}),
        replace(ROWS, name="rows"),
        replace(ROWS, stage="other"),
    ],
)
def test_a_test_that_is_stricter_or_called_otherwise_is_changed(test):
    assert said(with_tests(test, CHART)) == ["profit: test changed: load: row count"]


def test_what_takes_away_has_to_be_acknowledged_and_what_adds_has_not():
    taken = {kind for kind in MeaningKind if _one(kind).takes_away}
    assert taken == {
        "pipeline removed",
        "test removed",
        "test weakened",
        "schedule removed",
        "not compared",
    }


def _one(kind):
    from airflow_dataops.domain.merge_meaning import Meaning

    return Meaning(pipeline="profit", kind=kind)


def test_secrets_are_asked_for_of_pipelines_that_are_new_or_changed():
    old = PipelineOutline(name="old", tools=frozenset({"s3"}))
    edited = PipelineOutline(name="edited", tools=frozenset({"sftp"}))
    new = PipelineOutline(name="new", tools=frozenset({"redshift"}))
    before = TreeOutline(pipelines={"old": old, "edited": replace(edited, tools=frozenset())})
    after = TreeOutline(pipelines={one.name: one for one in (old, edited, new)})
    wanted = tools_of_changed(before, after, changed=())
    assert set(wanted) == {"edited", "new"}
    # Its file is another, though it is built the same.
    assert "old" in tools_of_changed(before, after, changed=["pipelines/old/load.sql"])
    said = secret_meanings(wanted, {"sftp": None, "redshift": False})
    assert [str(one) for one in said] == [
        "edited: tool's secret not looked at: sftp",
        "new: tool without a secret: redshift",
    ]
    assert secret_meanings(wanted, {"sftp": True, "redshift": True}) == []
    assert not any(one.takes_away for one in said)
