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
from airflow_dataops.domain import names
from airflow_dataops.errors import KitchenExists, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from psycopg.sql import Composed

    from airflow_dataops.adapters.kitchen_database.sessions import Connection, KitchenInDatabase


class KitchenSchema:
    """The schema of a kitchen that has a role of its own; implements ``KitchenPart``.

    Beside it there is a schema for tables that the kitchen's stages have not published yet.

    Args:
        login: libpq's parameters.
        own: names and mark.
    """

    def __init__(self, login: Mapping[str, str | int], own: KitchenInDatabase) -> None:
        self._login = login
        self._own = own

    def make(self) -> str:
        """A schema that belongs to the kitchen's role, and its pending one.

        Raises:
            KitchenExists: there is a schema of this name that is not this kitchen's.
            OutsideSystemError: the kitchen's role is missing, or the database refuses.
        """
        own = self._own
        with working(self._login, turn=own.schema) as connection:
            if not is_role_ours(connection, own):
                message = f"there is no role {own.role} of this kitchen that could own a schema"
                raise OutsideSystemError(message)
            missing = [s for s in _schemas(own) if not self._is_there(connection, s)]
            if not missing:
                return "is there already"
            with taken_on(connection, own.role):
                authorization = SQL(" authorization {}").format(Identifier(own.role))
                for schema in missing:
                    _create(connection, schema, own.mark, authorization)
            return "made"

    def unmake(self) -> str:
        """Drop the schemas with all they hold; sessions of the kitchen end."""
        own = self._own
        with working(self._login, turn=own.schema) as connection:
            owners = {schema: _owner(connection, schema) for schema in _schemas(own)}
            is_ours = is_role_ours(connection, own)
            ours = [s for s, owner in owners.items() if is_ours and owner == own.role]
            if ours:
                issued = issued_logins(connection, own.role)
                logins = [own.role, *(login for login in issued if take_on(connection, login))]
                with taken_on(connection, *logins):
                    end_sessions(connection, logins)
                    for schema in ours:
                        _drop(connection, schema)
            owner = owners[own.schema]
            if owner is not None and own.schema not in ours:
                return f"belongs to {owner}, not to this kitchen, and stays"
            return "gone with all it held" if ours else "was gone already"

    def exists(self) -> bool:
        """Whether this kitchen's schemas are there; not somebody else's of the same name."""
        with working(self._login) as connection:
            owners = {_owner(connection, schema) for schema in _schemas(self._own)}
            return self._own.role in owners and is_role_ours(connection, self._own)

    def _is_there(self, connection: Connection, schema: str) -> bool:
        own, owner = self._own, _owner(connection, schema)
        if owner not in {None, own.role}:
            why = (
                f"there is a schema {schema} already, which belongs to {owner}; choose "
                "another name, or drop that schema"
            )
            raise KitchenExists(own.kitchen, why)
        return owner is not None


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
        """A schema that the environment's own login can work in, and its pending one.

        Raises:
            OutsideSystemError: there is one that it cannot work in, or the database refuses.
        """
        with working(self._login, turn=self._own.schema) as connection:
            made = [self._make(connection, schema) for schema in _schemas(self._own)]
            return "made" if made[0] else "is there already and is kept as it is"

    def unmake(self) -> str:
        """Drop the schemas that were made with the kitchen."""
        name = self._own.schema
        with working(self._login, turn=name) as connection:
            owner = _owner(connection, name)
            ours = [schema for schema in _schemas(self._own) if self._is_ours(connection, schema)]
            for schema in ours:
                _drop(connection, schema)
            if owner is not None and name not in ours:
                return f"was there before the kitchen, belongs to {owner}, and stays"
            return "gone with all it held" if ours else "was gone already"

    def exists(self) -> bool:
        """Whether a schema that was made with the kitchen is there."""
        with working(self._login) as connection:
            return any(self._is_ours(connection, schema) for schema in _schemas(self._own))

    def _make(self, connection: Connection, schema: str) -> bool:
        user, owner = self._user, _owner(connection, schema)
        if owner is None:
            _create(connection, schema, self._own.mark, SQL("").format())
            grant = SQL("grant all on schema {} to {}")
            connection.execute(grant.format(Identifier(schema), Identifier(user)))
            return True
        allowed = SQL("select has_schema_privilege({}, {}, 'CREATE')")
        if not scalar(connection, allowed.format(Literal(user), Literal(schema))):
            message = (
                f"there is a schema {schema}, which belongs to {owner}, and {user} may not work "
                f"in it: grant all on schema {schema} to {user}"
            )
            raise OutsideSystemError(message)
        return False

    def _is_ours(self, connection: Connection, schema: str) -> bool:
        found = SQL(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = {}"
        )
        return bool(scalar(connection, found.format(Literal(schema))) == self._own.mark)


def _schemas(own: KitchenInDatabase) -> tuple[str, str]:
    return own.schema, names.pending_schema(own.schema)


def _owner(connection: Connection, schema: str) -> str | None:
    found = SQL("select pg_get_userbyid(nspowner)::text from pg_namespace where nspname = {}")
    owner: str | None = scalar(connection, found.format(Literal(schema)))
    return owner


def _create(connection: Connection, schema: str, mark: str, owner: Composed) -> None:
    name = Identifier(schema)
    connection.execute(SQL("create schema {}{}").format(name, owner))
    connection.execute(SQL("comment on schema {} is {}").format(name, Literal(mark)))


def _drop(connection: Connection, schema: str) -> None:
    connection.execute(SQL("drop schema {} cascade").format(Identifier(schema)))
