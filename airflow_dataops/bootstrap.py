"""Settings and connections become adapters; adapters become what services ask for.

The only room that knows both sides. Adapters are imported inside the functions: each brings
its library of the outside along.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow_dataops.ports import ObjectStore, Warehouse

_WAREHOUSE_TYPES = ("postgres", "redshift")
# What of a connection's extra libpq understands; the rest is meant for Airflow's hooks.
_LIBPQ_EXTRAS = (
    "options", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
    "application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
)  # fmt: skip


def warehouse(tool: str) -> Warehouse:
    """The warehouse behind a tool, with the credential of the task that asks.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
    """
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    connection = BaseHook.get_connection(tool)
    if connection.conn_type not in _WAREHOUSE_TYPES:
        message = (
            f"tool {tool} has a connection of type {connection.conn_type!r}; a warehouse needs"
            f" one of: {', '.join(_WAREHOUSE_TYPES)}"
        )
        raise ConfigurationError(message)
    login = {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.schema,
        "user": connection.login,
        "password": connection.password,
    }
    login |= {name: connection.extra_dejson.get(name) for name in _LIBPQ_EXTRAS}
    return SqlWarehouse({name: value for name, value in login.items() if value is not None})


def object_store(tool: str) -> ObjectStore:
    """The object store behind a tool, with the credential of the task that asks."""
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    from airflow_dataops.adapters.object_store import S3ObjectStore

    return S3ObjectStore(S3Hook(aws_conn_id=tool).get_conn())
