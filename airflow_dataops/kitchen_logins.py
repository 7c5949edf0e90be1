"""Parts that span two systems: a login in a database, and the vault that keeps or issues it.

Adapters do not know each other, so they are put together here. After a half-done attempt both
sides are done again, so they end up as one.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from airflow_dataops.errors import KitchenExists

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.adapters.kitchen_database.roles import KitchenLogin
    from airflow_dataops.adapters.kitchen_database.sessions import KitchenInDatabase
    from airflow_dataops.adapters.vault import HashicorpVault
    from airflow_dataops.domain.kitchen import Kitchen

# A field of the secret that says whose it is; Airflow's connections have none of this name.
_MARK_FIELD = "dataops_kitchen"


class StoredCredential:
    """A kitchen's own login, kept in the vault; implements ``KitchenPart``.

    Args:
        login: whether the kitchen's role can log in.
        vault: of the environment.
        path: where the secret lies.
        fields: of the secret, but for the password.
        kitchen: whose it is.
    """

    def __init__(
        self,
        login: KitchenLogin,
        vault: HashicorpVault,
        path: str,
        *,
        fields: Mapping[str, str],
        kitchen: Kitchen,
    ) -> None:
        self._login = login
        self._vault = vault
        self._path = path
        self._fields = {**fields, _MARK_FIELD: kitchen.id}
        self._kitchen = kitchen

    def make(self) -> str:
        """A new password each time: nobody can say whether the one before reached both sides.

        Raises:
            KitchenExists: the vault has a secret there that is not this kitchen's.
        """
        known = self._vault.read(self._path)
        if known is not None and not self._is_ours(known):
            why = (
                f"the vault has a secret at {self._path} already that is not this kitchen's; "
                "choose another name, or remove it"
            )
            raise KitchenExists(self._kitchen.name, why)
        password = secrets.token_urlsafe(32)
        self._login.allow(password)
        self._vault.write(self._path, {**self._fields, "password": password})
        return "made" if known is None else "made anew"

    def unmake(self) -> str:
        """Forbid the login and destroy every version of the secret."""
        self._login.forbid()
        known = self._vault.read(self._path)
        if known is not None and not self._is_ours(known):
            return "is not this kitchen's, and stays"
        self._vault.destroy(self._path)
        return "was gone already" if known is None else "gone with all versions"

    def exists(self) -> bool:
        """Whether the secret is there, or the login still possible."""
        known = self._vault.read(self._path)
        left = self._vault.has_any_version(self._path) if known is None else self._is_ours(known)
        return left or self._login.is_allowed()

    def _is_ours(self, fields: Mapping[str, str]) -> bool:
        return fields.get(_MARK_FIELD) == self._kitchen.id


class IssuedLogins:
    """The vault's right to issue logins of a kitchen; implements ``KitchenPart``.

    Args:
        vault: of the environment.
        name: of the role in its database engine.
        database: the engine's name for the database.
        statements: gives the SQL that makes a login, and that removes one.
        own: whose they are; its mark is in the SQL.
    """

    def __init__(
        self,
        vault: HashicorpVault,
        name: str,
        *,
        database: str,
        statements: Callable[[], tuple[Sequence[str], Sequence[str]]],
        own: KitchenInDatabase,
    ) -> None:
        self._vault = vault
        self._name = name
        self._database = database
        self._statements = statements
        self._own = own

    def make(self) -> str:
        """Have the vault issue logins of this kitchen.

        Raises:
            KitchenExists: the vault has a role of this name that is not this kitchen's.
        """
        known = self._vault.creation_statements(self._name)
        if known is not None and not self._is_ours(known):
            why = f"the vault has a database role {self._name} already; remove it"
            raise KitchenExists(self._own.kitchen, why)
        creation, revocation = self._statements()
        self._vault.put_database_role(
            self._name, database=self._database, creation=creation, revocation=revocation
        )
        return "made" if known is None else "is there already"

    def unmake(self) -> str:
        """Have the vault issue no more, and take back all that it has issued."""
        known = self._vault.creation_statements(self._name)
        if known is not None and not self._is_ours(known):
            return "is not this kitchen's, and stays"
        # Also where it is gone: its deletion may have ended before the last logins were taken.
        self._vault.delete_database_role(self._name)
        return "was gone already" if known is None else "gone, with all logins that it issued"

    def exists(self) -> bool:
        """Whether the vault issues logins of this kitchen."""
        known = self._vault.creation_statements(self._name)
        return known is not None and self._is_ours(known)

    def _is_ours(self, creation: Sequence[str]) -> bool:
        return any(self._own.mark in statement for statement in creation)
