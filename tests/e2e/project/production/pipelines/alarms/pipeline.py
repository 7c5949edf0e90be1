"""Fails, or waits to be killed; the same file in every kitchen."""

import json
import os
import time
from pathlib import Path

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


def ring(params):
    if not params["report"]:
        message = "a row of data: 4111-1111-1111-1111"
        raise ValueError(message)
    Path(params["report"]).write_text(json.dumps({"task": os.getpid(), "watches": os.getppid()}))
    time.sleep(600)


@pipeline(params={"report": ""}, shared_paths=[])
def alarms():
    PythonOperator(task_id="ring", python_callable=ring)
