"""Beside all the attacks, a colleague's pipeline."""

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


@pipeline
def harmless():
    PythonOperator(task_id="count", python_callable=lambda: None)
