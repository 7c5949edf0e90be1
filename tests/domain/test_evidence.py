"""What a finished run says of its code, and what it does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.domain import evidence, results
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.evidence import Evidence, FinishedRun, RunTask, Standing

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
COPY = RunTask(task_id="load.copy", map_index=-1, try_number=1, state="success", has_reported=True)
TESTS = replace(COPY, task_id="load.data_tests")
RUN = FinishedRun(
    dag_id="dev_kitchen.profit",
    run_id="manual__1",
    state="success",
    version="v1",
    began_at=NOON,
    ended_at=NOON + timedelta(minutes=1),
    tasks=(COPY, TESTS),
)


def result(outcome=Outcome.PASS, *, version="v1", try_number=1, task=TESTS):
    return results.Result(
        run=results.TestingRun(
            kitchen_id="k",
            place=results.PipelineStage(pipeline="profit", stage="load"),
            run_id=RUN.run_id,
            task_id=task.task_id,
            map_index=task.map_index,
            try_number=try_number,
            at=NOON,
            version=version,
        ),
        verdict=Verdict(test="rows", outcome=outcome, measured=7.0, detail="expected 10 to 20"),
        recorded_at=NOON,
    )


def judged(*told, **changes):
    found = evidence.judge_run(replace(RUN, **changes), told)
    return found.standing, list(found.reasons)


def test_a_run_whose_tests_all_passed_is_green():
    assert judged(result()) == (Standing.GREEN, [])


@pytest.mark.parametrize("outcome", [Outcome.WARN, Outcome.LEARNING])
def test_warnings_and_learning_are_green_and_listed(outcome):
    assert judged(result(outcome)) == (
        Standing.GREEN,
        [f"load: rows: {outcome}: expected 10 to 20"],
    )


@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.ERROR])
@pytest.mark.parametrize("state", ["success", "failed"])
def test_what_failed_or_could_not_be_measured_is_red_whatever_the_run_says(outcome, state):
    found = judged(result(outcome), state=state)
    assert found == (Standing.RED, [f"load: rows: {outcome}: expected 10 to 20"])


def test_a_pipeline_without_a_test_is_not_green():
    assert judged(tasks=(COPY,)) == (Standing.RED, ["it has no data test"])


def test_a_run_that_failed_after_its_tests_is_not_green():
    assert judged(result(), state="failed") == (Standing.RED, ["the run ended as failed"])


@pytest.mark.parametrize(
    ("task", "told", "says"),
    [
        (replace(TESTS, state="skipped", has_reported=False), [], "load.data_tests was skipped"),
        (TESTS, [], "load.data_tests has said nothing; it is success"),
        (
            replace(TESTS, state="upstream_failed", has_reported=False),
            [],
            "load.data_tests has said nothing; it is upstream_failed",
        ),
        # What an earlier try said is not about what this one found.
        (
            replace(TESTS, try_number=2),
            [result()],
            "load.data_tests has said nothing; it is success",
        ),
        (
            replace(TESTS, map_index=3),
            [result()],
            "load.data_tests [3] has said nothing; it is success",
        ),
    ],
)
def test_tests_that_did_not_say_anything_are_not_green(task, told, says):
    assert judged(*told, tasks=(COPY, task)) == (Standing.RED, [says])


@pytest.mark.parametrize("task", [COPY, TESTS])
def test_a_task_that_somebody_marked_as_a_success_makes_a_run_no_evidence(task):
    marked = replace(task, has_reported=False)
    tasks = tuple(marked if one is task else one for one in (COPY, TESTS))
    found = judged(result(), tasks=tasks)
    assert found == (Standing.VOID, [f"{task.task_id} was marked as a success by hand"])


def test_a_task_that_no_worker_runs_need_not_report():
    empty = replace(COPY, has_reported=False, does_nothing=True)
    assert judged(result(), tasks=(empty, TESTS)) == (Standing.GREEN, [])


@pytest.mark.parametrize(
    ("changes", "told", "says"),
    [
        ({"version": None}, [result(version=None)], "it is pinned to no version"),
        ({"was_cleared": True}, [result()], "tasks of it were cleared"),
        ({}, [result(version="v0")], "its tests ran on another version"),
    ],
)
def test_a_run_of_which_nobody_knows_what_it_ran_is_no_evidence(changes, told, says):
    standing, [reason] = judged(*told, **changes)
    assert standing is Standing.VOID
    assert reason.startswith(says)


def on_record(standing, *, kitchen="padma", minute=0):
    return Evidence(
        project="retail",
        environment="development",
        kitchen_id=kitchen,
        kitchen=kitchen,
        pipeline="profit",
        input_tree="t",
        commit="c",
        version="v1",
        dag_id="d.profit",
        run_id=f"{kitchen} {minute}",
        standing=standing,
        reasons=(),
        said=evidence.said([result(), result(Outcome.WARN)]),
        parameters={},
        data=(),
        began_at=None,
        ended_at=NOON + timedelta(minutes=minute),
        recorded_at=NOON,
    )


GREEN, RED, VOID = Standing.GREEN, Standing.RED, Standing.VOID


@pytest.mark.parametrize(
    ("found", "decides"),
    [
        ([], None),
        ([on_record(VOID)], None),
        ([on_record(GREEN, minute=1), on_record(RED, minute=2)], "padma 2"),
        ([on_record(GREEN, minute=1), on_record(VOID, minute=2)], "padma 1"),
        ([on_record(GREEN, minute=1), on_record(RED, kitchen="carl", minute=2)], "padma 1"),
        ([on_record(VOID, minute=1), on_record(GREEN, kitchen="carl", minute=0)], "carl 0"),
    ],
)
def test_a_kitchens_own_last_run_decides_and_anothers_where_it_has_none(found, decides):
    one = evidence.deciding(found, kitchens={"padma"})
    assert (one.run_id if one else None) == decides


def test_what_tests_said_is_counted():
    assert on_record(GREEN).counts == {Outcome.PASS: 1, Outcome.WARN: 1}
