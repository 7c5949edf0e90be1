"""Evidence in the tables, and finished runs as Airflow's own tables tell of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.evidence import Evidence, Standing, TestSaid
from airflow_dataops.registry.evidence import EvidenceTable
from airflow_dataops.registry.finished_runs import FinishedRuns
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import NOON, add_clearing, add_dag, add_finished_run

pytestmark = pytest.mark.airflow
MINUTE = timedelta(minutes=1)
ROWS = TestSaid(
    stage="load", test="rows", outcome=Outcome.WARN, measured=7.5, detail="é", seconds=0.2
)


@pytest.fixture
def kitchen(engine):
    from airflow_dataops.registry.kitchens import KitchenTable

    kitchen_rows.add_kitchen(engine, "dev_kitchen")
    return KitchenTable(engine, bundle_name="kitchens-{}".format).kitchen("dev_kitchen")


def evidence(kitchen, *, run="r1", tree="t1", minute=0, standing=Standing.GREEN):
    return Evidence(
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        pipeline="profit",
        input_tree=tree,
        commit="c" * 40,
        version="v1",
        dag_id="dev_kitchen.profit",
        run_id=run,
        standing=standing,
        reasons=("load: rows: warn: é",),
        said=(ROWS,),
        parameters={"run_date": "2026-03-02", "n": 3},
        data=("run_date 2026-03-02",),
        began_at=NOON,
        ended_at=NOON + minute * MINUTE,
        recorded_at=NOON,
    )


class TestTable:
    def test_what_is_recorded_is_read_back_as_it_was(self, engine, kitchen):
        book, one = EvidenceTable(engine), evidence(kitchen)
        book.record([one])
        assert book.of(kitchen) == [one]
        assert book.about("retail", {"profit": "t1", "churn": "t1"}) == {
            "profit": [one],
            "churn": [],
        }
        assert book.about("retail", {"profit": "t2"}) == {"profit": []}
        assert book.about("banking", {"profit": "t1"}) == {"profit": []}
        assert book.of(kitchen, pipeline="churn") == []

    def test_nothing_that_is_recorded_is_changed(self, engine, kitchen):
        book, one = EvidenceTable(engine), evidence(kitchen, standing=Standing.RED)
        book.record([one])
        book.record([replace(one, standing=Standing.GREEN)])
        assert [found.standing for found in book.of(kitchen)] == [Standing.RED]
        # Run again under its own name, it has another end: that is told beside.
        book.record([evidence(kitchen, minute=1)])
        assert [found.standing for found in book.of(kitchen)] == [Standing.GREEN, Standing.RED]
        assert book.recorded(kitchen, since=NOON + MINUTE) == {
            ("dev_kitchen.profit", "r1", NOON + MINUTE)
        }

    def test_it_outlives_its_kitchen(self, engine, kitchen):
        book, one = EvidenceTable(engine), evidence(kitchen)
        book.record([one])
        kitchen_rows.remove_kitchen(engine, kitchen.id)
        assert book.about("retail", {"profit": "t1"}) == {"profit": [one]}

    def test_of_many_runs_those_are_given_that_can_decide(self, engine, kitchen):
        book = EvidenceTable(engine)
        book.record(
            [
                evidence(kitchen, run=f"r{minute}", minute=minute, standing=standing)
                for minute, standing in enumerate([Standing.GREEN, Standing.RED] * 5)
            ]
        )
        found = book.about("retail", {"profit": "t1"})["profit"]
        assert [one.run_id for one in found] == ["r9", "r8"]


def finished(engine, kitchen):
    runs = FinishedRuns(engine)
    return runs.told(runs.over(kitchen))


class TestRuns:
    @pytest.fixture(autouse=True)
    def dag(self, engine):
        add_dag(engine, "dev_kitchen.profit", bundle="kitchens-development")
        add_dag(engine, "dev_kitchenette.profit", bundle="kitchens-development")

    def test_a_run_is_told_with_what_it_was_about(self, engine, kitchen):
        conf = {"run_date": "2026-03-02", "password": "hunter2", "rows": [1, 2]}
        add_finished_run(engine, "dev_kitchen.profit", version="v1", conf=conf)
        [run] = finished(engine, kitchen)
        assert (run.pipeline, run.state, run.version) == ("profit", "success", "v1")
        assert run.ended_at == NOON + MINUTE
        assert run.parameters == {
            "run_date": "2026-03-02",
            "password": "***",
            "rows": "[1, 2]",
        }
        assert run.data == ("run_date 2026-03-02",)
        assert [task.task_id for task in run.tasks] == ["load.copy", "load.data_tests"]
        assert all(task.has_reported for task in run.tasks)
        assert not any(task.is_marked for task in run.tasks)
        assert not run.was_cleared

    def test_other_kitchens_runs_and_those_that_go_on_are_left_out(self, engine, kitchen):
        add_finished_run(engine, "dev_kitchenette.profit", version="v1")
        add_finished_run(engine, "dev_kitchen.profit", version="v1", state="running")
        assert finished(engine, kitchen) == []

    def test_a_task_that_did_not_report_itself_was_marked_by_somebody(self, engine, kitchen):
        add_finished_run(
            engine, "dev_kitchen.profit", version="v1", marked={"load.copy"}, tries={"load.copy": 2}
        )
        [run] = finished(engine, kitchen)
        assert [task.task_id for task in run.tasks if task.is_marked] == ["load.copy"]

    def test_an_empty_operator_reports_nothing_and_is_not_marked(self, engine, kitchen):
        add_finished_run(
            engine,
            "dev_kitchen.profit",
            version="v1",
            marked={"load.copy"},
            operators={"load.copy": "EmptyOperator"},
        )
        [run] = finished(engine, kitchen)
        assert not any(task.is_marked for task in run.tasks)

    @pytest.mark.parametrize("by_day", [False, True])
    def test_a_run_of_which_tasks_were_cleared_after_others_ended_is_known(
        self, engine, kitchen, by_day
    ):
        run_id = add_finished_run(engine, "dev_kitchen.profit", version="v1")
        at = NOON + 10 * MINUTE
        add_clearing(engine, "dev_kitchen.profit", None if by_day else run_id, at=at)
        [run] = finished(engine, kitchen)
        assert run.was_cleared
