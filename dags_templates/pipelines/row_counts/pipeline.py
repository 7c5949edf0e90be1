"""The smallest pipeline with a data test: a table is made, then it is looked at."""

from __future__ import annotations

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline, stage, table

days = table("warehouse", "days")


@pipeline(description="Counts rows of a table that it makes itself")
def row_counts() -> None:
    """One stage and one test."""
    with stage("make") as make:
        SQLExecuteQueryOperator(
            task_id="days",
            conn_id="warehouse",
            sql=[
                "create table if not exists days (day date primary key)",
                "insert into days values ('{{ run_date }}') on conflict do nothing",
            ],
        )
        make.test(days.row_count().between(1, 100_000))
