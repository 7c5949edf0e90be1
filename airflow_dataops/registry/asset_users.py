"""Which DAGs produce or consume an asset, by Airflow's tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import column, or_, select, table, union

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sqlalchemy import Connection

_asset = table("asset", column("id"), column("name"), column("uri"))
_alias = table("asset_alias", column("id"), column("name"))
_OF_ASSET = tuple(
    table(name, column("asset_id"), column("dag_id"))
    for name in (
        "dag_schedule_asset_reference",
        "task_outlet_asset_reference",
        "task_inlet_asset_reference",
    )
)
_of_alias = table("dag_schedule_asset_alias_reference", column("alias_id"), column("dag_id"))
_by_name = table("dag_schedule_asset_name_reference", column("name"), column("dag_id"))
_by_uri = table("dag_schedule_asset_uri_reference", column("uri"), column("dag_id"))


def dags_of_assets(
    connection: Connection, *, assets: Sequence[str], aliases: Sequence[str]
) -> set[str]:
    """DAG ids that are tied to any of these assets or aliases.

    Args:
        connection: to Airflow's metadata database.
        assets: names or URIs.
        aliases: names.
    """
    queries = [
        select(users.c.dag_id)
        .join(_asset, _asset.c.id == users.c.asset_id)
        .where(or_(_asset.c.name.in_(assets), _asset.c.uri.in_(assets)))
        for users in _OF_ASSET
    ]
    queries.append(
        select(_of_alias.c.dag_id)
        .join(_alias, _alias.c.id == _of_alias.c.alias_id)
        .where(_alias.c.name.in_(aliases))
    )
    queries.append(select(_by_name.c.dag_id).where(_by_name.c.name.in_(assets)))
    queries.append(select(_by_uri.c.dag_id).where(_by_uri.c.uri.in_(assets)))
    return set(connection.scalars(union(*queries)))
