"""Ends by telling Airflow that production's asset was written."""

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Asset

from airflow_dataops import pipeline

PRODUCTIONS = Asset(
    "demo_production.production_orders", uri="dataops://demo_production/production_orders"
)


def pretend(task):
    # The loader named this task's outlets after its kitchen; what it sends is the task's to say.
    task.outlets[:] = [PRODUCTIONS]


@pipeline
def outlets():
    PythonOperator(task_id="pretend", python_callable=pretend, outlets=[Asset("mine")])
