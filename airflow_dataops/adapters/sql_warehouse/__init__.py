"""Warehouse on PostgreSQL, and on what speaks its protocol.

Data tests run in read-only sessions. No message that leaves this room holds a value of a row:
PostgreSQL quotes values in its messages, so those are cut, and its DETAIL and CONTEXT lines,
which show whole rows, are left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.adapters.sql_warehouse.dialects import POSTGRES, REDSHIFT
from airflow_dataops.adapters.sql_warehouse.pending import SqlPendingTables
from airflow_dataops.adapters.sql_warehouse.redshift import RedshiftSessions
from airflow_dataops.adapters.sql_warehouse.sessions import Login, PostgresSessions
from airflow_dataops.adapters.sql_warehouse.warehouse import SqlWarehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

__all__ = [
    "SqlPendingTables",
    "SqlWarehouse",
    "postgres_pending_tables",
    "redshift_pending_tables",
]


def postgres_pending_tables(login: Mapping[str, str | int], *, tool: str) -> SqlPendingTables:
    """Pending tables of a PostgreSQL database.

    Args:
        login: libpq's parameters.
        tool: what the database is called in messages.
    """
    return SqlPendingTables(PostgresSessions(Login(login)), POSTGRES, tool=tool)


def redshift_pending_tables(connect: Callable[[], Any], *, tool: str) -> SqlPendingTables:
    """Pending tables of a Redshift database.

    Args:
        connect: opens a connection of Redshift's driver.
        tool: what the database is called in messages.
    """
    return SqlPendingTables(RedshiftSessions(connect), REDSHIFT, tool=tool)
