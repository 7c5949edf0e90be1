"""Asks for credentials all the time, before and after an API server is killed."""

import time
from datetime import timedelta
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


def ask(params):
    from airflow.sdk import BaseHook

    asked, deadline = 0, time.monotonic() + 240
    is_over = False
    while not is_over:
        is_over = Path(params["until"]).exists() or time.monotonic() > deadline
        BaseHook.get_connection("redshift")
        asked += 1
        time.sleep(0.2)
    return asked


@pipeline(params={"until": ""})
def survives():
    for number in range(3):
        PythonOperator(
            task_id=f"asks_{number}",
            python_callable=ask,
            retries=2,
            retry_delay=timedelta(seconds=1),
        )
