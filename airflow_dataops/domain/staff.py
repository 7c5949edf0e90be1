"""Who works in a kitchen, and as what.

A person is named, or stands for everybody who has a role of Airflow's: ``role:analysts``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.errors import InvalidName, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

LONGEST_WHO = 250
_ROLE = "role:"
_WHO = re.compile(r"[\w.@+' -]+\Z")


class Role(StrEnum):
    """What somebody is in a kitchen; each may do what those before it may."""

    GUEST = "guest"
    COOK = "cook"
    HEAD = "head"

    @property
    def rank(self) -> int:
        """Higher may do more."""
        return _RANKS[self]


_RANKS = {role: rank for rank, role in enumerate(Role)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A user of Airflow, as the present request shows them.

    Attributes:
        roles: names of the roles that Airflow's auth manager gives them.
    """

    name: str
    roles: frozenset[str] = frozenset()

    def is_meant_by(self, who: str) -> bool:
        """Whether a name or a ``role:…`` stands for this person."""
        if who.startswith(_ROLE):
            return who.removeprefix(_ROLE) in self.roles
        return who == self.name

    def is_one_of(self, listed: Iterable[str]) -> bool:
        """Whether any of these names stands for this person."""
        return any(self.is_meant_by(who) for who in listed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person or a role of Airflow's on a kitchen's staff."""

    who: str
    role: Role

    @property
    def airflow_role(self) -> str | None:
        """The role of Airflow's that is meant; None where a person is."""
        return self.who.removeprefix(_ROLE) if self.who.startswith(_ROLE) else None


def check_who(who: str) -> str:
    """Give a name back if it can stand for a person or a role.

    Raises:
        InvalidName: it is empty, too long, or holds what no user name does.
    """
    name = who.removeprefix(_ROLE)
    if not _WHO.match(name) or name != name.strip() or len(who) > LONGEST_WHO:
        rule = "write a user's name or role:<name of an Airflow role>, at most 250 characters"
        raise InvalidName(who[:80], kind="member of staff", rule=rule)
    return who


def check_staff(staff: Iterable[Member]) -> None:
    """Refuse a staff that cannot be.

    Raises:
        InvalidName: a name can stand for nobody.
        InvalidRequest: somebody is on it twice.
    """
    known: set[str] = set()
    for member in staff:
        if check_who(member.who) in known:
            message = f"{member.who} is on the staff twice; give each one role"
            raise InvalidRequest(message, field="staff")
        known.add(member.who)


def role_of(person: Person, staff: Iterable[Member]) -> Role | None:
    """The highest role that a person has on a staff; None for who is not on it."""
    held = [member.role for member in staff if person.is_meant_by(member.who)]
    return max(held, key=lambda role: role.rank, default=None)
