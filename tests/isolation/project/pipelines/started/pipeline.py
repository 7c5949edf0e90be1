"""Never comes to a worker: the scheduler hands its task to the triggerer."""

from airflow.sdk import BaseOperator
from airflow.triggers.base import StartTriggerArgs

from airflow_dataops import pipeline


class Starts(BaseOperator):
    """Begins where no kitchen's code is."""

    start_from_trigger = True
    start_trigger_args = StartTriggerArgs(
        trigger_cls="subprocess.Popen",
        trigger_kwargs={"args": ["true"]},
        next_method="execute",
        next_kwargs=None,
        timeout=None,
    )

    def execute(self, context):
        """Airflow wants one."""


@pipeline
def started():
    Starts(task_id="start")
