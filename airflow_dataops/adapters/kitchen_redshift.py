"""Airflow's Redshift hook, with sessions that begin where the connection says.

Redshift's driver sends no options when it connects, so the path is set right after. The server
gives connections of this type to the tasks of stages that publish. Operators that insist on the
provider's own hook fail there instead of writing past the pending tables.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.redshift_sql import RedshiftSQLHook

from airflow_dataops.domain.connection_types import KITCHEN_REDSHIFT, SEARCH_PATH

if TYPE_CHECKING:
    from airflow.sdk import Connection


class KitchenRedshiftHook(RedshiftSQLHook):
    """Connections of type ``kitchen_redshift``, and those of type ``redshift``."""

    conn_type = KITCHEN_REDSHIFT
    hook_name = "Amazon Redshift (of a kitchen)"

    def get_conn(self) -> Any:  # type: ignore[override]  # a decorated one
        """A connection of Redshift's driver whose unqualified names mean the kitchen's tables."""
        connection = super().get_conn()
        path = self._given.extra_dejson.get(SEARCH_PATH)
        if path:
            names = ", ".join('"' + name.replace('"', '""') + '"' for name in path.split(","))
            cursor = connection.cursor()
            cursor.execute(f"set search_path to {names}")
            connection.commit()
        return connection

    @cached_property
    def conn(self) -> Connection:
        """The connection as the driver takes it."""
        given = self._given
        extra = {name: value for name, value in given.extra_dejson.items() if name != SEARCH_PATH}
        return type(given)(
            conn_id=given.conn_id,
            conn_type=given.conn_type,
            host=given.host,
            login=given.login,
            password=given.password,
            schema=given.schema,
            port=given.port,
            extra=json.dumps(extra),
        )

    @cached_property
    def _given(self) -> Connection:
        given: Connection = self.get_connection(self.get_conn_id())
        return given
