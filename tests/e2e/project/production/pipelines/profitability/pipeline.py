"""What somebody in development would like to have."""

from airflow.providers.standard.operators.python import PythonOperator

from airflow_dataops import pipeline


@pipeline(shared_paths=[])
def profitability():
    PythonOperator(task_id="count", python_callable=lambda: None)
