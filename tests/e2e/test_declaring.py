"""Files on development's branch that try to be more than their kitchen's."""

from __future__ import annotations

import pytest

from tests.e2e.conftest import PRODUCTION_ROW, PRODUCTION_VERSIONS
from tests.live_airflow import eventually

pytestmark = [pytest.mark.airflow, pytest.mark.service]
LOADER = "dev_kitchen/dataops_kitchen.py"
WAITS = "pipelines/waits/pipeline.py"


def shown_code(live):
    """What the version that the DAG shows has; other kitchens make versions, too."""
    ((version,),) = live.rows("select bundle_version from dag where dag_id = 'dev_kitchen.waits'")
    versions = live.airflow.airflow_home / "bundles" / "kitchens-development" / "versions"
    return (versions / version / "dev_kitchen" / "code" / WAITS).read_text()


@pytest.fixture
def complaint(attack):
    """The import error of development's kitchen."""
    errors = attack.live.get("/importErrors")["import_errors"]
    assert [error["filename"] for error in errors] == [LOADER]
    return errors[0]["stack_trace"]


@pytest.mark.parametrize(
    "dag_id", ["demo_production.profitability", "demo_dev.extra", "no_namespace"]
)
def test_a_foreign_dag_is_an_import_error_with_its_reason(complaint, dag_id):
    assert (
        f"DAG '{dag_id}' is refused: kitchen 'dev_kitchen' may declare DAGs named "
        "dev_kitchen.<pipeline> only"
    ) in complaint


def test_productions_row_is_untouched(attack):
    assert attack.live.rows(PRODUCTION_ROW) == attack.before
    (row,) = attack.before
    assert row[0] == "kitchens-production"
    assert attack.versions == attack.live.rows(PRODUCTION_VERSIONS)


def test_the_guard_that_a_file_removed_in_its_own_process_still_stands(attack, parsed):
    assert parsed["guard"] == "answered str"
    assert not attack.live.has_dag("no_namespace")
    assert not attack.live.has_dag("demo_dev.extra")


@pytest.mark.parametrize("wanted", ["write variable", "delete variable", "read xcom", "states"])
def test_a_file_may_ask_the_dag_processor_for_nothing_of_others(parsed, wanted):
    assert "PERMISSION_DENIED" in parsed[wanted]
    assert "is refused" in parsed[wanted]


def test_a_schedule_that_a_file_smuggles_in_is_stripped(attack):
    assert attack.live.rows(
        "select timetable_type, next_dagrun, is_paused from dag "
        "where dag_id = 'dev_kitchen.scheduled'"
    ) == [("NullTimetable", None, False)]


def test_a_broken_pipeline_is_an_import_error_with_its_line(complaint):
    assert "1 of 7 pipelines could not be built, the others are not affected" in complaint
    assert 'pipelines/broken:   File "pipelines/broken/pipeline.py", line 5' in complaint
    assert "LookupError: this pipeline cannot be built" in complaint


def test_a_broken_pipeline_harms_no_other(attack):
    live = attack.live
    assert live.has_dag("dev_kitchen.harmless")
    live.trigger("dev_kitchen.harmless", "beside")
    assert live.ended("dev_kitchen.harmless", "beside") == "success"
    assert live.has_dag("demo_dev.profitability")


def test_the_environment_decides_queue_and_executor(waiting):
    found = waiting.live.task("dev_kitchen.waits", "waiting", "wait")
    assert (found["queue"], found["executor"], found["executor_config"]) == (
        "development",
        None,
        "{}",
    )


def test_a_run_keeps_its_code_when_the_branch_moves(waiting):
    live = waiting.live
    live.branches.edit("dev_kitchen", WAITS, '"one"', '"two"')
    live.refresh("dev_kitchen")
    eventually("the DAG shows the new version", lambda: '"two"' in shown_code(live), seconds=180)
    waiting.until.touch()
    assert live.ended("dev_kitchen.waits", "waiting") == "success"
    assert waiting.report.read_text() == "one"
    until, report = waiting.until, live.folder / "code_of_next"
    live.trigger("dev_kitchen.waits", "next", until=str(until), report=str(report))
    assert live.ended("dev_kitchen.waits", "next") == "success"
    assert report.read_text() == "two"
