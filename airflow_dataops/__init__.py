"""Kitchens for Apache Airflow: the words that pipeline authors import.

Names load on first use (PEP 562): Airflow imports providers while its own configuration is
still being set up, and an eager import here would end in an import circle.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_dataops.dag_factory.authoring import current_kitchen, pipeline, stage
    from airflow_dataops.domain.data_assets import file, table

__version__ = "0.1.0"
__all__ = ["current_kitchen", "file", "pipeline", "stage", "table"]

_HOMES = {
    "current_kitchen": "airflow_dataops.dag_factory.authoring",
    "pipeline": "airflow_dataops.dag_factory.authoring",
    "stage": "airflow_dataops.dag_factory.authoring",
    "file": "airflow_dataops.domain.data_assets",
    "table": "airflow_dataops.domain.data_assets",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
