"""The guard, on real parsing results with real serialized DAGs."""

from __future__ import annotations

import os
import time
from datetime import timedelta

import pytest
from airflow.dag_processing.manager import DagFileProcessorManager
from airflow.dag_processing.processor import DagFileParsingResult
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Asset, CronPartitionTimetable, CronTriggerTimetable
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from sqlalchemy import text
from sqlalchemy.orm import Session

from airflow_dataops.bundles import guard
from tests.registry.airflow_rows import add_dag

pytestmark = pytest.mark.airflow
LOADER = "dev_kitchen/dataops_kitchen.py"
NO_SCHEDULE = "airflow.timetables.simple.NullTimetable"


def serialized(dag_id, *, schedule=None, **arguments):
    with DAG(dag_id, schedule=schedule, **arguments) as dag:
        EmptyOperator(task_id="nothing")
    return LazyDeserializedDAG(data=DagSerialization.to_dict(dag))


def parsed(*dags, **arguments):
    return DagFileParsingResult(
        fileloc="/nowhere", **{"serialized_dags": list(dags), "import_errors": {}, **arguments}
    )


@pytest.fixture
def tracking(tmp_path):
    """The folder of present kitchens, with the code of ``dev_kitchen``."""
    folder = tmp_path / "tracking" / "dev_kitchen"
    pipeline = folder / "code" / "pipelines" / "profit"
    pipeline.mkdir(parents=True)
    (pipeline / "pipeline.py").write_text("one = 1\n")
    (folder / "dataops_kitchen.py").write_text("")
    return folder.parent


def hold(result, tracking, relative_fileloc=LOADER):
    bundle = guard.Guarded(tracking=tracking, environment="development")
    guard.hold_to_kitchen(result, relative_fileloc=relative_fileloc, bundle=bundle)
    return result


def names_of(result):
    return [dag.dag_id for dag in result.serialized_dags]


def test_a_kitchens_own_dag_stays(tracking):
    result = hold(parsed(serialized("dev_kitchen.profit")), tracking)
    assert names_of(result) == ["dev_kitchen.profit"]
    assert result.import_errors == {}


@pytest.mark.parametrize(
    "dag_id",
    [
        "demo_production.profit",
        "profit",
        "dev_kitchen",
        "dev_kitchen2.profit",
        "DEV_KITCHEN.profit",
    ],
)
def test_a_dag_outside_of_the_namespace_is_dropped_and_named(tracking, dag_id):
    result = hold(parsed(serialized("dev_kitchen.profit"), serialized(dag_id)), tracking)
    assert names_of(result) == ["dev_kitchen.profit"]
    assert result.import_errors == {
        LOADER: f"DAG {dag_id!r} is refused: kitchen 'dev_kitchen' may declare DAGs named "
        "dev_kitchen.<pipeline> only"
    }


def test_a_dag_that_has_code_called_in_the_triggerer_is_dropped(tracking):
    forged = serialized("dev_kitchen.profit")
    forged.data["dag"]["deadline"] = [{"callback": {"path": "asyncio.create_subprocess_shell"}}]
    result = hold(parsed(forged), tracking)
    assert names_of(result) == []
    assert "it has a deadline" in result.import_errors[LOADER]


def test_a_dag_that_turns_versioning_off_is_dropped(tracking):
    unpinned = serialized("dev_kitchen.profit", disable_bundle_versioning=True)
    result = hold(parsed(unpinned), tracking)
    assert names_of(result) == []
    assert "a kitchen's runs are pinned to a version" in result.import_errors[LOADER]


@pytest.mark.parametrize(
    "schedule",
    [
        "0 6 * * 1",
        "@daily",
        "@continuous",
        "@once",
        timedelta(minutes=1),
        [Asset("orders")],
        Asset("orders") | Asset("returns"),
        CronPartitionTimetable("@daily", timezone="UTC"),
    ],
    ids=str,
)
def test_every_schedule_is_stripped(tracking, schedule):
    arguments = {"max_active_runs": 1} if schedule == "@continuous" else {}
    result = hold(
        parsed(serialized("dev_kitchen.profit", schedule=schedule, **arguments)), tracking
    )
    (dag,) = result.serialized_dags
    assert dag.data["dag"]["timetable"] == {"__type": NO_SCHEDULE, "__var": {}}


def test_a_dag_that_wants_to_be_paused_can_be_run_by_hand(tracking):
    result = hold(parsed(serialized("dev_kitchen.profit", is_paused_upon_creation=True)), tracking)
    assert result.serialized_dags[0].data["dag"]["is_paused_upon_creation"] is False


@pytest.mark.parametrize("lie", ["/etc/passwd", "../../demo_production/x.py", ""])
def test_a_lying_path_is_replaced_by_the_pipelines_file(tracking, lie):
    dag = serialized("dev_kitchen.profit")
    dag.data["dag"]["fileloc"] = dag.data["dag"]["relative_fileloc"] = lie
    (kept,) = hold(parsed(dag), tracking).serialized_dags
    written = tracking / "dev_kitchen" / "code" / "pipelines" / "profit" / "pipeline.py"
    assert (kept.fileloc, kept.relative_fileloc) == (str(written), LOADER)


