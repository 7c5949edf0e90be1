"""The tools of a task, with the credential of the task that asks.

What an environment's tool is, a warehouse or a store, and of which kind, its connection says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.data_ports import PendingTables
    from airflow_dataops.ports import Warehouse


def pending_tables(tool: str) -> PendingTables:
    """The tables behind a tool that stages have not published yet.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse.pending import SqlPendingTables

    return SqlPendingTables(database_login(tool, BaseHook.get_connection(tool)), tool=tool)


def pending_warehouse(tool: str) -> Warehouse:
    """The warehouse behind a tool, its pending tables in the place of the published ones.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    return SqlWarehouse(database_login(tool, BaseHook.get_connection(tool)), is_pending=True)
