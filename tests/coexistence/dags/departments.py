"""47 ordinary DAGs: with and without schedules, paused and not, with dots in their ids."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG, Variable

SCHEDULES = [None, "@daily", "0 6 * * 1", "*/10 * * * *"]

for department in ("finance", "marketing", "demo_production", "retail_eu", "hr"):
    for number in range(10 if department != "hr" else 7):
        dotted = number % 2 == 0
        with DAG(
            dag_id=f"{department}.report_{number}" if dotted else f"{department}_report_{number}",
            # Nothing is due yet: what is scheduled is compared, not what happens to run.
            start_date=datetime(2090, 1, 1, tzinfo=UTC),
            schedule=SCHEDULES[number % 4],
            is_paused_upon_creation=number % 3 == 0,
            catchup=False,
            tags=[department],
        ):
            EmptyOperator(task_id="first", queue=f"{department}-queue") >> EmptyOperator(
                task_id="second", executor_config={"cpu": number}, priority_weight=number + 1
            )

with DAG(
    dag_id="parsed",
    description=Variable.get("parse_time"),
    start_date=datetime(2024, 1, 1, tzinfo=UTC),
    schedule=None,
    is_paused_upon_creation=False,
):
    EmptyOperator(task_id="only")
