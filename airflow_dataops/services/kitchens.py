"""Create, list and delete kitchens.

Each step finds its own work done and goes on, and the registry's row comes last on the way in
and goes last on the way out: a command that died half-way is simply given again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.errors import KitchenError, KitchenExists, KitchenHasChildren, KitchenNotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.release_environment import Projects, ReleaseEnvironment
    from airflow_dataops.ports import KitchenRegistry, Repository, Warehouse

    Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenRequest:
    """What a person asks for; ``id`` and ``now`` come from whoever takes the request."""

    name: str
    parent: str | None
    environment: str | None
    by: str
    id: str
    now: datetime


def plan(asked: KitchenRequest, *, projects: Projects, registry: KitchenRegistry) -> Kitchen:
    """The kitchen that would be created.

    A base kitchen takes its environment and branch from the environments file. Any other one
    names its parent, and has the parent's environment unless it is given another.

    Raises:
        InvalidName: no kitchen may be named so.
        KitchenExists: the name is taken.
        KitchenNotFound: there is no such parent.
        KitchenError: the parent is missing, or the environment is another project's.
    """
    name, parent = names.check_kitchen_name(asked.name), asked.parent
    living = {kitchen.name: kitchen for kitchen in registry.kitchens()}
    if name in living:
        raise KitchenExists(name)
    base = next((e for e in projects.environments() if e.base_kitchen.name == name), None)
    if parent is not None and parent not in living:
        raise KitchenNotFound(parent, sorted(living))
    if base is None and parent is None:
        known = ", ".join(e.base_kitchen.name for e in projects.environments())
        message = (
            f"kitchen {name!r} needs a parent to be cut from (--from); without one only the base "
            f"kitchens of the environments file can be created: {known}"
        )
        raise KitchenError(message)
    home = base or projects.environment(asked.environment or living[str(parent)].environment)
    _check_home(name, home, asked=asked.environment, parent=living.get(str(parent)))
    return Kitchen(
        id=asked.id,
        name=name,
        project=home.project,
        environment=home.name,
        branch=base.base_kitchen.branch if base else names.branch(name),
        parent=parent,
        created_at=asked.now,
        created_by=asked.by,
    )


def create(
    kitchen: Kitchen,
    *,
    registry: KitchenRegistry,
    repository: Repository,
    warehouses: Sequence[Warehouse],
    say: Say,
) -> None:
    """Make a planned kitchen: its branch, its schemas, its row; then have its DAGs read.

    Args:
        kitchen: what ``plan`` gave.
        registry: where its row goes.
        repository: the project's, where its branch is cut.
        warehouses: those in which kitchens have a schema.
        say: hears of each step when it is done.

    Raises:
        OutsideSystemError: git or a warehouse refuses; nothing is registered then.
    """
    _make_branch(kitchen, registry, repository, say)
    for warehouse in warehouses:
        warehouse.create_schema(kitchen.schema)
        say(f"schema {kitchen.schema}")
    registry.add(kitchen)
    say(f"kitchen {kitchen.name} in {kitchen.environment}")
    registry.ask_for_parsing(kitchen)


def delete(
    name: str,
    *,
    projects: Projects,
    registry: KitchenRegistry,
    repository: Repository,
    warehouses: Sequence[Warehouse],
    say: Say,
) -> None:
    """Unmake a kitchen: its schemas, its branch, its row.

    Raises:
        KitchenNotFound: there is none of this name.
        KitchenHasChildren: kitchens that were cut from it live.
        KitchenError: it is the base kitchen of an environment.
    """
    kitchen = registry.kitchen(name)
    children = [child.name for child in registry.kitchens() if child.parent == name]
    if children:
        raise KitchenHasChildren(name, children)
    environment = projects.environment(kitchen.environment)
    if environment.base_kitchen.name == name:
        message = (
            f"kitchen {name!r} is the base kitchen of {environment.name}; it goes when the "
            "environment goes"
        )
        raise KitchenError(message)
    for warehouse in warehouses:
        warehouse.drop_schema(kitchen.schema)
        say(f"dropped schema {kitchen.schema}")
    repository.delete_branch(kitchen.branch)
    say(f"deleted branch {kitchen.branch}")
    registry.remove(kitchen)
    say(f"deleted kitchen {kitchen.name}")
    registry.ask_for_parsing(kitchen)


def _check_home(
    name: str, home: ReleaseEnvironment, *, asked: str | None, parent: Kitchen | None
) -> None:
    if asked is not None and asked != home.name:
        message = f"kitchen {name!r} is the base kitchen of {home.name}, not of {asked}"
        raise KitchenError(message)
    if parent is not None and parent.project != home.project:
        message = (
            f"kitchen {name!r} cannot be cut from {parent.name!r}: that one belongs to project "
            f"{parent.project!r}, environment {home.name!r} to {home.project!r}"
        )
        raise KitchenError(message)


def _make_branch(
    kitchen: Kitchen, registry: KitchenRegistry, repository: Repository, say: Say
) -> None:
    if repository.tip(kitchen.branch) is not None:
        say(f"branch {kitchen.branch} is there already and is kept as it is")
        return
    if kitchen.parent is None:
        message = (
            f"kitchen {kitchen.name!r} stands on branch {kitchen.branch!r}, which the repository "
            "does not have; push it, or name a parent to cut it from (--from)"
        )
        raise KitchenError(message)
    source = registry.kitchen(kitchen.parent).branch
    repository.cut_branch(kitchen.branch, source=source)
    say(f"branch {kitchen.branch} cut from {source}")
