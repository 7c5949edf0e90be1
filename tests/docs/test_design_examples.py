"""The examples that the product was designed from, in the words that exist so far.

Still to come, and left out here: ``within_control_limits`` and ``expect`` on a measure or table.
The YAML form is compared with the Python one in ``tests/dag_factory/test_yaml_pipeline.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.dag_factory import kitchen_dags
from airflow_dataops.specs.environment_file import load_environments

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PIPELINE = """\
from airflow.providers.amazon.aws.transfers.sftp_to_s3 import SFTPToS3Operator
from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator

from airflow_dataops import file, pipeline, stage, table
from airflow_dataops.operators import FileToTableOperator

incoming = file("s3", key="{{ kitchen.prefix }}{{ run_date }}/transactions.csv")
transactions = table("redshift", "transactions", where="loaded_for = '{{ run_date }}'")
segments = table("redshift", "segment_profit")


@pipeline(
    schedule="0 6 * * 1",
    timezone="America/Chicago",
    description="Profit by household segment, weekly",
)
def profitability():
    with stage("collect") as collect:
        SFTPToS3Operator(
            task_id="fetch", sftp_conn_id="sftp", aws_conn_id="s3",
            sftp_path="/outbox/{{ run_date }}/transactions.csv",
            s3_bucket=incoming.bucket, s3_key=incoming.key,
        )
        collect.test(incoming.row_count().between(1, 100_000))

    with stage("load") as load:
        FileToTableOperator(task_id="copy", source=incoming, target=transactions)
        load.test(transactions.sum("sales_value").between(1, 1e9, on_violation="warn"))

    with stage("analyse") as analyse:
        SQLExecuteQueryOperator(task_id="segments", conn_id="redshift", sql="segments.sql")
        analyse.test(
            segments.check(
                "select * from {table} where profit > sales", name="profit never exceeds sales"
            )
        )
"""

ENVIRONMENTS = """\
projects:
  retail:
    repository: git@git.example.com:acme/pipelines.git
    environments:
      production:
        protected: true
        owner: eric
        vault: {
          kind: hashicorp, url: "https://vault.example.com", mount: production,
          database_mount: production-database, role_id_env: PRODUCTION_ROLE_ID,
          secret_id_file: /etc/airflow/id, timeout_seconds: 5,
        }
        base_kitchen: {name: demo_production, branch: main}
        schedules_enabled_by: [eric, "role:production-engineers"]
        queue: production
        tools:
          redshift: {schema_per_kitchen: true, dynamic: true}
          s3: {bucket: acme-production}
        alerts: {slack_channel: "#production"}
"""


def test_the_designs_pipeline_becomes_a_dag_of_each_kitchen(
    kitchen_folder: Callable[[dict[str, str]], Path],
) -> None:
    folder = kitchen_folder({"profitability": PIPELINE})
    sql = folder.resolve() / "code/pipelines/profitability/segments.sql"
    sql.write_text("select '{{ CurrentKitchen }}'")

    dag = kitchen_dags(str(folder / "dataops_kitchen.py"))["dev_kitchen.profitability"]

    assert [(task.task_id, sorted(task.upstream_task_ids)) for task in dag.topological_sort()] == [
        ("collect.fetch", []),
        ("collect.data_tests", ["collect.fetch"]),
        ("load.copy", ["collect.data_tests"]),
        ("load.data_tests", ["load.copy"]),
        ("analyse.segments", ["load.data_tests"]),
        ("analyse.data_tests", ["analyse.segments"]),
    ]


def test_the_designs_environments_file_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "environments.yaml"
    path.write_text(ENVIRONMENTS)

    production = load_environments(path).environment("production")

    assert production.protected
    assert production.tools["redshift"].dynamic
    assert production.schedules_enabled_by == ("eric", "role:production-engineers")
    assert production.alerts == {"slack_channel": "#production"}
