"""One task that works in the kitchen's schema with the kitchen's login."""

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import pipeline


@pipeline(shared_paths=[])
def first_table():
    SQLExecuteQueryOperator(
        task_id="make",
        conn_id="redshift",
        sql="create table if not exists first_table as select current_user::text as made_by",
    )
