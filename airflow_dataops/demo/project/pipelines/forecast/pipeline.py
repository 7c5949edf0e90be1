"""Next week's sales, by a program in a container.

The image is a variable of the release environment, like any other that its vault holds: an
environment tries a new one before the other does. The container has no network; what it needs
comes in as an environment variable, its last line of output is its answer.
"""

from __future__ import annotations

from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
from airflow.providers.docker.operators.docker import DockerOperator

from airflow_dataops import pipeline, stage, table

forecast_sales = table("redshift", "forecast_sales", where="made_for = '{{ run_date }}'")

# A killed run leaves its container behind: each try has a name of its own. Docker takes no ':'.
CONTAINER = (
    "{{ CurrentKitchen }}.forecast.{{ run_id | replace(':', '.') | replace('+', '_') }}"
    ".try{{ ti.try_number }}"
)
MEAN = "echo $SALES | awk '{for (i = 1; i <= NF; i++) sum += $i; printf \"%.2f\\n\", sum / NF}'"


@pipeline(description="Next week's sales, forecast in a container", shared_paths=[])
def forecast() -> None:
    """One stage: rows out of the warehouse, through a container, back into it."""
    with stage("predict", publish=forecast_sales) as predict:
        sales = SQLExecuteQueryOperator(
            task_id="sales",
            conn_id="redshift",
            sql="weekly_sales.sql",
        )
        mean = DockerOperator(
            task_id="mean",
            image="{{ var.value.forecast_image }}",
            container_name=CONTAINER,
            command=["sh", "-c", MEAN],
            environment={"SALES": "{{ ti.xcom_pull('predict.to_publish.sales')[0][0] }}"},
            network_mode="none",
            auto_remove="force",
            mount_tmp_dir=False,
        )
        keep = SQLExecuteQueryOperator(
            task_id="keep",
            conn_id="redshift",
            sql="forecast_sales.sql",
        )
        sales >> mean >> keep
        predict.test(
            forecast_sales.row_count().between(1, 1),
            forecast_sales.minimum("sales").between(1, 10_000_000),
        )
