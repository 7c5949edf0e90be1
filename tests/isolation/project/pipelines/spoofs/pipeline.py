"""Wants to run elsewhere, as somebody else, and before everybody else."""

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseOperator
from airflow.triggers.base import BaseTrigger

from airflow_dataops import pipeline

ELSEWHERE = {
    "queue": "production", "run_as_user": "root",
    "executor_config": {"KubernetesExecutor": {"image": "evil"}},
    "priority_weight": 1_000_000, "weight_rule": "absolute", "pool_slots": 100,
}  # fmt: skip


class Anything(BaseTrigger):
    """Stands for whatever a class path names: the triggerer would call it."""

    def __init__(self, path, arguments):
        super().__init__()
        self._path, self._arguments = path, arguments

    def serialize(self):
        return self._path, self._arguments

    async def run(self):
        yield


class Defers(BaseOperator):
    """Has something called in the triggerer."""

    def __init__(self, *, path, arguments, **rest):
        super().__init__(**rest)
        self._path, self._arguments = path, arguments

    def execute(self, context):
        arguments = self._arguments
        if callable(arguments):
            arguments = arguments(context)
        self.defer(trigger=Anything(self._path, arguments), method_name="execute")


def of_ledger(context):
    """An answer to production's question, which its trigger would give when the time is over."""
    return {
        "ti_id": context["params"]["ledger_task"], "options": ["Pay"], "defaults": ["Pay"],
        "params": {}, "timeout_datetime": "2026-01-01T00:00:00+00:00",
    }  # fmt: skip


@pipeline(params={"ledger_task": "", "file": ""}, max_active_runs=1000)
def spoofs():
    PythonOperator(task_id="elsewhere", python_callable=lambda: None, **ELSEWHERE)
    Defers(
        task_id="deletes",
        path="airflow.providers.standard.triggers.file.FileDeleteTrigger",
        arguments=lambda context: {"filepath": context["params"]["file"]},
    )
    Defers(
        task_id="answers",
        path="airflow.providers.standard.triggers.hitl.HITLTrigger",
        arguments=of_ledger,
    )
    Defers(task_id="program", path="subprocess.Popen", arguments={"args": ["true"]})
    Defers(
        task_id="own_code",
        path="dev_kitchen.code.Trigger",
        arguments={},
        queue="production",
    )
