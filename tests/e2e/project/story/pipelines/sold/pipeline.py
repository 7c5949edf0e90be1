"""Padma's new pipeline: a table of ten rows that are tested before they are published."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline, stage, table

sold_rows = table("redshift", "sold")


@pipeline(schedule="0 6 * * 1", timezone="America/Chicago", shared_paths=[])
def sold():
    with stage("load", publish=sold_rows) as load:
        SQLExecuteQueryOperator(
            task_id="fill",
            conn_id="redshift",
            sql=[
                "create table if not exists sold (number integer)",
                "delete from sold",
                "insert into sold select generate_series(1, 10)",
            ],
        )
        load.test(sold_rows.row_count().between(1, 100))
