"""What a kitchen's task may have called in the triggerer, by deferring: triggers of providers."""

from __future__ import annotations

import json

import pytest

from airflow_dataops.secrets import crossing
from tests.secrets.test_routes import OWN, TASK


def objection(**payload):
    body = json.dumps({"state": "deferred", "next_method": "execute", **payload}).encode()
    path = f"/task-instances/{OWN}/state"
    return crossing.objection(crossing.Request(method="PATCH", path=path, body=body), TASK, OWN)


@pytest.mark.parametrize(
    "classpath",
    [
        "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
        "airflow.providers.amazon.aws.triggers.s3.S3KeyTrigger",
    ],
)
def test_a_providers_trigger_may_be_waited_for(classpath):
    assert objection(classpath=classpath) is None


@pytest.mark.parametrize(
    "classpath",
    [
        "subprocess.Popen",
        "os.system",
        "dev_kitchen.code.Trigger",
        "airflow.models.Variable",
        "airflow.providers.standard.operators.bash.BashOperator",
        "airflow.providers.standard.triggers",
        "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger\n",
        "airflow.providers.standard.triggers.temporal:TimeDeltaTrigger",
        "evil.airflow.providers.standard.triggers.temporal.TimeDeltaTrigger",
        None,
        ["subprocess.Popen"],
    ],
)
def test_nothing_else_is_called_there(classpath):
    assert objection(classpath=classpath).endswith("is no trigger of a provider of Airflow")


def test_a_trigger_goes_to_no_queue_that_a_task_names():
    trigger = "airflow.providers.standard.triggers.temporal.TimeDeltaTrigger"
    assert "no queue of their own" in objection(classpath=trigger, queue="production")
