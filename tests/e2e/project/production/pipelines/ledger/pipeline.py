"""Production's own work: a result in an XCom, and an asset that it writes."""

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Asset

from airflow_dataops import pipeline


def profit():
    from airflow.sdk import BaseHook

    return {"profit": "4711", "login": BaseHook.get_connection("redshift").login}


@pipeline(shared_paths=[])
def ledger():
    PythonOperator(task_id="profit", python_callable=profit, outlets=[Asset("production_orders")])
