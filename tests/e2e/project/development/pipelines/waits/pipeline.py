"""Runs for as long as somebody wants to look at it, and then says which code it runs."""

import time
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline

CODE = "one"


def until_released(params):
    deadline = time.monotonic() + 240
    while not Path(params["until"]).exists():
        if time.monotonic() > deadline:
            raise TimeoutError(params["until"])
        time.sleep(0.2)


def say(params):
    Path(params["report"]).write_text(CODE)


@pipeline(params={"until": "", "report": ""})
def waits():
    wait = PythonOperator(
        task_id="wait",
        python_callable=until_released,
        queue="production",
        executor_config={"KubernetesExecutor": {"image": "evil"}},
    )
    wait >> PythonOperator(task_id="say", python_callable=say)
