"""Airflow connections made from a vault's secrets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.models.connection import Connection

from airflow_dataops.domain import names
from airflow_dataops.domain.connection_types import KITCHEN_REDSHIFT, REDSHIFT, SEARCH_PATH
from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.release_environment import Tool


def as_connection(
    tool: Tool, fields: Mapping[str, str], *, schema: str | None, is_pending: bool = False
) -> Connection:
    """The connection that a secret describes, under the tool's name.

    Args:
        tool: the tool as its environment declares it.
        fields: ``conn_uri``, or the fields of a connection: ``conn_type``, ``host``, ``login``,
            ``password``, ``port``, ``schema``, ``extra`` (JSON text), the same as for Airflow's
            own vault backend.
        schema: where sessions start if the tool has a schema per kitchen.
        is_pending: whether they start in its pending tables, for what is not published yet.

    Raises:
        CredentialRefused: a field is no text; says which, never what it holds.
    """
    values: Mapping[str, object] = fields  # what a vault holds is anybody's to say
    for name, value in values.items():
        if not isinstance(value, (str, int)):
            message = f"the secret of {tool.name} has a field {name!r} that is no text"
            raise CredentialRefused(message)
    if "conn_uri" in fields:
        found = Connection(conn_id=tool.name, uri=fields["conn_uri"])
    else:
        found = Connection(
            conn_id=tool.name,
            conn_type=fields.get("conn_type"),
            host=fields.get("host"),
            login=fields.get("login"),
            password=fields.get("password"),
            schema=fields.get("schema"),
            port=int(fields["port"]) if fields.get("port") else None,
            extra=fields.get("extra"),
        )
    if tool.schema_per_kitchen and schema:
        _begin_in(found, schema, is_pending=is_pending)
    return found


def _begin_in(connection: Connection, schema: str, *, is_pending: bool) -> None:
    """Have unqualified names in anybody's SQL mean the kitchen's own tables."""
    path = f"{names.pending_schema(schema)},{schema}" if is_pending else schema
    extra = dict(connection.extra_dejson)
    if connection.conn_type != REDSHIFT:
        extra["options"] = f"-c search_path={path}"
    elif is_pending:
        connection.conn_type = KITCHEN_REDSHIFT
        extra[SEARCH_PATH] = path
    # Redshift's driver takes no options: there the kitchen's own user begins in its schema.
    connection.extra = json.dumps(extra)
