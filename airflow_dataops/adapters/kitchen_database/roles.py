"""The role that owns a kitchen's schema, and the logins that become it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from psycopg.sql import SQL, Identifier, Literal

from airflow_dataops.adapters.kitchen_database.sessions import (
    NEEDS,
    end_sessions,
    is_role_ours,
    issued_logins,
    roles_obey_their_maker,
    scalar,
    take_on,
    working,
)
from airflow_dataops.errors import KitchenExists, OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.adapters.kitchen_database.sessions import Connection, KitchenInDatabase

# Rights on a database are one row of a catalog: two who grant at once would fail each other.
_RIGHTS = "rights on the database"


class KitchenRole:
    """The role that owns a kitchen's schema; implements ``KitchenPart``.

    Args:
        login: libpq's parameters.
        own: names and mark.
        issuer: login of the vault's database engine, where that makes the kitchen's logins.
    """

    def __init__(
        self, login: Mapping[str, str | int], own: KitchenInDatabase, *, issuer: str | None = None
    ) -> None:
        self._login = login
        self._own = own
        self._issuer = issuer

    def make(self) -> str:
        """A role that may connect and nothing else.

        Raises:
            KitchenExists: there is a role of this name that is not this kitchen's.
            OutsideSystemError: the database refuses.
        """
        own, role = self._own, Identifier(self._own.role)
        with working(self._login, turn=_RIGHTS) as connection:
            is_there = _refuse_others(connection, own)
            if not is_there:
                connection.execute(SQL("create role {} nologin").format(role))
                comment = SQL("comment on role {} is {}")
                connection.execute(comment.format(role, Literal(own.mark)))
            path = SQL("alter role {} set search_path = {}")
            connection.execute(path.format(role, Identifier(own.schema)))
            _let_connect(connection, own.role)
            if self._issuer is not None:
                _let_issue(connection, own.role, self._issuer)
            found = "is there already" if is_there else "made"
            return found + _warning_of_public(connection, own.role)

    def unmake(self) -> str:
        """Drop the role, the logins that were issued with it, and all that they own."""
        own = self._own
        with working(self._login, turn=_RIGHTS) as connection:
            if not is_role_ours(connection, own):
                is_there = _is_there(connection, own.role)
                return "is not this kitchen's, and stays" if is_there else "was gone already"
            issued = issued_logins(connection, own.role)
            ours = [login for login in [*issued, own.role] if take_on(connection, login)]
            end_sessions(connection, ours)
            listed = SQL(", ").join(map(Identifier, ours))
            connection.execute(SQL("drop owned by {} cascade").format(listed))
            connection.execute(SQL("drop role {}").format(listed))
        if not issued:
            return "gone"
        left = len(issued) + 1 - len(ours)
        others = f"; {left} of another maker are left without any right" if left else ""
        return f"gone, with {len(ours) - 1} logins that were issued{others}"

    def exists(self) -> bool:
        """Whether this kitchen's role is there; not somebody else's of the same name."""
        with working(self._login) as connection:
            return is_role_ours(connection, self._own)


class KitchenLogin:
    """Whether a kitchen's role can log in itself, and with which password."""

    def __init__(self, login: Mapping[str, str | int], own: KitchenInDatabase) -> None:
        self._login = login
        self._own = own

    def allow(self, password: str) -> None:
        """Let the role log in with this password alone; the database never sees it in clear.

        Raises:
            OutsideSystemError: the kitchen's role is missing, or the database refuses.
        """
        role = self._own.role
        with working(self._login, turn=_RIGHTS) as connection:
            if not is_role_ours(connection, self._own):
                message = f"there is no role {role} of this kitchen that could log in"
                raise OutsideSystemError(message)
            verifier = connection.pgconn.encrypt_password(
                password.encode(), role.encode(), b"scram-sha-256"
            ).decode()
            allow = SQL("alter role {} login password {}")
            connection.execute(allow.format(Identifier(role), Literal(verifier)))

    def forbid(self) -> None:
        """Let the role log in no more; sessions that are open end when it goes."""
        with working(self._login, turn=_RIGHTS) as connection:
            if is_role_ours(connection, self._own):
                forbid = SQL("alter role {} nologin password null")
                connection.execute(forbid.format(Identifier(self._own.role)))

    def is_allowed(self) -> bool:
        """Whether this kitchen's role can log in."""
        can = SQL("select rolcanlogin from pg_roles where rolname = {}")
        with working(self._login) as connection:
            is_ours = is_role_ours(connection, self._own)
            return is_ours and bool(scalar(connection, can.format(Literal(self._own.role))))


