"""Who may create which kitchen: before it exists, no staff of its own can decide."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain import names, permissions
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import (
    InvalidRequest,
    KitchenExists,
    KitchenNotFound,
    NotAllowed,
)

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.services.kitchens import KitchenRequest
    from airflow_dataops.web.visit import Visit


def project_to_create_in(asked: KitchenRequest, visit: Visit) -> str:
    """The project that a kitchen would belong to, if the person may create it.

    Whoever may cut from the parent may create; in another environment than the parent's, whoever
    may also cut from that one's base kitchen; a base kitchen, its environment's owner.

    Raises:
        InvalidName: no kitchen may be named so.
        InvalidRequest: it has no parent and is no base kitchen.
        KitchenExists: a kitchen that the person may not know of has the name.
        KitchenNotFound: there is no parent that the person may know of.
        NotAllowed: they may not.
    """
    name = names.check_kitchen_name(asked.name)
    begun = _living(name, visit)
    if begun is not None:
        return _project_to_go_on_in(begun, visit)
    projects = visit.installation.projects
    base = next((e for e in projects.environments() if e.base_kitchen.name == name), None)
    parent = None if asked.parent is None else visit.kitchen(asked.parent, Action.CUT)
    if base is not None:
        _check_owner(base, visit)
        return base.project
    if parent is None:
        message = (
            f"kitchen {name!r} needs a parent to be cut from; without one only the base kitchen of "
            "an environment can be created"
        )
        raise InvalidRequest(message, field="parent")
    home = projects.environment(asked.environment or parent.environment)
    if home.name != parent.environment:
        _check_may_use(home, visit)
    return home.project


def _project_to_go_on_in(begun: Kitchen, visit: Visit) -> str:
    try:
        visit.check(Action.SEE, begun)
    except KitchenNotFound:
        raise KitchenExists(begun.name) from None
    if begun.state is KitchenState.CREATING and begun.created_by == visit.person.name:
        visit.check(Action.CHANGE, begun)  # they may have been taken off its staff meanwhile
    return begun.project


def _check_owner(environment: ReleaseEnvironment, visit: Visit) -> None:
    if not permissions.is_owner(visit.person, environment):
        owner = environment.owner or "nobody: name one in the environments file"
        what = f"create {environment.base_kitchen.name!r}, the base kitchen of {environment.name}"
        raise NotAllowed(visit.person.name, what, f"this takes the environment's owner, {owner}")


def _check_may_use(environment: ReleaseEnvironment, visit: Visit) -> None:
    if permissions.is_owner(visit.person, environment):
        return
    base = _living(environment.base_kitchen.name, visit)
    reason = (
        f"its base kitchen {environment.base_kitchen.name} does not exist yet"
        if base is None
        else permissions.objection(
            Action.CUT,
            visit.person,
            kitchen=base,
            staff=visit.installation.registry.staff(base),
            environment=environment,
        )
    )
    if reason is not None:
        what = f"point a kitchen to environment {environment.name!r}"
        raise NotAllowed(visit.person.name, what, reason)


def _living(name: str, visit: Visit) -> Kitchen | None:
    try:
        return visit.installation.registry.kitchen(name)
    except KitchenNotFound:
        return None
