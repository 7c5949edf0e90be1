"""What of an Airflow connection libpq understands; the rest is meant for Airflow's hooks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.errors import ConfigurationError

if TYPE_CHECKING:
    from airflow.models.connection import Connection
    from airflow.sdk import Connection as TaskConnection

_TYPES = ("postgres", "redshift")
_EXTRAS = (
    "options", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout",
    "application_name", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
)  # fmt: skip


def database_login(tool: str, connection: Connection | TaskConnection) -> dict[str, str | int]:
    """Parameters of libpq for a tool's connection.

    Raises:
        ConfigurationError: the connection is of a type that is no warehouse.
    """
    if connection.conn_type not in _TYPES:
        message = (
            f"tool {tool} has a connection of type {connection.conn_type!r}; a warehouse needs"
            f" one of: {', '.join(_TYPES)}"
        )
        raise ConfigurationError(message)
    login = {
        "host": connection.host,
        "port": connection.port,
        "dbname": connection.schema,
        "user": connection.login,
        "password": connection.password,
    }
    login |= {name: connection.extra_dejson.get(name) for name in _EXTRAS}
    return {name: value for name, value in login.items() if value is not None}
