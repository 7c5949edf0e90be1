"""An ordinary DAG file, as it was before there were kitchens: it runs in each without an edit."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.sdk import dag, task


@dag(
    schedule="@daily",
    start_date=datetime(2017, 1, 1, tzinfo=UTC),
    catchup=False,
    tags=["marketing"],
)
def households_known() -> None:
    """How many households the partner has told us of, day by day."""

    @task
    def count() -> int:
        """Note today's number."""
        from airflow.providers.postgres.hooks.postgres import PostgresHook

        warehouse = PostgresHook("redshift")
        (households,) = warehouse.get_first("select count(*) from households")
        warehouse.run(
            "create table if not exists households_known (households bigint, at timestamptz)"
        )
        warehouse.run("insert into households_known values (%s, now())", parameters=[households])
        return int(households)

    count()


households_known()
