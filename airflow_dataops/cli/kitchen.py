"""Bodies of ``airflow dataops kitchen``."""

from __future__ import annotations

import getpass
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops import bootstrap, config
from airflow_dataops.cli.answers import command, show_table
from airflow_dataops.cli.kitchen_request import kitchen_request
from airflow_dataops.services import kitchens

if TYPE_CHECKING:
    from airflow_dataops.domain.provisioning import Operation


@command
def create_kitchen(arguments: Any) -> None:
    """Create a kitchen, step by step."""
    from airflow_dataops import places

    occasion = _local_occasion(arguments.reason)
    asked = kitchen_request(arguments, now=occasion.now)
    project = _project_of(asked)
    where = places.local_places(project, say=print)
    operation = _end(kitchens.create(asked, occasion, where), occasion, where)
    print(f"kitchen {operation.kitchen.name} in {operation.kitchen.environment}")


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
    from airflow_dataops import places

    occasion = _local_occasion(arguments.reason)
    kitchen = bootstrap.kitchen_registry().kitchen(arguments.kitchen)
    where = places.local_places(kitchen.project, say=print)
    begun = kitchens.delete(kitchen.name, str(uuid4()), occasion, where)
    _end(begun, occasion, where)
    print(f"deleted kitchen {kitchen.name}")


def _end(operation: Operation, occasion: kitchens.Occasion, where: kitchens.Places) -> Operation:
    if operation.is_over:
        return operation
    return kitchens.finish(operation, occasion, where)


def _local_occasion(reason: str | None) -> kitchens.Occasion:
    return kitchens.Occasion(
        by=_who(),
        now=datetime.now(tz=UTC),
        source=f"cli --local on {socket.gethostname()}",
        reason=reason,
    )


def _project_of(asked: kitchens.KitchenRequest) -> str:
    """The project whose repository is to get the kitchen's branch."""
    projects = config.environments()
    for environment in projects.environments():
        if asked.name == environment.base_kitchen.name:
            return environment.project
    if asked.parent is not None:
        return bootstrap.kitchen_registry().kitchen(asked.parent).project
    # Without a parent it will be refused, in words that name the base kitchens.
    return next(iter(projects.projects))


def _who() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # a container's user need not have a name
        return f"uid {os.getuid()}"
