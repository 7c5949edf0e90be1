"""Profit by household segment, from a partner's weekly files.

The same file runs in every kitchen. Tools are named as everywhere (``sftp``, ``s3``,
``redshift``); which server and login that means is the kitchen's release environment's to say.
"""

from __future__ import annotations

from airflow.providers.amazon.aws.transfers.sftp_to_s3 import SFTPToS3Operator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import file, pipeline, stage, table
from airflow_dataops.operators import FileToTableOperator

OUTBOX = "/outbox/{{ run_date }}"
LANDING = "{{ kitchen.prefix }}{{ run_date }}"
ABOUT_THIS_RUN = {"loaded_for": "{{ run_date }}"}

incoming = file("s3", key=f"{LANDING}/transactions.csv")
described = file("s3", key=f"{LANDING}/households.csv")
transactions = table("redshift", "transactions", where="loaded_for = '{{ run_date }}'")
households = table("redshift", "households")
segments = table("redshift", "segment_profit", where="loaded_for = '{{ run_date }}'")


@pipeline(
    schedule="0 6 * * 1",
    timezone="America/Chicago",
    description="Profit by household segment, weekly",
    max_active_runs=1,
    shared_paths=[],
)
def profitability() -> None:
    """Three stages, each followed by its data tests."""
    with stage("collect") as collect:
        for source in (incoming, described):
            SFTPToS3Operator(
                task_id=f"fetch_{source.title.removesuffix('.csv')}",
                sftp_conn_id="sftp",
                aws_conn_id="s3",
                sftp_path=f"{OUTBOX}/{source.title}",
                s3_bucket=source.bucket,
                s3_key=source.key,
            )
        collect.test(
            incoming.row_count().between(100, 200_000),
            described.row_count().between(10, 10_000),
        )

    # Readers see what these two stages write when its tests have passed, and nothing of it before.
    with stage("load", publish=[transactions, households]) as load:
        FileToTableOperator(
            task_id="copy_transactions",
            source=incoming,
            target=transactions,
            constants=ABOUT_THIS_RUN,
            columns={
                "household_id": "bigint",
                "store_id": "integer",
                "basket_id": "bigint",
                "product_id": "bigint",
                "quantity": "integer",
                "sales_value": "numeric(12,2)",
                "retail_disc": "numeric(12,2)",
                "coupon_disc": "numeric(12,2)",
                "coupon_match_disc": "numeric(12,2)",
                "week": "integer",
                "transaction_timestamp": "timestamp",
                "loaded_for": "date",
            },
        )
        FileToTableOperator(
            task_id="copy_households",
            source=described,
            target=households,
            columns=dict.fromkeys(
                (
                    "age",
                    "income",
                    "home_ownership",
                    "marital_status",
                    "household_size",
                    "household_comp",
                    "kids_count",
                ),
                "text",
            )
            | {"household_id": "bigint"},
        )
        load.test(
            transactions.null_count("household_id").between(0, 0),
            transactions.mean("sales_value").between(1, 10),
            # From the ninth week on they know what is usual.
            transactions.row_count().within_control_limits(),
            transactions.row_count().within_control_limits(chart="ewma", on_violation="warn"),
            transactions.sum("sales_value").between(1, 10_000_000, on_violation="warn"),
            transactions.check(
                "select count(distinct transaction_timestamp::date) as days from {table}"
                " having count(distinct transaction_timestamp::date) < 7",
                name="each day of the week has sales",
            ),
            households.row_count().between(10, 10_000),
            households.check(
                "select household_id from {table} group by household_id having count(*) > 1",
                name="a household is described once",
            ),
        )

    with stage("analyse", publish=segments) as analyse:
        SQLExecuteQueryOperator(task_id="segments", conn_id="redshift", sql="segments.sql")
        analyse.test(
            segments.row_count().between(1, 100),
            segments.check(
                "select * from {table} where profit > sales", name="profit never exceeds sales"
            ),
        )
