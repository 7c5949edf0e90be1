"""Parse time: a kitchen and its pipelines become Airflow DAGs. No database, vault or network."""

from __future__ import annotations

from airflow_dataops.dag_factory.build import kitchen_dags
from airflow_dataops.dag_factory.checkouts import checkout_dags

__all__ = ["checkout_dags", "kitchen_dags"]
