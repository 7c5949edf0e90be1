"""Wants to run inside of the scheduler, where all secrets are."""

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


@pipeline
def elsewhere():
    PythonOperator(task_id="inside", python_callable=lambda: None, executor="LocalExecutor")
