"""Warehouse on PostgreSQL, and on what speaks its protocol.

Data tests run in read-only sessions. No message that leaves this room holds a value of a row:
PostgreSQL quotes values in its messages, so those are cut, and its DETAIL and CONTEXT lines,
which show whole rows, are left out.
"""

from airflow_dataops.adapters.sql_warehouse.warehouse import SqlWarehouse

__all__ = ["SqlWarehouse"]
