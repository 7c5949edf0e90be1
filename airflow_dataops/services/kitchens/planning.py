"""The kitchen that a request would lead to, or why there can be none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.kitchen import Kitchen, KitchenState, check_settings
from airflow_dataops.domain.staff import check_staff
from airflow_dataops.errors import KitchenBusy, KitchenError, KitchenExists, KitchenNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.domain.release_environment import Projects, ReleaseEnvironment
    from airflow_dataops.ports import KitchenRegistry
    from airflow_dataops.services.kitchens.request import KitchenRequest, Occasion


def plan(
    asked: KitchenRequest, occasion: Occasion, *, projects: Projects, registry: KitchenRegistry
) -> Kitchen:
    """The kitchen that would be created.

    A base kitchen takes its environment and branch from the environments file. Any other one
    names its parent, and has the parent's environment unless it is given another.

    Raises:
        InvalidName: no kitchen may be named so, or no member of its staff.
        InvalidRequest: a setting or the reason cannot be, or somebody is on the staff twice.
        KitchenExists: the name, its namespace or its branch is taken.
        KitchenNotFound: there is no such parent.
        KitchenError: the parent is missing, or the environment cannot have this kitchen.
    """
    name, parent = names.check_kitchen_name(asked.name), asked.parent
    settings = check_settings(asked.settings, now=occasion.now)
    check_staff(asked.staff)
    check_reason(occasion.reason)
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
        id=asked.kitchen_id,
        name=name,
        project=home.project,
        environment=home.name,
        branch=base.base_kitchen.branch if base else names.branch(name),
        parent=parent,
        created_at=occasion.now,
        created_by=occasion.by,
        state=KitchenState.CREATING,
        settings=settings,
    )
    _check_branch(planned, projects, living.values())
    registry.check(planned)
    return planned


def _check_home(
    name: str, home: ReleaseEnvironment, *, asked: str | None, parent: Kitchen | None
) -> None:
    is_base = home.base_kitchen.name == name
    if is_base and asked is not None and asked != home.name:
        message = f"kitchen {name!r} is the base kitchen of {home.name}, not of {asked}"
        raise KitchenError(message)
    if home.protected and not is_base:
        message = (
            f"kitchen {name!r} cannot point to {home.name!r}: that environment is protected and "
            f"has one kitchen, {home.base_kitchen.name}; name another with --environment"
        )
        raise KitchenError(message)
    if parent is None:
        return
    if parent.project != home.project:
        message = (
            f"kitchen {name!r} cannot be cut from {parent.name!r}: that one belongs to project "
            f"{parent.project!r}, environment {home.name!r} to {home.project!r}"
        )
        raise KitchenError(message)
    if parent.state is KitchenState.DELETING:
        raise KitchenBusy(parent.name, parent.state, "no kitchen can be cut from it any more")


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