def test_a_pipeline_that_is_a_link_to_elsewhere_shows_the_loader(tracking):
    written = tracking / "dev_kitchen" / "code" / "pipelines" / "profit" / "pipeline.py"
    written.unlink()
    written.symlink_to("/etc/passwd")
    (kept,) = hold(parsed(serialized("dev_kitchen.profit")), tracking).serialized_dags
    assert kept.fileloc == str(tracking / LOADER)


@pytest.mark.parametrize(
    "path",
    ["demo_production/dataops_kitchen.py", "../x.py", "/etc/passwd",
     "dev_kitchen/../demo_production/dataops_kitchen.py", "dev_kitchen2/x.py", ""],
)  # fmt: skip
def test_import_errors_of_other_kitchens_are_dropped(tracking, path):
    result = hold(parsed(import_errors={path: "forged", LOADER: "true"}), tracking)
    assert result.import_errors == {LOADER: "true"}


def test_warnings_about_other_kitchens_are_dropped(tracking):
    warnings = [
        {"dag_id": dag_id, "warning_type": "non-existent pool", "message": "forged"}
        for dag_id in ("dev_kitchen.profit", "demo_production.profit")
    ]
    result = hold(parsed(warnings=warnings), tracking)
    assert [warning["dag_id"] for warning in result.warnings] == ["dev_kitchen.profit"]


@pytest.mark.parametrize("place", [None, "", "loose.py"])
def test_a_file_that_is_in_no_kitchen_declares_nothing(tracking, place):
    result = hold(parsed(serialized("dev_kitchen.profit")), tracking, relative_fileloc=place)
    assert names_of(result) == []


def test_an_ordinary_file_may_not_declare_a_kitchens_dag():
    result = parsed(serialized("dev_kitchen.profit"), serialized("reports.daily"))
    guard.keep_out_of_kitchens(result, "reports.py", {"dev_kitchen"})
    assert names_of(result) == ["reports.daily"]
    assert result.import_errors == {
        "reports.py": "DAG 'dev_kitchen.profit' is refused: the namespace belongs to kitchen "
        "'dev_kitchen'; give it another dag_id"
    }


def test_an_ordinary_file_keeps_its_schedule_and_its_path():
    dag = serialized("reports.daily", schedule="@daily")
    before = dict(dag.data["dag"])
    guard.keep_out_of_kitchens(parsed(dag), "reports.py", {"dev_kitchen"})
    assert dag.data["dag"] == before


@pytest.fixture
def persisted(tracking, monkeypatch):
    """What the guarded manager would write, by bundle."""
    from airflow.dag_processing.processor import DagFileProcessorProcess

    written = {}

    def persist(_manager, *, bundle_name, parsing_result, relative_fileloc, **_):
        written[bundle_name, relative_fileloc] = names_of(parsing_result)

    monkeypatch.setattr(DagFileProcessorManager, "persist_parsing_result", persist)
    monkeypatch.setattr(
        DagFileProcessorProcess, "_handle_request", DagFileProcessorProcess._handle_request
    )
    (tracking / "demo_dev").symlink_to(tracking / "dev_kitchen")
    monkeypatch.delattr(DagFileProcessorManager, guard._INSTALLED, raising=False)
    guard.install("kitchens", tracking=tracking, environment="development")
    guard.install("kitchens", tracking=tracking, environment="development")
    yield written
    delattr(DagFileProcessorManager, guard._INSTALLED)


def test_the_manager_writes_what_the_guard_leaves(persisted, airflow_engine):
    result = parsed(serialized("dev_kitchen.profit"), serialized("demo_production.profit"))
    with Session(airflow_engine) as session:
        DagFileProcessorManager.persist_parsing_result(
            None,
            bundle_name="kitchens",
            parsing_result=result,
            relative_fileloc=LOADER,
            run_duration=0.5,
            session=session,
        )
    assert persisted == {("kitchens", LOADER): ["dev_kitchen.profit"]}


@pytest.mark.usefixtures("persisted")
def test_an_import_error_leaves_those_dags_alive_that_were_built(airflow_engine):
    for dag_id in ("dev_kitchen.profit", "dev_kitchen.broken"):
        add_dag(airflow_engine, dag_id, bundle="kitchens")
    result = parsed(serialized("dev_kitchen.profit"), import_errors={LOADER: "broken"})
    with Session(airflow_engine) as session, session.begin():
        session.execute(text("update dag set is_stale = true, has_import_errors = true"))
        DagFileProcessorManager.persist_parsing_result(
            None,
            bundle_name="kitchens",
            parsing_result=result,
            relative_fileloc=LOADER,
            run_duration=0.5,
            session=session,
        )
        found = session.execute(
            text("select dag_id, is_stale, has_import_errors from dag order by dag_id")
        ).all()
    assert found == [("dev_kitchen.broken", 1, 1), ("dev_kitchen.profit", 0, 0)]


