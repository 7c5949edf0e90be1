"""Where a tool is, as its secret says it, without the login."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Mapping


DEFAULT_PORTS = {"postgres": 5432, "redshift": 5439}


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolAddress:
    """A tool's place on the network, in the words of an Airflow connection."""

    conn_type: str
    host: str | None
    port: int | None
    database: str | None


def address_of(fields: Mapping[str, str]) -> ToolAddress:
    """The address in a secret that holds ``conn_uri`` or the fields of a connection.

    Raises:
        ValueError: its port is no number.
    """
    if "conn_uri" in fields:
        uri = urlsplit(fields["conn_uri"])
        return ToolAddress(
            conn_type=uri.scheme.replace("postgresql", "postgres"),
            host=uri.hostname,
            port=uri.port,
            database=unquote(uri.path.removeprefix("/")) or None,
        )
    port = fields.get("port")
    return ToolAddress(
        conn_type=fields.get("conn_type", ""),
        host=fields.get("host"),
        port=int(port) if port else None,
        database=fields.get("schema"),
    )
