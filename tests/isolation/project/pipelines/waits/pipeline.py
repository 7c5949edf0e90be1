"""Runs for as long as somebody wants to show its token."""

import time
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


def until_released(params):
    deadline = time.monotonic() + 240
    while not Path(params["until"]).exists() and time.monotonic() < deadline:
        time.sleep(0.2)


@pipeline(params={"until": ""})
def waits():
    PythonOperator(task_id="wait", python_callable=until_released)
