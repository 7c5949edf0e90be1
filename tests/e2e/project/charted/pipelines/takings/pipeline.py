"""As many rows as it is told, on two control charts, published if these let it."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline, stage, table

week = table("redshift", "takings", where="made_for = '{{ run_date }}'")
FILL = "insert into takings select '{{ run_date }}', generate_series(1, {{ params.rows }})"


@pipeline(params={"rows": 0}, shared_paths=[])
def takings():
    with stage("load", publish=week) as load:
        SQLExecuteQueryOperator(
            task_id="fill",
            conn_id="redshift",
            sql=[
                "create table if not exists takings (made_for date, number integer)",
                "delete from takings where made_for = '{{ run_date }}'",
                FILL,
            ],
        )
        rows = week.row_count()
        load.test(
            rows.within_control_limits(name="rows of the week"),
            rows.within_control_limits(chart="ewma", name="rows of late", on_violation="warn"),
        )
