"""The schema of a kitchen, and that of a base kitchen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.kitchen_database.sessions import (
    end_sessions,
    is_role_ours,
    issued_logins,
    scalar,
    take_on,
    taken_on,
    working,
)
from airflow_dataops.errors import KitchenExists, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.sql import Composed

    from airflow_dataops.adapters.kitchen_database.sessions import Connection, KitchenInDatabase


class KitchenSchema:
    """The schema of a kitchen that has a role of its own; implements ``KitchenPart``.

    Args:
        login: libpq's parameters.
        own: names and mark.
    """

    def __init__(self, login: Mapping[str, str | int], own: KitchenInDatabase) -> None:
        self._login = login
        self._own = own

    def make(self) -> str:
        """A schema that belongs to the kitchen's role.

        Raises:
            KitchenExists: there is a schema of this name that is not this kitchen's.
            OutsideSystemError: the kitchen's role is missing, or the database refuses.
        """
        own = self._own
        with working(self._login, turn=own.schema) as connection:
            if not is_role_ours(connection, own):
                message = f"there is no role {own.role} of this kitchen that could own a schema"
                raise OutsideSystemError(message)
            owner = _owner(connection, own.schema)
            if owner == own.role:
                return "is there already"
            if owner is not None:
                why = (
                    f"there is a schema {own.schema} already, which belongs to {owner}; choose "
                    "another name, or drop that schema"
                )
                raise KitchenExists(own.kitchen, why)
            with taken_on(connection, own.role):
                _create(connection, own, SQL(" authorization {}").format(Identifier(own.role)))
            return "made"

    def unmake(self) -> str:
        """Drop the schema with all it holds; sessions of the kitchen end."""
        own = self._own
        with working(self._login, turn=own.schema) as connection:
            owner = _owner(connection, own.schema)
            if owner is None:
                return "was gone already"
            if owner != own.role or not is_role_ours(connection, own):
                return f"belongs to {owner}, not to this kitchen, and stays"
            issued = issued_logins(connection, own.role)
            logins = [own.role, *(login for login in issued if take_on(connection, login))]
            with taken_on(connection, *logins):
                end_sessions(connection, logins)
                _drop(connection, own.schema)
            return "gone with all it held"

    def exists(self) -> bool:
        """Whether this kitchen's schema is there; not somebody else's of the same name."""
        with working(self._login) as connection:
            owner = _owner(connection, self._own.schema)
            return owner == self._own.role and is_role_ours(connection, self._own)


class BaseSchema:
    """The schema of a base kitchen; implements ``KitchenPart``. One that was there stays.

    Args:
        login: libpq's parameters.
        own: names and mark; its role is not used.
        user: login that the environment's base kitchen works under.
    """

    def __init__(
        self, login: Mapping[str, str | int], own: KitchenInDatabase, *, user: str
    ) -> None:
        self._login = login
        self._own = own
        self._user = user

    def make(self) -> str:
        """A schema that the environment's own login can work in.

        Raises:
            OutsideSystemError: there is one that it cannot work in, or the database refuses.
        """
        name, user = self._own.schema, self._user
        with working(self._login, turn=name) as connection:
            owner = _owner(connection, name)
            if owner is None:
                _create(connection, self._own, SQL("").format())
                grant = SQL("grant all on schema {} to {}")
                connection.execute(grant.format(Identifier(name), Identifier(user)))
                return "made"
            allowed = SQL("select has_schema_privilege({}, {}, 'CREATE')")
            if not scalar(connection, allowed.format(Literal(user), Literal(name))):
                message = (
                    f"there is a schema {name}, which belongs to {owner}, and {user} may not work "
                    f"in it: grant all on schema {name} to {user}"
                )
                raise OutsideSystemError(message)
            return "is there already and is kept as it is"

    def unmake(self) -> str:
        """Drop the schema if it was made with the kitchen."""
        name = self._own.schema
        with working(self._login, turn=name) as connection:
            owner = _owner(connection, name)
            if owner is None:
                return "was gone already"
            if not self._is_ours(connection):
                return f"was there before the kitchen, belongs to {owner}, and stays"
            _drop(connection, name)
            return "gone with all it held"

    def exists(self) -> bool:
        """Whether the schema that was made with the kitchen is there."""
        with working(self._login) as connection:
            return self._is_ours(connection)

    def _is_ours(self, connection: Connection) -> bool:
        found = SQL(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = {}"
        )
        mark = scalar(connection, found.format(Literal(self._own.schema)))
        return bool(mark == self._own.mark)


def _owner(connection: Connection, schema: str) -> str | None:
    found = SQL("select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = {}")
    owner: str | None = scalar(connection, found.format(Literal(schema)))
    return owner


def _create(connection: Connection, own: KitchenInDatabase, owner: Composed) -> None:
    schema = Identifier(own.schema)
    connection.execute(SQL("create schema {}{}").format(schema, owner))
    connection.execute(SQL("comment on schema {} is {}").format(schema, Literal(own.mark)))


def _drop(connection: Connection, schema: str) -> None:
    connection.execute(SQL("drop schema {} cascade").format(Identifier(schema)))
