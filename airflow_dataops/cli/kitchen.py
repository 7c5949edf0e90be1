"""Bodies of ``airflow dataops kitchen``."""

from __future__ import annotations

import getpass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops import bootstrap, config
from airflow_dataops.cli.answers import command, show_table
from airflow_dataops.services import kitchens

if TYPE_CHECKING:
    from airflow_dataops.ports import Warehouse


@command
def create_kitchen(arguments: Any) -> None:
    """Create a kitchen, step by step."""
    projects = config.environments()
    registry = bootstrap.kitchen_registry()
    asked = kitchens.KitchenRequest(
        name=arguments.kitchen,
        parent=arguments.parent,
        environment=arguments.environment,
        by=getpass.getuser(),
        id=str(uuid4()),
        now=datetime.now(tz=UTC),
    )
    kitchen = kitchens.plan(asked, projects=projects, registry=registry)
    kitchens.create(
        kitchen,
        registry=registry,
        repository=bootstrap.repository(projects.projects[kitchen.project].repository),
        warehouses=_warehouses(kitchen.environment),
        say=print,
    )


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
def delete_kitchen(arguments: Any) -> None:
    """Delete a kitchen, step by step."""
    projects = config.environments()
    registry = bootstrap.kitchen_registry()
    kitchen = registry.kitchen(arguments.kitchen)
    kitchens.delete(
        kitchen.name,
        projects=projects,
        registry=registry,
        repository=bootstrap.repository(projects.projects[kitchen.project].repository),
        warehouses=_warehouses(kitchen.environment),
        say=print,
    )


def _warehouses(environment_name: str) -> list[Warehouse]:
    environment = config.environments().environment(environment_name)
    return [
        bootstrap.warehouse_of(environment, tool.name)
        for tool in environment.tools.values()
        if tool.schema_per_kitchen
    ]
