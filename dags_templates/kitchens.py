"""Kitchens on a cluster that cannot configure DAG bundles: a fallback, with less than the bundle.

This gives conventions only: each kitchen's DAGs have its name in front, its schema in their
templates, and inert schedules. It gives

- no trusted identity: every task can use every connection of Airflow, the same for all kitchens;
- no pinning: a run uses whatever files are there when each of its tasks starts;
- no guard: a file can declare DAGs in any namespace.

Put this file into Airflow's DAG folder, the checkout of each kitchen's branch into
``kitchens/<kitchen>/`` beside it, and the line ``kitchens/`` into ``.airflowignore``.
"""

from __future__ import annotations

from pathlib import Path

from airflow_dataops.dag_factory import checkout_dags

ENVIRONMENT = "development"
# What of each tool is no secret; {{ tools.s3.bucket }} in a template.
TOOLS = {"s3": {"bucket": "acme-development"}, "warehouse": {}}

for folder in sorted((Path(__file__).parent / "kitchens").iterdir()):
    if folder.is_dir():
        globals().update(checkout_dags(folder, environment=ENVIRONMENT, tools=TOOLS))
