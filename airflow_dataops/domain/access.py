"""Who may see, and who may run, a kitchen's DAGs in Airflow's own pages.

Airflow gives rights on a DAG to roles, never to people. Each kitchen has two roles of its own:
who is put into them or taken out has the rights from then on, and the DAGs stay as they are.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.staff import Member, Role

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment

# The role of everybody who uses kitchens; it shows the DAGs of shared ones.
EVERYBODY = "Kitchens"


class DagAccess(StrEnum):
    """What somebody may do with a DAG in Airflow; the value ends the name of a kitchen's role."""

    LOOK = "guest"
    WORK = "cook"


def people(
    kitchen: Kitchen, staff: Iterable[Member], environment: ReleaseEnvironment
) -> dict[str, frozenset[str]]:
    """Users by name in each of a kitchen's roles; those who are meant by a role are in neither."""
    held: dict[DagAccess, set[str]] = {access: set() for access in DagAccess}
    for member in _with_owner(staff, environment):
        if member.airflow_role is None:
            held[_access(member.role)].add(member.who)
    held[DagAccess.LOOK] -= held[DagAccess.WORK]
    return {role_of(kitchen, access): frozenset(who) for access, who in held.items()}


def grants(
    kitchen: Kitchen, staff: Iterable[Member], environment: ReleaseEnvironment
) -> dict[str, DagAccess]:
    """What each role of Airflow's may do with the kitchen's DAGs; any other may do nothing.

    A shared kitchen shows itself to everybody, but not where its environment is protected:
    production's runs, logs and code are for those who were put on its staff.
    """
    found = {role_of(kitchen, access): access for access in DagAccess}
    if kitchen.shared and not environment.protected:
        found[EVERYBODY] = DagAccess.LOOK
    for member in _with_owner(staff, environment):
        if member.airflow_role is not None:
            access = _access(member.role)
            if found.get(member.airflow_role) is not DagAccess.WORK:
                found[member.airflow_role] = access
    return found


def platform_people(environment: ReleaseEnvironment) -> dict[str, frozenset[str]]:
    """Users in the role that sees an environment's own DAGs: its owner, if that is a person."""
    owners = [member.who for member in _with_owner((), environment) if member.airflow_role is None]
    return {names.owner_role(environment.name): frozenset(owners)}


def platform_grants(environment: ReleaseEnvironment) -> dict[str, DagAccess]:
    """What roles of Airflow's may do with the DAGs that make and unmake kitchens: look."""
    found = {names.owner_role(environment.name): DagAccess.LOOK}
    for member in _with_owner((), environment):
        if member.airflow_role is not None:
            found[member.airflow_role] = DagAccess.LOOK
    return found


def role_of(kitchen: Kitchen, access: DagAccess) -> str:
    """The kitchen's own role with this access."""
    return names.access_role(kitchen.name, access)


def _access(role: Role) -> DagAccess:
    return DagAccess.WORK if role.rank >= Role.COOK.rank else DagAccess.LOOK


def _with_owner(staff: Iterable[Member], environment: ReleaseEnvironment) -> list[Member]:
    owner = environment.owner
    others = [member for member in staff if member.who != owner]
    return others if owner is None else [Member(who=owner, role=Role.HEAD), *others]
