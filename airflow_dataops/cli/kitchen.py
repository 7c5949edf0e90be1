"""Bodies of ``airflow dataops kitchen``."""

from __future__ import annotations

import getpass
import os
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops import bootstrap, config
from airflow_dataops.cli.answers import command, show_table
from airflow_dataops.services import kitchens

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.ports import KitchenRegistry


@command
def create_kitchen(arguments: Any) -> None:
    """Create a kitchen, step by step."""
    projects = config.environments()
    registry = bootstrap.kitchen_registry()
    asked = kitchens.KitchenRequest(
        name=arguments.kitchen,
        parent=arguments.parent,
        environment=arguments.environment,
        by=_who(),
        id=str(uuid4()),
        now=datetime.now(tz=UTC),
    )
    kitchen = kitchens.plan(asked, projects=projects, registry=registry)
    kitchens.create(kitchen, _places(kitchen, registry), projects=projects, say=print)


@command
def list_kitchens(arguments: Any) -> None:
    """List the living kitchens."""
    rows = [
        {
            "kitchen": kitchen.name,
            "environment": kitchen.environment,
            "branch": kitchen.branch,
            "cut_from": kitchen.parent or "",
            "created_by": kitchen.created_by,
            "created_at": f"{kitchen.created_at:%Y-%m-%d %H:%M}",
        }
        for kitchen in bootstrap.kitchen_registry().kitchens()
    ]
    show_table(rows, output=arguments.output)


@command
def refresh_kitchen(arguments: Any) -> None:
    """Ask the dag-processor to look at a kitchen's branch now."""
    registry = bootstrap.kitchen_registry()
    registry.ask_for_parsing(registry.kitchen(arguments.kitchen))


@command
def delete_kitchen(arguments: Any) -> None:
    """Delete a kitchen, step by step."""
    projects = config.environments()
    registry = bootstrap.kitchen_registry()
    kitchen = registry.kitchen(arguments.kitchen)
    places = _places(kitchen, registry)
    kitchens.delete(kitchen.name, places, by=_who(), projects=projects, say=print)


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return f"uid {os.getuid()}"


def _places(kitchen: Kitchen, registry: KitchenRegistry) -> kitchens.Places:
    projects = config.environments()
    environment = projects.environment(kitchen.environment)
    return kitchens.Places(
        registry=registry,
        repository=bootstrap.repository(projects.project_of(environment.name).repository),
        warehouses=[
            bootstrap.warehouse_of(environment, tool.name)
            for tool in environment.tools.values()
            if tool.schema_per_kitchen
        ],
    )