def issuing_statements(
    login: Mapping[str, str | int], own: KitchenInDatabase, *, issuer: str
) -> tuple[list[str], list[str]]:
    """SQL with which a vault's database engine makes a login of a kitchen, and removes it.

    Args:
        login: libpq's parameters of the login that unmakes kitchens.
        own: names and mark; the first statement carries the mark.
        issuer: the engine's own login.
    """
    role, schema = Identifier(own.role).as_string(), Identifier(own.schema).as_string()
    create = "create role \"{{name}}\" login password '{{password}}' valid until '{{expiration}}'"
    creation = [
        f"/* {own.mark} */ {create} in role {role}",
        # Tables belong to the kitchen's role, so they stay when the login goes.
        f'alter role "{{{{name}}}}" set role {role}',
        f'alter role "{{{{name}}}}" set search_path = {schema}',
    ]
    with working(login) as connection:
        maker = str(scalar(connection, SQL("select current_user::text").format()))
        if maker != issuer and roles_obey_their_maker(connection):
            # Whoever unmakes the kitchen has to be let in.
            granted, rights = Identifier(maker).as_string(), "admin true, inherit false, set false"
            creation.append(f'grant "{{{{name}}}}" to {granted} with {rights}')
    removal = [
        "do $dataops$ begin if exists (select from pg_roles where rolname = '{{name}}') then",
        'grant "{{name}}" to current_user;',
        "perform pg_terminate_backend(pid) from pg_stat_activity where usename = '{{name}}';",
        f'reassign owned by "{{{{name}}}}" to {role};',
        'drop owned by "{{name}}"; drop role "{{name}}";',
        # In capitals: by this word alone the engine tells a block from statements to be cut apart.
        "end if; END $dataops$",
    ]
    return creation, [" ".join(removal)]


def _refuse_others(connection: Connection, own: KitchenInDatabase) -> bool:
    """Whether the kitchen's role is there; raises where it is somebody else's."""
    if is_role_ours(connection, own):
        return True
    if _is_there(connection, own.role):
        why = (
            f"there is a database role {own.role} already, which is not this kitchen's; choose "
            "another name, or drop that role"
        )
        raise KitchenExists(own.kitchen, why)
    return False


def _is_there(connection: Connection, role: str) -> bool:
    found = SQL("select true from pg_roles where rolname = {}")
    return bool(scalar(connection, found.format(Literal(role))))


def _let_connect(connection: Connection, role: str) -> None:
    database = connection.info.dbname
    grant = SQL("grant connect, temporary on database {} to {}")
    connection.execute(grant.format(Identifier(database), Identifier(role)))
    # Who may not grant is warned and not refused.
    allowed = SQL("select has_database_privilege({}, {}, 'CONNECT')")
    if not scalar(connection, allowed.format(Literal(role), Literal(database))):
        message = f"role {role} could not be let into database {database}: {NEEDS}"
        raise OutsideSystemError(message)


def _let_issue(connection: Connection, role: str, issuer: str) -> None:
    """Let the vault's login make members of a role, without being one where that is possible."""
    if connection.info.user == issuer:
        return
    is_fine = roles_obey_their_maker(connection)
    rights = SQL("admin true, inherit false, set false") if is_fine else SQL("admin option")
    grant = SQL("grant {} to {} with {}")
    connection.execute(grant.format(Identifier(role), Identifier(issuer), rights))


def _warning_of_public(connection: Connection, role: str) -> str:
    allowed = SQL(
        "select has_schema_privilege({}, oid, 'CREATE') from pg_namespace where nspname = 'public'"
    )
    if scalar(connection, allowed.format(Literal(role))):
        return "; it may make tables in schema public: revoke create on schema public from public"
    return ""
