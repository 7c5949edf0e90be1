"""Events for tests of whoever tells of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.events import Event, EventKind, TaskTry, trouble_key

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
KITCHEN = "0c0ffee0-0000-4000-8000-000000000001"
TRY = TaskTry(
    task_instance="01900000-0000-7000-8000-000000000001",
    dag_id="dev_kitchen.profitability",
    run_id="manual__2026-03-02",
    task_id="load.copy",
    map_index=-1,
    try_number=2,
)
TOO_FEW = Verdict(
    test="row_count of transactions between 1000 and 2000",
    outcome=Outcome.FAIL,
    measured=12,
    detail="allowed 1000 to 2000",
)


def failure(task=TRY, *, at=NOON, **values):
    """A task that failed."""
    return Event(
        key=trouble_key(task.task_instance),
        kind=EventKind.FAILED,
        at=at,
        environment="development",
        kitchen_id=KITCHEN,
        kitchen="dev_kitchen",
        task=task,
        **values,
    )


def deed(kind, **values):
    """Something that was done to a kitchen."""
    return Event(
        key="audit:7",
        kind=kind,
        at=NOON,
        environment="development",
        kitchen_id=KITCHEN,
        kitchen="dev_kitchen",
        by="padma",
        **values,
    )


def mapped(count):
    """Failures of a mapped task's tries."""
    return [
        failure(
            replace(TRY, map_index=index, task_instance=f"{TRY.task_instance[:-4]}{index:04}"),
        )
        for index in range(count)
    ]
