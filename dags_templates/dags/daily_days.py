"""An ordinary DAG file: written for plain Airflow, run in a kitchen without an edit."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, Asset

days = Asset("days")

with DAG(
    "daily_days",
    schedule="@daily",
    start_date=datetime(2026, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["adopted"],
):
    count = SQLExecuteQueryOperator(
        task_id="count",
        conn_id="warehouse",
        sql="daily_days.sql",
        outlets=[days],
    )
    # The pipeline of this name in the same kitchen.
    count >> TriggerDagRunOperator(task_id="then", trigger_dag_id="row_counts")
