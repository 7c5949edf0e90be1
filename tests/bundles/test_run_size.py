"""How many tasks a run of a kitchen's DAG can come to, held against Airflow's own count."""

from __future__ import annotations

from datetime import UTC, datetime
from math import inf

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, task, task_group
from airflow.serialization.serialized_objects import DagSerialization, LazyDeserializedDAG
from sqlalchemy import text
from sqlalchemy.orm import Session

from airflow_dataops.bundles import guard
from airflow_dataops.bundles.run_size import most_tasks
from tests.bundles.test_guard import LOADER, names_of, parsed
from tests.specs.two_environments import TWO_ENVIRONMENTS

pytestmark = pytest.mark.airflow
LONGEST = 100


@task
def lists():
    return [1, 2]


@task
def work(one, other=None):
    return one, other


@task_group
def group(one):
    work(one)
    work.override(task_id="beside")(one)


def plain():
    for number in range(7):
        EmptyOperator(task_id=f"t{number}")


def literal():
    work.expand(one=[1, 2, 3], other={"a": 1, "b": 2})


def literal_rows():
    work.expand_kwargs([{"one": 1}, {"one": 2}])


def none():
    work.expand(one=[])


def in_group():
    group.expand(one=[1, 2, 3])


def returned():
    work.expand(one=lists())


def every_pair():
    found = lists()
    work.expand(one=found, other=found)


def over_mapped():
    first = work.expand(one=lists())
    work.override(task_id="again").expand(one=first.map(lambda each: each))


def joined():
    found = lists()
    work.expand(one=found.concat(found))
    work.override(task_id="beside").expand(one=found.zip(found))


def returned_rows():
    work.expand_kwargs(lists())


def group_of_returned():
    group.expand(one=lists())


def data_of(build):
    with DAG("dev_kitchen.profit", schedule=None) as dag:
        build()
    return LazyDeserializedDAG(data=DagSerialization.to_dict(dag))


@pytest.mark.parametrize(
    ("build", "expected"),
    [
        (plain, 7), (literal, 6), (literal_rows, 2), (none, 0), (in_group, 6),
        (returned, 1 + 100), (every_pair, 1 + 100 * 100), (over_mapped, 1 + 100 + 100),
        (joined, 1 + 200 + 100), (returned_rows, 1 + 100), (group_of_returned, 1 + 200),
    ],
)  # fmt: skip
def test_a_run_is_as_large_as_the_scheduler_can_make_it(build, expected):
    assert most_tasks(data_of(build).data["dag"], longest=LONGEST) == expected


@pytest.mark.parametrize("build", [plain, literal, literal_rows, in_group])
def test_of_lists_in_the_file_airflow_makes_as_many_tasks(build, airflow_engine):
    from airflow.models.serialized_dag import SerializedDagModel
    from airflow.serialization.definitions.dag import SerializedDAG
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    data = data_of(build)
    with Session(airflow_engine) as session, session.begin():
        session.execute(text("insert into dag_bundle (name, active) values ('b', true)"))
        SerializedDAG.bulk_write_to_db("b", "v1", [data], session=session)
        SerializedDagModel.write_dag(data, "b", "v1", session=session)
        session.flush()
        dag = SerializedDagModel.get("dev_kitchen.profit", session=session).dag
        run = dag.create_dagrun(
            run_id="one", run_after=datetime(2026, 3, 2, tzinfo=UTC), state=DagRunState.RUNNING,
            run_type=DagRunType.MANUAL, triggered_by=DagRunTriggeredByType.TEST, session=session,
        )  # fmt: skip
        made = len(run.get_task_instances(session=session))
    assert made == most_tasks(data.data["dag"], longest=LONGEST)


def written(**tasks):
    """Tasks that a file writes beside Airflow, each mapped over what a task returns."""
    return {
        "tasks": [
            {
                "__type": "operator",
                "__var": {
                    "task_id": name,
                    "_is_mapped": True,
                    "_expand_input_attr": "expand_input",
                    "expand_input": {"type": "list-of-dicts", "value": value},
                },
            }
            for name, value in tasks.items()
        ],
        "task_group": {"children": {name: ["operator", name] for name in tasks}},
    }


def of(task_id):
    return {"__type": "xcomref", "__var": {"task_id": task_id, "key": "return_value"}}


def nested(depth):
    argument = {"task_id": "a"}
    for _ in range(depth):
        argument = {"type": "map", "arg": argument}
    return {"__type": "xcomref", "__var": argument}


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"tasks": None, "task_group": {"children": {}}},
        {"tasks": [{"__var": {"task_id": "a", "_is_mapped": True}}], "task_group": {}},
        written(a=of("a")),
        written(a=of("b"), b=of("a")),
        written(a=of("nowhere")),
        written(a=7),
        written(a={"__type": "xcomref", "__var": {"type": "power", "arg": {"task_id": "a"}}}),
        written(a=nested(50_000)),
        written(a=of("a"), b=[]),
    ],
    ids=range(10),
)
def test_what_nobody_can_count_has_no_bound(forged):
    assert most_tasks(forged, longest=LONGEST) == inf


@pytest.fixture
def hold(tmp_path, monkeypatch):
    file = tmp_path / "environments.yaml"
    queue = "        queue: production\n"
    file.write_text(TWO_ENVIRONMENTS.replace(queue, f"{queue}        max_tasks_per_run: 1030\n"))
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))

    def hold(*dags, environment="production", loader=LOADER):
        result = parsed(*dags)
        bundle = guard.Guarded(tracking=tmp_path, environment=environment)
        guard.hold_to_kitchen(result, relative_fileloc=loader, bundle=bundle)
        return result

    hold.file = file
    return hold


def test_a_dag_that_fits_is_there(hold):
    assert names_of(hold(data_of(returned))) == ["dev_kitchen.profit"]


def test_a_dag_that_is_too_large_is_refused_with_what_to_do(hold):
    result = hold(data_of(over_mapped))
    assert names_of(result) == []
    assert result.import_errors == {
        LOADER: "DAG 'dev_kitchen.profit' is refused: a run of it can come to 2,049 tasks, and "
        "environment 'production' allows 1,030; split it, or map over less: a list that a task "
        "returns counts as [core] max_map_length, 1,024"
    }


def test_what_has_no_bound_is_refused_as_such(hold):
    dag = data_of(returned)
    dag.data["dag"]["tasks"][1]["__var"]["op_kwargs_expand_input"]["type"] = "all"
    said = hold(dag).import_errors[LOADER]
    assert "a run of it can come to any number of tasks, and" in said


def test_without_a_limit_a_dag_is_as_large_as_it_likes(hold):
    assert names_of(hold(data_of(every_pair), environment="development")) == ["dev_kitchen.profit"]


def test_where_the_environments_cannot_be_read_dags_stay_as_they_are(hold, caplog):
    hold.file.write_text("projects: [")
    assert names_of(hold(data_of(every_pair))) == ["dev_kitchen.profit"]
    assert "the size of dev_kitchen.profit is not limited" in caplog.text
