"""FAB's tables, and kitchens with a staff, for tests of the access roles."""

from __future__ import annotations

from datetime import UTC, datetime

from airflow.providers.fab.auth_manager.models import (
    Permission,
    Resource,
    Role,
    User,
    assoc_group_role,
    assoc_permission_role,
    assoc_user_role,
)
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from airflow_dataops.adapters.airflow_access.roles import FabAccessRoles
from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings
from airflow_dataops.domain.release_environment import BaseKitchen, ReleaseEnvironment, VaultPlace
from airflow_dataops.domain.staff import Member
from airflow_dataops.domain.staff import Role as StaffRole

COOK, GUEST = "kitchen soup cook", "kitchen soup guest"


def environment(name="development", *, owner="eric", protected=False):
    return ReleaseEnvironment(
        name=name,
        project="retail",
        vault=VaultPlace(kind="hashicorp", url="http://127.0.0.1:1", mount=name),
        base_kitchen=BaseKitchen(name=f"{name}_base", branch=name),
        tools={},
        owner=owner,
        protected=protected,
    )


def kitchen(name="soup", *, environment="development", shared=True):
    return Kitchen(
        id=name,
        name=name,
        project="retail",
        environment=environment,
        branch=name,
        parent=None,
        created_at=datetime(2026, 3, 2, tzinfo=UTC),
        created_by="padma",
        settings=KitchenSettings(shared=shared),
    )


def staff(**roles):
    return [
        Member(who=who.replace("role_", "role:"), role=StaffRole(role))
        for who, role in roles.items()
    ]


def security_manager(session):
    from airflow.providers.fab.www.security_appless import ApplessAirflowSecurityManager

    return ApplessAirflowSecurityManager(session=session)


class Fab:
    """FAB's tables, as FAB's own security manager writes and reads them."""

    def __init__(self, engine):
        self._engine = engine
        self.environments = {e.name: e for e in (environment(),)}
        self.roles = FabAccessRoles(engine, environment_of=self.environments.__getitem__)

    def add_users(self, *names):
        with Session(self._engine) as session:
            for name in names:
                session.add(
                    User(
                        username=name,
                        email=f"{name}@example.com",
                        first_name=name,
                        last_name=name,
                        active=True,
                    )
                )
            session.commit()

    def add_role(self, name, *rights, users=()):
        with Session(self._engine) as session:
            manager = security_manager(session)
            role = manager.add_role(name)
            for action, what in rights:
                manager.add_permission_to_role(role, manager.create_permission(action, what))
            for user in session.scalars(select(User).where(User.username.in_(users))):
                user.roles.append(role)
            session.commit()

    def parse(self, dag_id, access_control):
        """What Airflow does with a DAG that it has read."""
        with Session(self._engine) as session:
            security_manager(session).sync_perm_for_dag(dag_id, access_control)

    def set_roles(self, user, *roles):
        """What a login does where the identity provider says which roles somebody has."""
        with Session(self._engine) as session:
            found = session.scalars(select(User).where(User.username == user)).one()
            found.roles = list(session.scalars(select(Role).where(Role.name.in_(roles))).unique())
            session.commit()

    def members(self):
        with Session(self._engine) as session:
            rows = session.execute(
                select(Role.name, User.username)
                .join(assoc_user_role, assoc_user_role.c.role_id == Role.id)
                .join(User, User.id == assoc_user_role.c.user_id)
            )
            found = {}
            for role, user in rows:
                found.setdefault(role, set()).add(user)
            return found

    def rights(self, role):
        with Session(self._engine) as session:
            found = security_manager(session).find_role(role)
            return {(right.action.name, right.resource.name) for right in found.permissions}

    def everything(self):
        """Every role with its rights and users, and every right there is."""
        with Session(self._engine) as session:
            roles = sorted(session.scalars(select(Role.name)))
            resources = set(session.scalars(select(Resource.name)))
        return {role: self.rights(role) for role in roles}, self.members(), resources


def empty(engine):
    """Leave no role, right or user behind."""
    with Session(engine) as session:
        for table in (assoc_user_role, assoc_group_role, assoc_permission_role):
            session.execute(delete(table))
        for model in (Permission, Resource, User, Role):
            session.execute(delete(model))
        session.commit()
