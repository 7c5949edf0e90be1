"""One person's request: what they see, and what they may do.

A kitchen that they may not see is answered for like one that does not exist, in every route: its
name, too, belongs to its staff alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from airflow_dataops.domain import names, permissions
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.staff import role_of
from airflow_dataops.errors import EnvironmentNotFound
from airflow_dataops.services.kitchens import Occasion
from airflow_dataops.web.auth import AskingPerson

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Member, Person
    from airflow_dataops.services.kitchens import Places
    from airflow_dataops.web.installation import Installation


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A kitchen as one person sees it.

    Attributes:
        role: what they are there: ``owner`` of its environment, a role on its staff, or nothing.
        parent: None also where they may not see it.
        staff: everybody who works there.
    """

    kitchen: Kitchen
    role: str | None
    parent: str | None
    staff: tuple[Member, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A person before an installation, now.

    Attributes:
        source: where they ask from, for the audit trail.
    """

    person: Person
    installation: Installation
    now: datetime
    source: str

    def occasion(self, reason: str | None = None) -> Occasion:
        """Who does something, when, why, and from where."""
        return Occasion(by=self.person.name, now=self.now, source=self.source, reason=reason)

    def places(self, kitchen: Kitchen) -> Places:
        """Where a kitchen's parts are."""
        return self.installation.places(kitchen.project)

    def environment(self, kitchen: Kitchen) -> ReleaseEnvironment:
        """The environment of a kitchen.

        Raises:
            EnvironmentNotFound: the environments file does not declare it any more.
        """
        return self.installation.projects.environment(kitchen.environment)

    def kitchen(self, name: str, action: Action) -> Kitchen:
        """A living kitchen to which the person may do this.

        Raises:
            InvalidName: no kitchen can be named so.
            KitchenNotFound: there is none that they may know of.
            NotAllowed: they may see it, and not do this.
        """
        found = self.installation.registry.kitchen(names.check_kitchen_name(name))
        self.check(action, found)
        return found

    def seen(self, name: str) -> Seen:
        """A living kitchen that the person may see, as they see it.

        Raises:
            InvalidName: no kitchen can be named so.
            KitchenNotFound: there is none that they may know of.
        """
        found = self.installation.registry.kitchen(names.check_kitchen_name(name))
        staff = self.installation.registry.staff(found)
        self._check(Action.SEE, found, staff)
        return self._with_parent(found, staff)

    def check(self, action: Action, kitchen: Kitchen) -> None:
        """Let an action pass, or say who could do it; see ``domain.permissions``."""
        self._check(action, kitchen, self.installation.registry.staff(kitchen))

    def visible(self) -> list[Seen]:
        """The living kitchens that the person may see, by name."""
        living = self.installation.registry.kitchens()
        staffs = self.installation.registry.staffs(living)
        seen = [kitchen for kitchen in living if self._sees(kitchen, staffs.get(kitchen.id, []))]
        known = {kitchen.name for kitchen in seen}
        return [self._as_seen(kitchen, staffs.get(kitchen.id, []), known) for kitchen in seen]

    def as_seen(self, kitchen: Kitchen) -> Seen:
        """One kitchen that the person may see, as they see it."""
        return self._with_parent(kitchen, self.installation.registry.staff(kitchen))

    def names_seen(self, asked: Iterable[str]) -> set[str]:
        """Those of these names that are living kitchens which the person may see."""
        wanted = set(asked)
        registry = self.installation.registry
        living = registry.named(wanted) if wanted else []
        staffs = registry.staffs(living)
        return {k.name for k in living if self._sees(k, staffs.get(k.id, []))}

    def role_in(self, kitchen: Kitchen, staff: Sequence[Member]) -> str | None:
        """What the person is in a kitchen; None in one whose environment is not declared."""
        try:
            environment = self.environment(kitchen)
        except EnvironmentNotFound:
            return None
        if permissions.is_owner(self.person, environment):
            return "owner"
        return role_of(self.person, staff)

    def _check(self, action: Action, kitchen: Kitchen, staff: Sequence[Member]) -> None:
        environment = self.environment(kitchen)
        permissions.check(
            action, self.person, kitchen=kitchen, staff=staff, environment=environment
        )

    def _with_parent(self, kitchen: Kitchen, staff: Sequence[Member]) -> Seen:
        known = self.names_seen([kitchen.parent] if kitchen.parent else [])
        return self._as_seen(kitchen, staff, known)

    def _sees(self, kitchen: Kitchen, staff: Sequence[Member]) -> bool:
        try:
            environment = self.environment(kitchen)
        except EnvironmentNotFound:
            return False
        return not permissions.objection(
            Action.SEE, self.person, kitchen=kitchen, staff=staff, environment=environment
        )

    def _as_seen(self, kitchen: Kitchen, staff: Sequence[Member], known: set[str]) -> Seen:
        parent = kitchen.parent if kitchen.parent in known else None
        return Seen(
            kitchen=kitchen,
            role=self.role_in(kitchen, staff),
            parent=parent,
            staff=tuple(staff),
        )


def installation_of(request: Request) -> Installation:
    """The installation that the app was made for, as it is now."""
    return cast("Installation", request.app.state.open_installation())


def source_of(request: Request) -> str:
    """Where a request comes from, as the web server knows it."""
    return f"api {request.client.host if request.client else 'of an unknown address'}"


def visit(request: Request, person: AskingPerson) -> Visit:
    """The present request of a person."""
    return Visit(
        person=person,
        installation=installation_of(request),
        now=datetime.now(tz=UTC),
        source=source_of(request),
    )


PresentVisit = Annotated[Visit, Depends(visit)]
