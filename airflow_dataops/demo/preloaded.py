"""An ``airflow`` command that has imported beforehand what its forks will need.

Each task and each parsing of a file is a fork of such a process here. Half of what a short task
costs is importing providers, and a fork finds them imported.
"""

from __future__ import annotations

import sys
from importlib import import_module

_MODULES = (
    "airflow.providers.amazon.aws.hooks.s3",
    "airflow.providers.amazon.aws.transfers.sftp_to_s3",
    "airflow.providers.common.sql.operators.sql",
    "airflow.providers.postgres.hooks.postgres",
    "airflow.providers.sftp.hooks.sftp",
    "airflow.sdk.execution_time.task_runner",
    "airflow_dataops.adapters.airflow_connections",
    "airflow_dataops.adapters.file_server",
    "airflow_dataops.adapters.kitchen_database",
    "airflow_dataops.adapters.object_store",
    "airflow_dataops.adapters.sql_warehouse",
    "airflow_dataops.adapters.task_api",
    "airflow_dataops.adapters.task_reports",
    "airflow_dataops.adapters.vault",
    "airflow_dataops.bootstrap",
    "airflow_dataops.dag_factory.build",
    "airflow_dataops.dag_factory.platform",
    "airflow_dataops.kitchen_logins",
    "airflow_dataops.task_tools",
)


def main() -> None:
    """Import, then be the ``airflow`` command of the arguments."""
    for module in _MODULES:
        import_module(module)
    from airflow.__main__ import main as airflow

    airflow()


if __name__ == "__main__":
    sys.argv[0] = "airflow"
    main()
