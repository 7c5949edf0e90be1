"""A kitchen's two roles of FAB, kept in step with its staff."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.adapters.airflow_access import preparation, rights
from airflow_dataops.adapters.airflow_access.tables import RoleTables
from airflow_dataops.domain import access, names
from airflow_dataops.domain.access import DagAccess
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from sqlalchemy import Engine

    from airflow_dataops.adapters.airflow_access.preparation import Finding
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Member

log = logging.getLogger(__name__)

AccessControl = dict[str, dict[str, set[str]]]
_T = TypeVar("_T")


class FabAccessRoles:
    """Implements the port ``AccessRoles``, and says what a kitchen's DAGs are to grant."""

    def __init__(
        self, engine: Engine, *, environment_of: Callable[[str], ReleaseEnvironment]
    ) -> None:
        """Work on a database.

        Args:
            engine: Airflow's metadata database.
            environment_of: gives a release environment by its name.
        """
        self._sessions = sessionmaker(engine)
        self._environment_of = environment_of

    def put(self, kitchen: Kitchen, staff: Sequence[Member]) -> str:
        """Make the kitchen's roles, with exactly this staff in them; says what there is."""
        environment = self._environment_of(kitchen.environment)
        wanted = access.people(kitchen, staff, environment)
        grants = access.grants(kitchen, staff, environment)

        def write(tables: RoleTables) -> set[str]:
            preparation.put_kitchens_roles(tables, kitchen)
            # Those who are meant by a role have their rights from the DAGs themselves.
            control = _control(tables, grants, of=kitchen.name, ours=_roles(kitchen))
            tables.grant(control, namespace=_namespace(kitchen))
            return tables.put_people(wanted)

        unknown = self._write(write)
        counts = ", ".join(f"{len(who)} in {role!r}" for role, who in sorted(wanted.items()))
        waiting = f"; not yet users of Airflow: {', '.join(sorted(unknown))}" if unknown else ""
        return counts + waiting

    def remove(self, kitchen: Kitchen) -> None:
        """Remove the kitchen's roles and all rights on its DAGs; gone already is no error."""
        self._write(lambda tables: tables.remove(_roles(kitchen), namespace=_namespace(kitchen)))

    def exist(self, kitchen: Kitchen) -> bool:
        """Whether any of the kitchen's roles, or of the rights on its DAGs, is there."""
        with self._sessions() as session:
            tables = RoleTables(session)
            has_roles = bool(tables.existing(_roles(kitchen)))
            return has_roles or tables.has_rights_in(_namespace(kitchen))

    def reconcile(self, staffed: Iterable[tuple[Kitchen, Sequence[Member]]]) -> list[str]:
        """Put people into the roles of kitchens that they are on the staff of, and others out.

        For users who came to Airflow after they were staffed, and for those whose roles an
        identity provider set anew when they logged in. Two reads where all is in order. A role
        that is not there stays away: its kitchen may be on its way out.

        Returns:
            Names of the roles that were not as they should be.
        """
        wanted: dict[str, frozenset[str]] = {}
        for kitchen, staff in staffed:
            environment = self._environment_of(kitchen.environment)
            wanted |= access.people(kitchen, staff, environment)
            wanted |= access.platform_people(environment)
        with self._sessions() as session:
            tables = RoleTables(session)
            present = tables.people(wanted)
            known = tables.users({name for people in wanted.values() for name in people}).keys()
        astray = {
            role: wanted[role] for role, people in present.items() if people != wanted[role] & known
        }
        if astray:
            self._write(lambda tables: tables.put_people(astray))
        return sorted(astray)

    def access_control(self, kitchen: Kitchen, staff: Iterable[Member]) -> AccessControl:
        """``access_control`` of the kitchen's DAGs, as FAB reads it."""
        environment = self._environment_of(kitchen.environment)
        grants = access.grants(kitchen, staff, environment)
        with self._sessions() as session:
            return _control(RoleTables(session), grants, of=kitchen.name, ours=_roles(kitchen))

    def platform_access_control(self, environment: str) -> AccessControl:
        """``access_control`` of the DAGs that make and unmake an environment's kitchens."""
        grants = access.platform_grants(self._environment_of(environment))
        with self._sessions() as session:
            return _control(RoleTables(session), grants, of=names.PLATFORM)

    def prepare(
        self,
        environments: Iterable[ReleaseEnvironment],
        staffed: Iterable[tuple[Kitchen, Sequence[Member]]],
        *,
        dry_run: bool,
    ) -> list[Finding]:
        """Make all roles that kitchens need; say who sees more than kitchens show.

        Args:
            environments: all that are declared.
            staffed: all living kitchens, with their staff.
            dry_run: change nothing.
        """

        def write(tables: RoleTables) -> list[Finding]:
            found = preparation.put_our_roles(tables, environments)
            for kitchen, staff in staffed:
                found += preparation.put_kitchens_roles(tables, kitchen)
                environment = self._environment_of(kitchen.environment)
                tables.put_people(access.people(kitchen, staff, environment))
            return [*found, *preparation.who_sees_every_dag(tables)]

        return self._write(write, keep=not dry_run)

    def _write(self, work: Callable[[RoleTables], _T], *, keep: bool = True) -> _T:
        try:
            try:
                return self._write_once(work, keep=keep)
            except IntegrityError:
                # Another process made the same role or right meanwhile: now it is found.
                return self._write_once(work, keep=keep)
        except DBAPIError as error:
            reason = str(error.orig).partition("\n")[0]
            message = f"Airflow's roles could not be changed: {reason}; ask again"
            raise OutsideSystemError(message) from error

    def _write_once(self, work: Callable[[RoleTables], _T], *, keep: bool) -> _T:
        with self._sessions() as session:
            done = work(RoleTables(session))
            if keep:
                session.commit()
            return done


def _control(
    tables: RoleTables, grants: Mapping[str, DagAccess], *, of: str, ours: Sequence[str] = ()
) -> AccessControl:
    """Leave out roles that are not there: FAB refuses every DAG of a file that names one."""
    wanted = grants.keys() - rights.NEVER_GRANTED
    there = tables.existing(wanted)
    if missing := sorted(wanted - there):
        log.warning(
            "the DAGs of %s are not shown to roles that Airflow does not have: %s; make them "
            "(`airflow dataops setup-roles` makes ours), then refresh the kitchen",
            of,
            ", ".join(missing),
        )
    return {role: _on_a_dag(grants[role], is_ours=role in ours) for role in sorted(there)}


def _on_a_dag(level: DagAccess, *, is_ours: bool) -> dict[str, set[str]]:
    # Our own roles may work with the runs of whatever they may change. One right less on each DAG
    # is one row less that FAB reads with each of their people.
    if level is DagAccess.LOOK or is_ours:
        return rights.ON_A_DAG[level]
    return rights.ON_A_DAG[level] | rights.ON_ITS_RUNS


def _namespace(kitchen: Kitchen) -> str:
    return names.dag_id(kitchen.name, "")


def _roles(kitchen: Kitchen) -> list[str]:
    return [access.role_of(kitchen, level) for level in DagAccess]
