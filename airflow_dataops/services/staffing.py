"""Who works in a kitchen: written down, and carried into Airflow's own roles.

A kitchen without a head can be staffed and deleted by nobody but its environment's owner. So
where the environment has no owner, the last head stays; where it has one, that owner is head of
all its kitchens anyway, and anybody on the staff can go.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.staff import Role, check_who
from airflow_dataops.errors import KitchenBusy, KitchenError, KitchenNotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Member
    from airflow_dataops.ports import AccessRoles, KitchenRegistry


def put_member(
    kitchen: Kitchen,
    member: Member,
    environment: ReleaseEnvironment,
    *,
    registry: KitchenRegistry,
    access: AccessRoles,
    audit: AuditEntry,
) -> None:
    """Put somebody on the staff, or give them another role.

    Raises:
        InvalidName: nobody can be named so.
        KitchenError: they are its last head, and the environment has no owner.
        KitchenBusy: the kitchen is being deleted.
        OutsideSystemError: Airflow's roles could not be changed; asking again does it.
    """
    check_who(member.who)
    _check_state(kitchen)
    before = registry.staff(kitchen)
    after = sorted([m for m in before if m.who != member.who] + [member], key=lambda m: m.who)
    _check_head(kitchen, environment, before=before, after=after)
    if member not in before:
        registry.put_member(kitchen, member, audit=audit)
    _bring_into_step(kitchen, registry, access)


def remove_member(
    kitchen: Kitchen,
    who: str,
    environment: ReleaseEnvironment,
    *,
    registry: KitchenRegistry,
    access: AccessRoles,
    audit: AuditEntry,
) -> None:
    """Take somebody off the staff; who is not on it is no error.

    Raises:
        InvalidName: nobody can be named so.
        KitchenError: they are its last head, and the environment has no owner.
        KitchenBusy: the kitchen is being deleted.
        OutsideSystemError: Airflow's roles could not be changed; asking again does it.
    """
    check_who(who)
    _check_state(kitchen)
    before = registry.staff(kitchen)
    after = [member for member in before if member.who != who]
    _check_head(kitchen, environment, before=before, after=after)
    # Airflow's own pages close first: dying in between must not leave them open for somebody
    # whom our list does not name any more.
    access.put(kitchen, after)
    if after != before:
        registry.remove_member(kitchen, who, audit=audit)
    _bring_into_step(kitchen, registry, access)


def _check_state(kitchen: Kitchen) -> None:
    if kitchen.state is KitchenState.DELETING:
        raise KitchenBusy(kitchen.name, kitchen.state, "its staff cannot be changed any more")


def _check_head(
    kitchen: Kitchen,
    environment: ReleaseEnvironment,
    *,
    before: Sequence[Member],
    after: Sequence[Member],
) -> None:
    had, has = (any(m.role is Role.HEAD for m in staff) for staff in (before, after))
    if had and not has and environment.owner is None:
        message = (
            f"kitchen {kitchen.name!r} would be without a head, and environment "
            f"{environment.name!r} has no owner to stand in; make somebody else head first"
        )
        raise KitchenError(message)


def _bring_into_step(kitchen: Kitchen, registry: KitchenRegistry, access: AccessRoles) -> None:
    """Repeat until nobody changed the staff meanwhile.

    Also where Airflow was told before the list was changed: somebody's login may have compared
    the two in between, and put back who was just taken off.
    """
    staff, had = registry.staff(kitchen), None
    while staff != had:
        access.put(kitchen, staff)
        had, staff = staff, registry.staff(kitchen)
    if _is_going(kitchen, registry):
        access.remove(kitchen)  # what was put may have come after its deletion took it away


def _is_going(kitchen: Kitchen, registry: KitchenRegistry) -> bool:
    try:
        now = registry.kitchen(kitchen.name)
    except KitchenNotFound:
        return True
    return now.id != kitchen.id or now.state is KitchenState.DELETING
