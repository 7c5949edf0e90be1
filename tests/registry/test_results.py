"""Results of data tests and chart acts in a migrated metadata database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.overview import LastRuns
from airflow_dataops.domain.results import ActKind, ChartAct, PipelineStage, history
from airflow_dataops.errors import CredentialRefused
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import NOON, add_dag, add_finished_run, add_running_task

pytestmark = pytest.mark.airflow
PLACE = PipelineStage(pipeline="profit", stage="load")
DAY = timedelta(days=1)
ROWS = Verdict(
    test="row_count",
    outcome=Outcome.PASS,
    measured=100.0,
    detail="expected 99",
    holds=True,
    low=90.0,
    high=None,
    rule="ControlLimits",
    model="level",
    baseline="30 runs",
    numbers=(100.0, None, {"north": 1.0, "é": 2.0}),
    seconds=0.25,
)
FAILS = replace(ROWS, outcome=Outcome.FAIL, holds=False, measured=float("nan"), numbers=(7.0,))


NOTED = AuditEntry(
    at=NOON,
    by="padma",
    source="api 10.0.0.7",
    action="chart incident",
    project="retail",
    environment="development",
)


class Book:
    """The results of a tree of kitchens: base, then dev_kitchen; and one elsewhere."""

    def __init__(self, engine):
        from airflow_dataops.registry.results import ResultTable

        self.engine = engine
        above = kitchen_rows.add_kitchen(engine, "demo_production", environment="production")
        for name in ("demo_dev", "dev_kitchen"):
            kitchen = kitchen_rows.add_kitchen(engine, name)
            kitchen_rows.change_kitchen(engine, kitchen, parent_id=above)
            above = kitchen
        self.table = ResultTable(engine)

    def kitchen(self, name):
        from airflow_dataops.registry.kitchens import KitchenTable

        return KitchenTable(self.engine, bundle_name=str).kitchen(name)

    def run(self, kitchen, *, days=0, **more):
        from airflow_dataops.domain.results import TestingRun

        about = {
            "kitchen_id": self.kitchen(kitchen).id, "place": PLACE, "run_id": f"run-{days}",
            "task_id": "load.data_tests", "map_index": -1, "try_number": 1,
            "at": NOON + days * DAY, "version": "v1",
        }  # fmt: skip
        return TestingRun(**{**about, **more})

    def record(self, run, *verdicts):
        return self.table.record(run, verdicts, now=NOON)

    def points(self, kitchen, *, days=1000, test="row_count"):
        own, *others = self.table.pasts(self.run(kitchen, days=days))
        return [
            (p.at, p.numbers[0], p.kitchen, p.is_in_control) for p in history(test, own, others)
        ]

    def act(self, kitchen, kind, since, until=None, test="row_count"):
        act = ChartAct(
            kind=kind, place=PLACE, test=test, since=since, until=until,
            reason="the feed was broken", by="padma", at=NOON,
        )  # fmt: skip
        self.table.note(self.kitchen(kitchen), act, audit=NOTED)


@pytest.fixture
def book(engine):
    return Book(engine)


def test_a_verdict_is_kept_whole(book):
    run = book.run("dev_kitchen")
    assert book.record(run, ROWS, replace(FAILS, test="sum"))
    first, second = book.table.results(book.kitchen("dev_kitchen"))
    assert (first.run, first.verdict) == (run, ROWS)
    assert (second.verdict.measured, second.verdict.holds) == (None, False)


def test_the_first_report_of_a_try_counts(book):
    run = book.run("dev_kitchen")
    assert [book.record(run, ROWS), book.record(run, FAILS)] == [True, False]
    assert [r.verdict for r in book.table.results(book.kitchen("dev_kitchen"))] == [ROWS]


def test_a_later_try_or_a_cleared_run_replaces_its_points(book):
    book.record(book.run("dev_kitchen"), FAILS, replace(FAILS, test="gone by now"))
    assert book.record(book.run("dev_kitchen", try_number=2), ROWS)
    assert not book.record(book.run("dev_kitchen", try_number=1), FAILS)
    assert [r.verdict for r in book.table.results(book.kitchen("dev_kitchen"))] == [ROWS]


def test_files_tables_and_mapped_tasks_of_a_run_stand_beside_each_other(book):
    book.record(book.run("dev_kitchen"), ROWS)
    book.record(book.run("dev_kitchen", map_index=1), ROWS)
    of_files = book.run("dev_kitchen", task_id="load.file_tests")
    book.record(of_files, replace(ROWS, test="row_count of orders.csv"))
    assert len(book.table.results(book.kitchen("dev_kitchen"), run_id="run-0")) == 3


def test_points_of_other_stages_runs_to_come_and_the_run_itself_are_no_history(book):
    for days in (1, 2, 3):
        book.record(book.run("dev_kitchen", days=days), replace(ROWS, numbers=(float(days),)))
    elsewhere = PipelineStage(pipeline="profit", stage="analyse")
    book.record(book.run("dev_kitchen", days=1, place=elsewhere), ROWS)
    assert [value for _, value, _, _ in book.points("dev_kitchen", days=2)] == [1.0]


def test_a_new_kitchen_begins_with_its_parents_points_and_says_so(book):
    for days in range(40):
        book.record(book.run("demo_dev", days=days), replace(ROWS, numbers=(float(days),)))
    book.record(book.run("demo_production", days=-1), ROWS)
    inherited = book.points("dev_kitchen")
    assert len(inherited) == 40
    assert inherited[-1] == (NOON + 39 * DAY, 39.0, "demo_dev", True)
    book.record(book.run("dev_kitchen", days=41), replace(ROWS, numbers=(41.0,)))
    assert [kitchen for _, _, kitchen, _ in book.points("dev_kitchen")][-2:] == ["demo_dev", None]
    for days in range(42, 72):
        book.record(book.run("dev_kitchen", days=days), ROWS)
    assert {kitchen for _, _, kitchen, _ in book.points("dev_kitchen")} == {None}


def test_production_lends_nothing_to_development(book):
    for days in range(40):
        book.record(book.run("demo_production", days=days), ROWS)
    assert book.points("dev_kitchen") == book.points("demo_dev") == []


def test_a_parent_learns_nothing_from_its_children(book):
    book.record(book.run("dev_kitchen"), ROWS)
    assert book.points("demo_dev") == []


def test_what_broke_the_rule_and_incidents_are_seen_and_not_learned_from(book):
    for days, verdict in enumerate([ROWS, FAILS, ROWS, ROWS]):
        book.record(book.run("dev_kitchen", days=days), verdict)
    book.act("dev_kitchen", ActKind.INCIDENT, NOON + 2 * DAY, NOON + 2 * DAY)
    assert [in_control for *_, in_control in book.points("dev_kitchen")] == [
        True, False, False, True,
    ]  # fmt: skip


def test_after_a_rebaselining_only_what_came_since_counts(book):
    book.record(book.run("demo_dev", days=-1), ROWS)
    for days in range(4):
        book.record(book.run("dev_kitchen", days=days), ROWS)
    book.act("dev_kitchen", ActKind.REBASELINE, NOON + 2 * DAY, test=None)
    assert [at for at, *_ in book.points("dev_kitchen")] == [NOON + 2 * DAY, NOON + 3 * DAY]


def test_what_could_not_be_measured_is_no_point(book):
    book.record(book.run("dev_kitchen"), replace(ROWS, outcome=Outcome.ERROR, numbers=()))
    assert book.points("dev_kitchen") == []


def test_a_run_is_what_the_tables_say_of_its_task(book):
    add_dag(book.engine, "dev_kitchen.profit", bundle="kitchens-development")
    kitchen_rows.record(book.engine, "v7", bundle="kitchens-development", environment="development")
    from airflow_dataops.domain import identity
    from airflow_dataops.registry import identities

    def asking(task_id):
        task = add_running_task(book.engine, "dev_kitchen.profit", version="v7", task_id=task_id)
        return identity.kitchen_task(identities.look_up(book.engine, task))

    run = book.table.run_of(asking("load.data_tests"), map_index=3)
    assert (run.place, run.version, run.try_number, run.map_index) == (PLACE, "v7", 2, 3)
    assert run.at == datetime(2026, 3, 2, 12, tzinfo=UTC)
    with pytest.raises(CredentialRefused, match=r"load\.copy runs no stage's tests"):
        book.table.run_of(asking("load.copy"), map_index=-1)


def test_what_was_kept_before_a_moment_is_forgotten_in_its_environment_alone(book):
    for days in (1, 2):
        for kitchen in ("dev_kitchen", "demo_production"):
            run = book.run(kitchen, days=days)
            book.table.record(run, [ROWS], now=NOON + days * DAY)
    assert book.table.forget("development", before=NOON + 1.5 * DAY) == 1
    kept = {k: len(book.table.results(book.kitchen(k))) for k in ("dev_kitchen", "demo_production")}
    assert kept == {"dev_kitchen": 1, "demo_production": 2}
    assert book.table.forget("development", before=NOON) == 0


def test_outcomes_since_a_moment_say_where_they_stand(book):
    book.record(book.run("dev_kitchen", days=1), ROWS)
    book.record(book.run("dev_kitchen", days=3, map_index=2), FAILS)
    [one] = book.table.said(book.kitchen("dev_kitchen"), since=NOON + 2 * DAY)
    assert (one.pipeline, one.task, one.test) == ("profit", "load.data_tests", "row_count [2]")
    assert (one.run_id, one.at, one.outcome) == ("run-3", NOON + 3 * DAY, Outcome.FAIL)


class TestLatest:
    """Of each task that tests, what it said in its last run."""

    def latest(self, book, kitchen="dev_kitchen"):
        found = book.table.latest(book.kitchen(kitchen))
        return [(one.run.run_id, one.verdict.test, one.verdict.outcome) for one in found]

    def test_a_later_run_takes_the_place_of_an_earlier_one(self, book):
        book.record(book.run("dev_kitchen", days=1), ROWS, replace(ROWS, test="gone_since"))
        book.record(book.run("dev_kitchen", days=2), FAILS)
        assert self.latest(book) == [("run-2", "row_count", Outcome.FAIL)]

    def test_an_earlier_run_that_reports_later_does_not(self, book):
        book.record(book.run("dev_kitchen", days=2), ROWS)
        book.record(book.run("dev_kitchen", days=1), FAILS)
        assert self.latest(book) == [("run-2", "row_count", Outcome.PASS)]

    def test_another_try_of_it_does(self, book):
        book.record(book.run("dev_kitchen", days=2), FAILS)
        book.record(book.run("dev_kitchen", days=2, try_number=2), ROWS)
        assert self.latest(book) == [("run-2", "row_count", Outcome.PASS)]

    def test_each_task_of_a_stage_and_each_kitchen_has_its_own(self, book):
        book.record(book.run("dev_kitchen", days=1, task_id="load.file_tests"), FAILS)
        book.record(book.run("dev_kitchen", days=2), replace(ROWS, test="sum"))
        book.record(book.run("demo_dev", days=3), ROWS)
        assert [run_id for run_id, _, _ in self.latest(book)] == ["run-1", "run-2"]
        assert [run_id for run_id, _, _ in self.latest(book, "demo_dev")] == ["run-3"]


def test_kitchens_are_summed_up_by_pipelines_that_are_in_the_code(book, engine):
    from airflow_dataops.registry.overview import OverviewTable

    kitchens = [book.kitchen(name) for name in ("demo_dev", "dev_kitchen")]
    gone = PipelineStage(pipeline="gone", stage="load")
    book.record(book.run("dev_kitchen"), FAILS, replace(ROWS, test="sum"))
    book.record(book.run("dev_kitchen", place=gone), FAILS)
    add_dag(engine, "dev_kitchen.profit", bundle="development")
    add_dag(engine, "dev_kitchen.gone", bundle="development", is_stale=True)
    add_running_task(engine, "dev_kitchen.profit", version="v1")
    add_running_task(engine, "dev_kitchen.gone", version="v1")
    overview = OverviewTable(engine, bundle_name=str)
    dev = book.kitchen("dev_kitchen").id
    assert overview.verdict_counts(kitchens) == {dev: {Outcome.FAIL: 1, Outcome.PASS: 1}}
    runs = overview.last_runs(kitchens)
    assert runs == {dev: LastRuns(pipelines=1, at=NOON, states={"running": 1})}


def test_of_each_pipeline_the_newest_run_counts(book, engine):
    from airflow_dataops.registry.overview import OverviewTable

    kitchens = [book.kitchen(name) for name in ("demo_dev", "dev_kitchen")]
    for dag_id in ("dev_kitchen.profit", "dev_kitchen.loss", "dev_kitchen.never_run"):
        add_dag(engine, dag_id, bundle="development")
    add_finished_run(engine, "dev_kitchen.profit", version="v1", at=NOON + DAY)
    add_finished_run(engine, "dev_kitchen.profit", version="v1", state="failed", at=NOON)
    add_finished_run(engine, "dev_kitchen.loss", version="v1", state="failed", at=NOON - DAY)
    overview = OverviewTable(engine, bundle_name=str)
    [(kitchen_id, found)] = overview.last_runs(kitchens).items()
    assert kitchen_id == book.kitchen("dev_kitchen").id
    states = {"success": 1, "failed": 1}
    assert found == LastRuns(pipelines=3, at=NOON + DAY, states=states)


def test_a_kitchen_whose_pipelines_never_ran_is_told_how_many_it_has(book, engine):
    from airflow_dataops.registry.overview import OverviewTable

    add_dag(engine, "dev_kitchen.profit", bundle="development")
    overview = OverviewTable(engine, bundle_name=str)
    kitchens = [book.kitchen(name) for name in ("demo_dev", "dev_kitchen")]
    never_ran = LastRuns(pipelines=1, at=None, states={})
    assert overview.last_runs(kitchens) == {book.kitchen("dev_kitchen").id: never_ran}


def test_the_share_that_was_there_is_kept_and_told_with_the_point(book):
    book.record(book.run("demo_dev"), replace(ROWS, sampled=0.05))
    [kept] = book.table.results(book.kitchen("demo_dev"))
    own, *above = book.table.pasts(book.run("dev_kitchen", days=1))
    assert kept.verdict.sampled == 0.05
    assert [point.sampled for point in history("row_count", own, above)] == [0.05]
