"""What a kitchen's task may have called in the triggerer, by deferring: what waits for a time."""

from __future__ import annotations

import json
from uuid import UUID, uuid4

import pytest
from airflow.providers.standard.triggers.hitl import HITLTrigger
from airflow.sdk.serde import serialize

from airflow_dataops.secrets import crossing
from tests.secrets.test_routes import OWN, TASK

TIMES = "airflow.providers.standard.triggers.temporal"
QUESTION = "airflow.providers.standard.triggers.hitl.HITLTrigger"
OTHERS = str(uuid4())


def objection(**payload):
    body = json.dumps({"state": "deferred", "next_method": "execute", **payload}).encode()
    path = f"/task-instances/{OWN}/state"
    return crossing.objection(crossing.Request(method="PATCH", path=path, body=body), TASK, OWN)


@pytest.mark.parametrize("trigger", ["DateTimeTrigger", "TimeDeltaTrigger"])
def test_a_time_may_be_waited_for(trigger):
    assert objection(classpath=f"{TIMES}.{trigger}", trigger_kwargs={"moment": 1}) is None


@pytest.mark.parametrize(
    "classpath",
    [
        "subprocess.Popen",
        "os.system",
        "dev_kitchen.code.Trigger",
        "airflow.models.Variable",
        "airflow.triggers.callback.CallbackTrigger",
        "airflow.providers.standard.operators.bash.BashOperator",
        # These delete a file of the triggerer's host, call a function by its path, and look at
        # runs of any DAG.
        "airflow.providers.standard.triggers.file.FileDeleteTrigger",
        "airflow.providers.http.triggers.http.HttpEventTrigger",
        "airflow.providers.standard.triggers.external_task.WorkflowTrigger",
        "airflow.providers.amazon.aws.triggers.s3.S3KeyTrigger",
        f"{TIMES}.asyncio",
        f"{TIMES}.TimeDeltaTrigger\n",
        f"{TIMES}:TimeDeltaTrigger",
        f"evil.{TIMES}.TimeDeltaTrigger",
        None,
        ["subprocess.Popen"],
        {"subprocess": "Popen"},
    ],
)
def test_nothing_else_is_called_there(classpath):
    reason = objection(classpath=classpath, trigger_kwargs={"ti_id": OWN})
    assert "is no trigger that kitchens may wait for; set deferrable=False" in reason


def question(task):
    trigger = HITLTrigger(ti_id=UUID(task), options=["Pay"], params={}, timeout_datetime=None)
    return serialize(trigger.serialize()[1])


def test_a_task_waits_for_the_answer_to_its_own_question():
    assert objection(classpath=QUESTION, trigger_kwargs=question(OWN)) is None


@pytest.mark.parametrize(
    "arguments",
    [
        question(OTHERS),
        {"ti_id": OTHERS},
        {"ti_id": OTHERS.replace("-", "")},
        {"ti_id": f"urn:uuid:{OTHERS}"},
        {"ti_id": {"__classname__": "uuid.UUID", "__data__": OTHERS, "other": OWN}},
        {"ti_id": {"__type": "dict", "__var": {"x": OTHERS}}},
        {"ti_id": [OWN, OTHERS]},
        {"ti_id": 7},
        {"__type": "dict", "__var": {"ti_id": OTHERS}, "ti_id": OWN},
        {"options": [{"ti_id": OWN}, {"ti_id": OTHERS}]},
        {},
        None,
        "gAAAAABencrypted",
    ],
)
def test_no_task_answers_anothers_question_when_its_time_is_over(arguments):
    reason = objection(classpath=QUESTION, trigger_kwargs=arguments)
    assert reason == "it waits for the answer to another task's question"


def test_a_trigger_goes_to_no_queue_that_a_task_names():
    assert "no queue of their own" in objection(
        classpath=f"{TIMES}.TimeDeltaTrigger", queue="production"
    )
