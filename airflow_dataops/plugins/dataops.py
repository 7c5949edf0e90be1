"""The Airflow plugin. Imported by every Airflow process: it names things and does nothing."""

from __future__ import annotations

from airflow.plugins_manager import AirflowPlugin

from airflow_dataops.secrets.identity import IdentityMiddleware


class DataOpsPlugin(AirflowPlugin):
    """Puts the identity middleware around the API server."""

    name = "dataops"
    fastapi_root_middlewares = [  # noqa: RUF012 - Airflow reads it from the class
        {"name": "dataops identity", "middleware": IdentityMiddleware, "args": [], "kwargs": {}}
    ]