def test_the_manager_keeps_other_bundles_out_of_the_kitchens_there_are(persisted):
    result = parsed(serialized("demo_dev.profit"), serialized("reports.daily"))
    DagFileProcessorManager.persist_parsing_result(
        None, bundle_name="dags-folder", parsing_result=result, relative_fileloc="reports.py"
    )
    assert persisted == {("dags-folder", "reports.py"): ["reports.daily"]}


@pytest.mark.usefixtures("persisted")
def test_what_a_file_declares_no_more_is_hidden_at_once(airflow_engine):
    for dag_id in ("dev_kitchen.profit", "dev_kitchen.hidden", "demo_dev.profit"):
        add_dag(airflow_engine, dag_id, bundle="kitchens")
    with Session(airflow_engine) as session, session.begin():
        session.execute(
            text("update dag set relative_fileloc = :file where dag_id like 'dev_kitchen.%'"),
            {"file": LOADER},
        )
        DagFileProcessorManager.persist_parsing_result(
            None,
            bundle_name="kitchens",
            parsing_result=parsed(serialized("dev_kitchen.profit")),
            relative_fileloc=LOADER,
            run_duration=0.5,
            session=session,
        )
        stale = session.scalars(text("select dag_id from dag where is_stale")).all()
    assert stale == ["dev_kitchen.hidden"]


@pytest.mark.parametrize(("seconds_ago", "asked"), [(1, [LOADER]), (60, [])])
def test_a_kitchen_that_was_swapped_while_it_was_parsed_is_parsed_again(
    persisted, airflow_engine, tracking, seconds_ago, asked
):
    (tracking / "dev_kitchen").rename(tracking.parent / "state")
    link = tracking / "dev_kitchen"
    link.symlink_to(tracking.parent / "state")
    swapped = time.time() - seconds_ago
    os.utime(link, (swapped, swapped), follow_symlinks=False)
    for _ in range(2):
        with Session(airflow_engine) as session, session.begin():
            DagFileProcessorManager.persist_parsing_result(
                None,
                bundle_name="kitchens",
                parsing_result=parsed(serialized("dev_kitchen.profit")),
                relative_fileloc=LOADER,
                run_duration=10.0,
                session=session,
            )
    with Session(airflow_engine) as session:
        query = text("select relative_fileloc from dag_priority_parsing_request")
        assert session.scalars(query).all() == asked
    # What was read is of before, and would be written under the version of now.
    assert bool(persisted) is not bool(asked)


PLATFORM = "dataops/dataops_kitchen.py"


def platform(*dags):
    return parsed(*(serialized(dag_id, **arguments) for dag_id, arguments in dags))


def test_the_platforms_folder_declares_its_environments_two_dags(tracking):
    result = platform(("dataops.development.provision", {}), ("dataops.development.janitor", {}))
    assert names_of(hold(result, tracking, PLATFORM)) == [
        "dataops.development.provision",
        "dataops.development.janitor",
    ]
    assert result.import_errors == {}
    assert result.serialized_dags[0].relative_fileloc == PLATFORM


@pytest.mark.parametrize(
    "dag_id",
    [
        "dataops.production.provision",
        "dataops.development.other",
        "dataops.provision",
        "dev_kitchen.profit",
    ],
)
def test_the_platforms_folder_declares_nothing_else(tracking, dag_id):
    result = hold(platform((dag_id, {})), tracking, PLATFORM)
    assert names_of(result) == []
    assert f"DAG {dag_id!r} is refused" in result.import_errors[PLATFORM]


def test_the_janitor_comes_every_hour_and_provisioning_when_it_is_asked_for(tracking):
    result = platform(
        ("dataops.development.provision", {"schedule": "@daily"}),
        ("dataops.development.janitor", {"schedule": None}),
    )
    provision, janitor = hold(result, tracking, PLATFORM).serialized_dags
    assert provision.data["dag"]["timetable"] == {"__type": NO_SCHEDULE, "__var": {}}
    hourly = serialized("any", schedule=CronTriggerTimetable("0 * * * *", timezone="UTC"))
    assert janitor.data["dag"]["timetable"] == hourly.data["dag"]["timetable"]


@pytest.mark.parametrize("dag_id", ["dataops.development.provision", "dataops.development.janitor"])
def test_no_kitchen_declares_the_platforms_dags(tracking, dag_id):
    result = hold(parsed(serialized(dag_id)), tracking)
    assert names_of(result) == []


def test_no_other_bundle_declares_anything_in_the_platforms_namespace(persisted):
    result = parsed(serialized("dataops.production.provision"), serialized("reports.daily"))
    DagFileProcessorManager.persist_parsing_result(
        None, bundle_name="dags-folder", parsing_result=result, relative_fileloc="reports.py"
    )
    assert persisted == {("dags-folder", "reports.py"): ["reports.daily"]}
