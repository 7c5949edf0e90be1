"""A dbt project as a stage: ``dbt build`` in the kitchen's schema, then a data test.

dbt-core cannot be installed beside Airflow 3.3 (they want different versions of the same
libraries), so it has a virtual environment of its own on the workers; DBT names its program.
"""

from __future__ import annotations

from pathlib import Path

from airflow.providers.standard.operators.bash import BashOperator

from airflow_dataops import current_kitchen, pipeline, stage, table

DBT = "/opt/dbt/bin/dbt"
PROJECT = Path(__file__).parent / "dbt"

totals = table("warehouse", "totals")


@pipeline(description="Builds the models of a dbt project and looks at what they made")
def dbt_build() -> None:
    """One stage: dbt's models and tests, then ours."""
    with stage("build") as build:
        BashOperator(
            task_id="dbt",
            bash_command=f"{DBT} build --profiles-dir . --project-dir . "
            '--target-path "$WORK/target" --log-path "$WORK/logs"',
            # Read from the code of the run's own version; dbt writes beside nothing of it.
            cwd=str(PROJECT),
            append_env=True,
            env={
                "WORK": "/tmp/{{ ti.id }}",  # noqa: S108 - one folder per try
                "DBT_SCHEMA": current_kitchen().schema,
                "DBT_HOST": "{{ conn.warehouse.host }}",
                "DBT_PORT": "{{ conn.warehouse.port }}",
                "DBT_DATABASE": "{{ conn.warehouse.schema }}",
                "DBT_USER": "{{ conn.warehouse.login }}",
                "DBT_ENV_SECRET_PASSWORD": "{{ conn.warehouse.password }}",
            },
        )
        build.test(totals.row_count().between(1, 1000))
