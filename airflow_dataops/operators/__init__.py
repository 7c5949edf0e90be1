"""Operators that pipelines use: what a task does when it runs.

Names load on first use (PEP 562), so that one operator's parse time is not paid for another.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_dataops.operators.data_tests import DataTestsOperator
    from airflow_dataops.operators.extract import ExtractOperator
    from airflow_dataops.operators.file_to_table import FileToTableOperator

__all__ = ["DataTestsOperator", "ExtractOperator", "FileToTableOperator", "SuggestTestsOperator"]

_HOMES = {
    "DataTestsOperator": "airflow_dataops.operators.data_tests",
    "ExtractOperator": "airflow_dataops.operators.extract",
    "FileToTableOperator": "airflow_dataops.operators.file_to_table",
    "SuggestTestsOperator": "airflow_dataops.operators.suggest_tests",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
