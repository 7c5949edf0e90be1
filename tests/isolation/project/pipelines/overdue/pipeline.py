"""Is late at once, and then has the triggerer run a shell."""

from datetime import timedelta

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk.definitions.callback import AsyncCallback
from airflow.sdk.definitions.deadline import DeadlineAlert, DeadlineReference

from airflow_dataops import pipeline

SHELL = DeadlineAlert(
    reference=DeadlineReference.DAGRUN_QUEUED_AT,
    interval=timedelta(seconds=1),
    callback=AsyncCallback("asyncio.create_subprocess_shell", kwargs={"cmd": "id"}),
)


@pipeline(deadline=SHELL)
def overdue():
    EmptyOperator(task_id="nothing")
