"""A kitchen's DAG that has code of its choice called by triggerer or scheduler is refused."""

from __future__ import annotations

from datetime import timedelta

import pytest
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.providers.standard.sensors.filesystem import FileSensor
from airflow.providers.standard.triggers.file import FileDeleteTrigger
from airflow.sdk import DAG, Asset, AssetWatcher, BaseOperator
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference
from airflow.serialization.serialized_objects import DagSerialization
from airflow.triggers.base import StartTriggerArgs

from airflow_dataops.bundles import outside_code
from airflow_dataops.domain import triggers

pytestmark = pytest.mark.airflow
WATCHED = Asset(
    "orders",
    watchers=[AssetWatcher(name="delete", trigger=FileDeleteTrigger(filepath="/etc/passwd"))],
)
SHELL = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(seconds=1),
    callback=AsyncCallback("asyncio.create_subprocess_shell", kwargs={"cmd": "id"}),
)


class Starts(BaseOperator):
    """Never comes to a worker."""

    start_from_trigger = True

    def __init__(self, *, called, number=None, **rest):
        super().__init__(**rest)
        self.number = number
        self.start_trigger_args = StartTriggerArgs(
            trigger_cls=called,
            trigger_kwargs={"args": ["true"]},
            next_method="execute",
            next_kwargs=None,
            timeout=None,
        )

    def execute(self, context):
        pass


class StartsMapped(BaseOperator):
    """The same, for each value of a list."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        trigger_cls="subprocess.Popen",
        trigger_kwargs={"args": ["true"]},
        next_method="execute",
        next_kwargs=None,
        timeout=None,
    )

    def __init__(self, *, number=None, **rest):
        super().__init__(**rest)
        self.number = number


def serialized(make, *, schedule=None, **arguments):
    with DAG("dev_kitchen.profit", schedule=schedule, **arguments) as dag:
        make()
    return DagSerialization.to_dict(dag)


def empty(**arguments):
    return lambda: EmptyOperator(task_id="nothing", **arguments)


def test_what_runs_on_workers_alone_is_let_be():
    assert outside_code.objection(serialized(empty(outlets=[Asset("orders")]))) is None


def test_a_sensor_that_could_start_from_a_trigger_and_does_not_is_let_be():
    data = serialized(lambda: FileSensor(task_id="wait", filepath="/x"))
    assert "start_trigger_args" in str(data)
    assert outside_code.objection(data) is None


def test_a_task_may_start_by_waiting_for_a_time():
    (called, *_) = triggers.FOR_TIMES
    data = serialized(lambda: Starts(task_id="a", called=called))
    assert outside_code.objection(data) is None


def test_a_task_that_starts_from_anything_else_is_refused():
    data = serialized(lambda: Starts(task_id="a", called="subprocess.Popen"))
    assert "starts from trigger 'subprocess.Popen'" in outside_code.objection(data)


def test_a_mapped_one_too():
    data = serialized(lambda: StartsMapped.partial(task_id="a").expand(number=[1, 2]))
    assert "starts from trigger 'subprocess.Popen'" in outside_code.objection(data)


@pytest.mark.parametrize("trigger", [{}, None, "subprocess.Popen", ["x"], {"trigger_cls": ["x"]}])
def test_a_forged_one_is_refused_whatever_it_says(trigger):
    data = serialized(empty())
    data["dag"]["tasks"][0]["__var"] |= {"start_from_trigger": 1, "start_trigger_args": trigger}
    assert "starts from trigger" in outside_code.objection(data)


def test_so_is_a_forged_default_of_all_tasks():
    data = serialized(lambda: FileSensor(task_id="wait", filepath="/x"))
    data["client_defaults"] = {"tasks": {"start_from_trigger": True}}
    assert "all its tasks start from a trigger" in outside_code.objection(data)


def test_a_deadlines_callback_is_refused():
    data = serialized(empty(), deadline=SHELL)
    assert "it has a deadline" in outside_code.objection(data)


def test_a_deadline_in_a_field_of_a_task_is_refused():
    data = serialized(empty())
    hidden = {"__type": "deadline_alert", "__var": {"reference": {"__class_path": "os.system"}}}
    data["dag"]["tasks"][0]["__var"]["doc"] = hidden
    assert "hides a deadline" in outside_code.objection(data)


@pytest.mark.parametrize(
    "data",
    [
        serialized(empty(), schedule=[WATCHED]),
        serialized(empty(outlets=[WATCHED])),
        serialized(empty(inlets=[WATCHED])),
        serialized(empty(), schedule=(Asset("a") | (Asset("b") & WATCHED))),
    ],
)
def test_a_watched_asset_is_refused(data):
    assert outside_code.objection(data) == (
        "asset 'orders' has watchers, and a kitchen's assets have none"
    )
