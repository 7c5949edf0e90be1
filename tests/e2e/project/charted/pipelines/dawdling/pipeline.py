"""A data test that would scan for ten minutes."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline, stage, table

rows = table("redshift", "dawdling")


@pipeline(shared_paths=[])
def dawdling():
    with stage("load") as load:
        SQLExecuteQueryOperator(
            task_id="fill",
            conn_id="redshift",
            sql="create table if not exists dawdling as select 1 as number",
        )
        load.test(rows.check("select pg_sleep(600) from {table}", name="nothing is late"))
