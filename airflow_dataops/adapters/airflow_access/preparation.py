"""Make a cluster's FAB ready for kitchens, and say who sees more than kitchens show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.adapters.airflow_access import rights
from airflow_dataops.adapters.airflow_access.tables import ADMIN
from airflow_dataops.domain import access, names
from airflow_dataops.domain.access import DagAccess

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from airflow_dataops.adapters.airflow_access.tables import RoleTables
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A role or a user, and how it stands with them.

    Attributes:
        to_do: what is left for a person to do; empty where nothing is.
    """

    what: str
    found: str
    to_do: str = ""


def put_our_roles(tables: RoleTables, environments: Iterable[ReleaseEnvironment]) -> list[Finding]:
    """Make the role of everybody and those of the environments' owners."""
    added = tables.put_role(access.EVERYBODY, rights.LOOK)
    taken = tables.take(access.EVERYBODY, rights.ON_EVERY_DAG)
    found = [Finding(what=f"role {access.EVERYBODY}", found=_said(added, taken))]
    for environment in environments:
        role = names.owner_role(environment.name)
        added = tables.put_role(role, rights.LOOK)
        tables.put_people(access.platform_people(environment))
        found.append(Finding(what=f"role {role}", found=_said(added)))
    return found


def put_kitchens_roles(tables: RoleTables, kitchen: Kitchen) -> list[Finding]:
    """Make a kitchen's roles, with nobody in them yet."""
    found = []
    for level in DagAccess:
        role = access.role_of(kitchen, level)
        added = tables.put_role(role, rights.KINDS[level])
        found.append(Finding(what=f"role {role}", found=_said(added)))
    return found


def who_sees_every_dag(tables: RoleTables) -> Iterator[Finding]:
    """Users whose role shows kitchens to them that they are not on the staff of."""
    for role, people in sorted(tables.holders(rights.ON_EVERY_DAG).items()):
        if role == ADMIN:
            continue
        for user in sorted(people):
            yield Finding(
                what=f"user {user}",
                found=f"has role {role}, which shows every DAG",
                to_do=f"airflow users add-role -u {user} -r {access.EVERYBODY}; "
                f"airflow users remove-role -u {user} -r {role}",
            )


def _said(added: int | None, taken: int = 0) -> str:
    if added is None:
        return "made"
    changes = [f"{added} rights added"] * bool(added) + [f"{taken} rights taken"] * bool(taken)
    return ", ".join(changes) or "in order"
