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
    from collections.abc import Callable, Iterable, Sequence
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of a kitchen are.

    Attributes:
        registry: has its row.
        repository: its project's, has its branch.
        warehouses: those of its environment in which each kitchen has a schema.
    """

    registry: KitchenRegistry
    repository: Repository
    warehouses: Sequence[Warehouse]


def plan(asked: KitchenRequest, *, projects: Projects, registry: KitchenRegistry) -> Kitchen:
    """The kitchen that would be created.

    A base kitchen takes its environment and branch from the environments file. Any other one
    names its parent, and has the parent's environment unless it is given another.

    Raises:
        InvalidName: no kitchen may be named so.
        KitchenExists: the name, its namespace or its branch is taken.
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
    planned = Kitchen(
        id=asked.id,
        name=name,
        project=home.project,
        environment=home.name,
        branch=base.base_kitchen.branch if base else names.branch(name),
        parent=parent,
        created_at=asked.now,
        created_by=asked.by,
    )
    _check_branch(planned, projects, living.values())
    registry.check(planned)
    return planned


def create(kitchen: Kitchen, places: Places, *, projects: Projects, say: Say) -> None:
    """Make a planned kitchen: its branch, its schemas, its row; then have its DAGs read.

    Args:
        kitchen: what ``plan`` gave.
        places: where its parts go.
        projects: what the environments file declares.
        say: hears of each step when it is done.

    Raises:
        OutsideSystemError: git or a warehouse refuses; nothing is registered then.
        KitchenExists: a schema of the kitchen's name holds somebody's tables.
    """
    if not _is_base(kitchen, projects):
        _check_schemas(kitchen, places.warehouses)
    _make_branch(kitchen, places, say)
    for warehouse in places.warehouses:
        warehouse.create_schema(kitchen.schema)
        say(f"schema {kitchen.schema}")
    places.registry.add(kitchen)
    say(f"kitchen {kitchen.name} in {kitchen.environment}")
    places.registry.ask_for_parsing(kitchen)


def delete(name: str, places: Places, *, by: str, projects: Projects, say: Say) -> None:
    """Unmake a kitchen: its branch, its schemas, its row.

    The branch is the first to go: a git host may refuse that, and then no data are lost.

    Raises:
        KitchenNotFound: there is none of this name.
        KitchenHasChildren: kitchens that were cut from it live.
        KitchenError: it is the base kitchen of an environment.
    """
    registry = places.registry
    kitchen = registry.kitchen(name)
    children = [child.name for child in registry.kitchens() if child.parent == name]
    if children:
        raise KitchenHasChildren(name, children)
    if _is_base(kitchen, projects):
        message = (
            f"kitchen {name!r} is the base kitchen of {kitchen.environment}; it goes when the "
            "environment goes"
        )
        raise KitchenError(message)
    places.repository.delete_branch(kitchen.branch)
    say(f"deleted branch {kitchen.branch}")
    for warehouse in places.warehouses:
        warehouse.drop_schema(kitchen.schema)
        say(f"dropped schema {kitchen.schema}")
    registry.remove(kitchen, by=by)
    say(f"deleted kitchen {kitchen.name}")
    registry.ask_for_parsing(kitchen)


def _is_base(kitchen: Kitchen, projects: Projects) -> bool:
    return projects.environment(kitchen.environment).base_kitchen.name == kitchen.name


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


def _check_branch(planned: Kitchen, projects: Projects, living: Iterable[Kitchen]) -> None:
    """Refuse a branch that another kitchen stands on: deleting one would delete the other's."""
    project = projects.projects[planned.project]
    owners = {k.branch: k.name for k in living if k.project == planned.project}
    for environment in project.environments.values():
        owners.setdefault(environment.base_kitchen.branch, environment.base_kitchen.name)
    owner = owners.get(planned.branch, planned.name)
    if owner != planned.name:
        why = f"branch {planned.branch!r} belongs to kitchen {owner!r}; choose another name"
        raise KitchenExists(planned.name, why)


def _check_schemas(kitchen: Kitchen, warehouses: Sequence[Warehouse]) -> None:
    """Refuse a schema with tables: whoever deletes the kitchen would delete them."""
    if any(warehouse.holds_tables(kitchen.schema) for warehouse in warehouses):
        why = f"schema {kitchen.schema!r} exists and holds tables; choose another name"
        raise KitchenExists(kitchen.name, why)


def _make_branch(kitchen: Kitchen, places: Places, say: Say) -> None:
    if places.repository.tip(kitchen.branch) is not None:
        say(f"branch {kitchen.branch} is there already and is kept as it is")
        return
    if kitchen.parent is None:
        message = (
            f"kitchen {kitchen.name!r} stands on branch {kitchen.branch!r}, which the repository "
            "does not have; push it, or name a parent to cut it from (--from)"
        )
        raise KitchenError(message)
    source = places.registry.kitchen(kitchen.parent).branch
    places.repository.cut_branch(kitchen.branch, source=source)
    say(f"branch {kitchen.branch} cut from {source}")
