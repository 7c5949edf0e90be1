"""FAB's roles, rights and users, row by row, within one transaction.

Written with FAB's models and not with its security manager: that one commits after each row, so
that a half-made role could be seen, and loads a Flask application's worth of modules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from airflow.providers.fab.auth_manager.models import (
    Action,
    Permission,
    Resource,
    Role,
    User,
    assoc_group_role,
    assoc_permission_role,
    assoc_user_role,
)
from sqlalchemy import delete, func, insert, or_, select

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Set

    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

_Named = TypeVar("_Named", Action, Resource)
Right = tuple[str, str]  # an action and what it is done to
ADMIN = "Admin"
# How the names begin that stand for one DAG and for its runs.
_OF_A_DAG = {"DAG:": "DAGs", "DAG Run:": "DAG Runs"}


class RoleTables:
    """FAB's tables in the transaction of a session."""

    def __init__(self, session: Session) -> None:
        """Work within this session; its owner commits."""
        self._session = session

    def existing(self, roles: Iterable[str]) -> set[str]:
        """Those of the roles that are there."""
        return set(self._session.scalars(select(Role.name).where(Role.name.in_(list(roles)))))

    def put_role(self, name: str, rights: Set[Right]) -> int | None:
        """Make a role with these rights, or add those that it lacks.

        Returns:
            How many were added; None where the role was not there.
        """
        role = self._id_of(name)
        is_new = role is None
        if role is None:
            made = Role(name=name)
            self._session.add(made)
            self._session.flush()
            role = made.id
        held = set(
            self._session.scalars(
                select(assoc_permission_role.c.permission_view_id).where(
                    assoc_permission_role.c.role_id == role
                )
            )
        )
        added = [right for right in self._put_rights(rights) if right not in held]
        if added:
            links = [{"permission_view_id": right, "role_id": role} for right in added]
            self._session.execute(insert(assoc_permission_role), links)
        return None if is_new else len(added)

    def take(self, name: str, rights: Set[Right]) -> int:
        """Take rights from a role; gives how many it had of them."""
        links = assoc_permission_role
        taken = self._session.execute(
            delete(links).where(
                links.c.role_id == self._id_of(name),
                links.c.permission_view_id.in_(self._rights(rights).values()),
            )
        )
        return taken.rowcount  # type: ignore[attr-defined, no-any-return]

    def people(self, roles: Iterable[str]) -> dict[str, set[str]]:
        """Users by name in each of the roles that are there."""
        found: dict[str, set[str]] = {}
        query = (
            select(Role.name, User.username)
            .outerjoin(assoc_user_role, assoc_user_role.c.role_id == Role.id)
            .outerjoin(User, User.id == assoc_user_role.c.user_id)
            .where(Role.name.in_(list(roles)))
        )
        for role, user in self._session.execute(query):
            found.setdefault(role, set()).update([user] if user else [])
        return found

    def users(self, names: Iterable[str]) -> dict[str, int]:
        """Ids of the users that are known, by name. Our staff lists tell capitals apart."""
        wanted = set(names)
        query = select(User.username, User.id).where(User.username.in_(wanted))
        return {name: number for name, number in self._session.execute(query) if name in wanted}

    def put_people(self, wanted: Mapping[str, Set[str]]) -> set[str]:
        """Let roles have exactly these people; a role that is not there stays away.

        Returns:
            Names of no user that is known.
        """
        names = {name for people in wanted.values() for name in people}
        ids = self.users(names)
        for role, people in wanted.items():
            role_id = self._id_of(role)
            if role_id is not None:
                self._put_members(role_id, {ids[name] for name in people if name in ids})
        return names - ids.keys()

    def grant(self, granted: Mapping[str, Mapping[str, Set[str]]], *, namespace: str) -> None:
        """Let roles have exactly these rights on the DAGs whose ids start with this.

        As Airflow itself does when it reads a DAG; only rights that it has made are given.
        """
        links = assoc_permission_role
        query = (
            select(Permission.id, Action.name, Resource.name)
            .join(Permission.action)
            .join(Permission.resource)
            .where(_is_in(namespace))
        )
        rights = self._session.execute(query).all()
        roles = self._session.execute(select(Role.id, Role.name).where(Role.name.in_(granted)))
        wanted = {
            (role, right)
            for role, name in roles
            for right, action, what in rights
            if action in granted[name].get(_kind_of(what), ())
        }
        held = self._session.execute(
            select(links.c.role_id, links.c.permission_view_id, links.c.id)
            .join(Role, Role.id == links.c.role_id)
            .where(links.c.permission_view_id.in_([right for right, _, _ in rights]))
            .where(Role.name != ADMIN)
        ).all()
        gone = [link for role, right, link in held if (role, right) not in wanted]
        self._session.execute(delete(links).where(links.c.id.in_(gone)))
        if added := sorted(wanted - {(role, right) for role, right, _ in held}):
            self._session.execute(
                insert(links),
                [{"role_id": role, "permission_view_id": right} for role, right in added],
            )

    def remove(self, roles: Iterable[str], *, namespace: str) -> None:
        """Remove roles, and every right on the DAGs whose ids start with this."""
        ids = list(self._session.scalars(select(Role.id).where(Role.name.in_(list(roles)))))
        resources = list(self._session.scalars(select(Resource.id).where(_is_in(namespace))))
        rights = list(
            self._session.scalars(
                select(Permission.id).where(Permission.resource_id.in_(resources))
            )
        )
        granted = assoc_permission_role.c
        for links in (
            delete(assoc_permission_role).where(
                or_(granted.role_id.in_(ids), granted.permission_view_id.in_(rights))
            ),
            delete(assoc_user_role).where(assoc_user_role.c.role_id.in_(ids)),
            delete(assoc_group_role).where(assoc_group_role.c.role_id.in_(ids)),
            delete(Permission).where(Permission.id.in_(rights)),
            delete(Resource).where(Resource.id.in_(resources)),
            delete(Role).where(Role.id.in_(ids)),
        ):
            self._session.execute(links.execution_options(synchronize_session=False))

    def has_rights_in(self, namespace: str) -> bool:
        """Whether there is a right on a DAG whose id starts with this."""
        query = select(Resource.id).where(_is_in(namespace)).limit(1)
        return self._session.scalars(query).first() is not None

    def holders(self, rights: Set[Right]) -> dict[str, set[str]]:
        """Roles with any of these rights, each with the users in it."""
        query = (
            select(Role.name)
            .join(assoc_permission_role, assoc_permission_role.c.role_id == Role.id)
            .where(assoc_permission_role.c.permission_view_id.in_(self._rights(rights).values()))
        )
        return self.people(set(self._session.scalars(query)))

    def _put_members(self, role: int, wanted: Set[int]) -> None:
        links = assoc_user_role
        present = set(self._session.scalars(select(links.c.user_id).where(links.c.role_id == role)))
        gone = delete(links).where(links.c.role_id == role, links.c.user_id.in_(present - wanted))
        self._session.execute(gone)
        if added := sorted(wanted - present):
            self._session.execute(
                insert(links), [{"user_id": user, "role_id": role} for user in added]
            )

    def _put_rights(self, rights: Set[Right]) -> list[int]:
        there = self._rights(rights)
        for action, what in sorted(rights - there.keys()):
            made = Permission(
                action=self._named(Action, action), resource=self._named(Resource, what)
            )
            self._session.add(made)
            self._session.flush()
            there[action, what] = made.id
        return sorted(there.values())

    def _rights(self, rights: Set[Right]) -> dict[Right, int]:
        query = (
            select(Action.name, Resource.name, Permission.id)
            .join(Permission.action)
            .join(Permission.resource)
            .where(Resource.name.in_({what for _, what in rights}))
        )
        return {
            (action, what): number
            for action, what, number in self._session.execute(query)
            if (action, what) in rights
        }

    def _named(self, kind: type[_Named], name: str) -> _Named:
        found: _Named | None = self._session.scalars(select(kind).where(kind.name == name)).first()
        if found is None:
            found = kind(name=name)
            self._session.add(found)
        return found

    def _id_of(self, role: str) -> int | None:
        return self._session.scalars(select(Role.id).where(Role.name == role)).first()


def _kind_of(resource: str) -> str:
    return next(kind for start, kind in _OF_A_DAG.items() if resource.startswith(start))


def _is_in(namespace: str) -> ColumnElement[bool]:
    # Compared letter by letter: LIKE takes an underscore for any letter.
    starts = [f"{kind}{namespace}" for kind in _OF_A_DAG]
    return or_(*(func.substr(Resource.name, 1, len(start)) == start for start in starts))
