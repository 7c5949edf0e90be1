"""Who may do what to a kitchen.

One table decides, for the REST API, the command line and the pages alike. An action that is not
in it is nobody's.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.staff import Role, role_of
from airflow_dataops.errors import KitchenNotFound, NotAllowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Member, Person


class Action(StrEnum):
    """What can be done to a kitchen, in the words of a refusal."""

    SEE = "see"
    REFRESH = "refresh"
    CUT = "cut a kitchen from"
    GET_CREDENTIALS = "get a login of"
    SET_SCHEDULE = "set a schedule in"
    CHANGE_CHARTS = "change what charts learn from in"
    MERGE_DOWN = "merge down into"
    MERGE_UP = "merge up into"
    PROPOSE = "propose to merge"
    OVERRIDE_GATE = "override the gate of"
    REVERT = "take back a merge into"
    CHANGE = "change"
    HAND_OFF = "hand off the work of"
    STAFF = "staff"
    DELETE = "delete"


_NEEDS = {
    Action.SEE: Role.GUEST,
    Action.REFRESH: Role.COOK,
    Action.CUT: Role.COOK,
    Action.GET_CREDENTIALS: Role.COOK,
    Action.SET_SCHEDULE: Role.COOK,
    Action.CHANGE_CHARTS: Role.COOK,
    Action.MERGE_DOWN: Role.COOK,
    Action.MERGE_UP: Role.COOK,
    Action.PROPOSE: Role.COOK,
    Action.OVERRIDE_GATE: Role.HEAD,
    Action.REVERT: Role.COOK,
    Action.CHANGE: Role.HEAD,
    Action.HAND_OFF: Role.COOK,
    Action.STAFF: Role.HEAD,
    Action.DELETE: Role.HEAD,
}
# What of a protected environment's base kitchen its staff may do, whatever their role.
_IN_PROTECTED = (Action.SEE, Action.REFRESH, Action.CUT)
# What nobody may do there, its owner included.
_NOT_IN_PROTECTED = {
    Action.GET_CREDENTIALS: "gives no login to people",
    Action.SET_SCHEDULE: (
        "its code changes by merging alone; set the schedule in a kitchen below and merge it up"
    ),
}


def check(
    action: Action,
    person: Person,
    *,
    kitchen: Kitchen,
    staff: Sequence[Member],
    environment: ReleaseEnvironment,
) -> None:
    """Let an action pass, or say who could do it.

    Raises:
        KitchenNotFound: the kitchen is private and the person is not on its staff.
        NotAllowed: the person may see the kitchen, and not do this to it.
    """
    reason = objection(action, person, kitchen=kitchen, staff=staff, environment=environment)
    if reason is None:
        return
    if objection(Action.SEE, person, kitchen=kitchen, staff=staff, environment=environment):
        # Its name, too, is its staff's alone.
        raise KitchenNotFound(kitchen.name)
    raise NotAllowed(person.name, f"{action} kitchen {kitchen.name!r}", reason)


def objection(
    action: Action,
    person: Person,
    *,
    kitchen: Kitchen,
    staff: Iterable[Member],
    environment: ReleaseEnvironment,
) -> str | None:
    """Why a person may not do something to a kitchen; None where they may.

    Raises:
        ValueError: the environment is not the kitchen's.
    """
    if environment.name != kitchen.environment:
        message = f"kitchen {kitchen.name} is not of environment {environment.name}"
        raise ValueError(message)
    if environment.protected and action in _NOT_IN_PROTECTED:
        return f"environment {environment.name!r} is protected and {_NOT_IN_PROTECTED[action]}"
    if is_owner(person, environment):
        return None
    if environment.protected and action not in _IN_PROTECTED:
        return f"environment {environment.name!r} is protected; {_owner_of(environment)}"
    held, needed = role_of(person, staff), _NEEDS.get(action)
    if needed is not None and held is not None and held.rank >= needed.rank:
        return None
    if action is Action.SEE and kitchen.shared:
        return None
    has = f"{person.name} is {held} there" if held else f"{person.name} is not on its staff"
    return f"{has}, and this takes a {needed}; {_owner_of(environment)}"


def who_may(
    action: Action, *, staff: Iterable[Member], environment: ReleaseEnvironment
) -> tuple[str, ...]:
    """People and roles who may do something to a kitchen, the owner of its environment first."""
    if environment.protected and action in _NOT_IN_PROTECTED:
        return ()
    found = [environment.owner] if environment.owner else []
    needed = _NEEDS.get(action)
    if needed is not None and not (environment.protected and action not in _IN_PROTECTED):
        found += [one.who for one in staff if one.role.rank >= needed.rank]
    return tuple(dict.fromkeys(found))


def is_owner(person: Person, environment: ReleaseEnvironment) -> bool:
    """Whether a person owns a release environment, and with it all of its kitchens."""
    return environment.owner is not None and person.is_meant_by(environment.owner)


def _owner_of(environment: ReleaseEnvironment) -> str:
    return (
        f"its owner is {environment.owner}"
        if environment.owner
        else f"environment {environment.name!r} has no owner"
    )
