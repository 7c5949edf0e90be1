"""Assets keep to their kitchen: the same code must not raise another kitchen's events.

An asset's name is known to all of Airflow. Code that says ``Asset("sales")`` in two kitchens
would have one of them start the other's consumers, so the factory puts the kitchen in front of
what Airflow's tables get to know. A task that runs keeps the names that its author wrote, which
its code compares with; what it sends is put into the kitchen by the API server
(``secrets.crossing``).
"""

from __future__ import annotations

from copy import copy
from typing import TYPE_CHECKING, Any

from airflow.sdk import Asset, AssetAlias
from airflow.sdk.definitions.asset import AssetNameRef, AssetUriRef
from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from airflow.sdk import DAG


def keep_assets_in_kitchen(dag: DAG, kitchen: str) -> None:
    """Give every inlet and outlet of a DAG's tasks its kitchen's name."""
    for task in dag.tasks:
        settings: MutableMapping[str, Any] = (
            task.partial_kwargs if isinstance(task, MappedOperator) else vars(task)
        )
        for ends in ("inlets", "outlets"):
            if found := settings.get(ends):
                several = found if isinstance(found, (list, tuple, set)) else [found]
                settings[ends] = [in_kitchen(asset, kitchen) for asset in several]


def in_kitchen(asset: Any, kitchen: str) -> Any:
    """The asset, alias or reference that a name stands for in a kitchen; other things as they are.

    A copy: the author's own object may be shared by the files of several kitchens.
    """
    if isinstance(asset, (AssetAlias, AssetNameRef)):
        changed = {"name": names.in_kitchen(asset.name, kitchen)}
    elif isinstance(asset, AssetUriRef):
        changed = {"uri": names.asset_uri(asset.uri, kitchen)}
    elif isinstance(asset, Asset):
        changed = {
            "name": names.in_kitchen(asset.name, kitchen),
            "uri": names.asset_uri(asset.uri, kitchen),
        }
    else:
        return asset
    made = copy(asset)
    for field, value in changed.items():
        setattr(made, field, value)
    return made
