"""Assets keep to their kitchen: the same code must not raise another kitchen's events.

An asset's name is known to all of Airflow. A pipeline that says ``Asset("sales")`` in two kitchens
would have one of them start the other's consumers, so the factory puts the kitchen in front.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow.sdk import Asset, AssetAlias

if TYPE_CHECKING:
    from airflow.sdk import DAG


def keep_assets_in_kitchen(dag: DAG, kitchen: str) -> None:
    """Give every inlet and outlet of a DAG's tasks its kitchen's name."""
    for task in dag.tasks:
        if task.outlets:
            task.outlets = [in_kitchen(asset, kitchen) for asset in task.outlets]
        if task.inlets:
            task.inlets = [in_kitchen(asset, kitchen) for asset in task.inlets]


def in_kitchen(asset: Any, kitchen: str) -> Any:
    """The asset or alias that a name stands for in a kitchen; anything else as it is."""
    if isinstance(asset, AssetAlias):
        return AssetAlias(name=f"{kitchen}.{asset.name}", group=asset.group)
    if not isinstance(asset, Asset):
        return asset
    # Airflow wants a URI to be one asset's only, so the kitchen has to be in there as well.
    uri = f"dataops://{kitchen}/{quote(asset.uri, safe='')}"
    return type(asset)(
        name=f"{kitchen}.{asset.name}",
        uri=uri,
        group=asset.group,
        extra=asset.extra,
        watchers=asset.watchers,
        access_control=asset.access_control,
    )
