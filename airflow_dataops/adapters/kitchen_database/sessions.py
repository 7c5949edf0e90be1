"""One transaction of the login that makes kitchens, and what is asked and said in it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import make_conninfo
from psycopg.rows import scalar_row
from psycopg.sql import SQL, Composed, Identifier, Literal

from airflow_dataops.errors import OutsideSystemError, ToolUnreachable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    Connection = psycopg.Connection[Any]

NEEDS = (
    "the login in provision/ needs CREATEROLE and, on the database, CONNECT, TEMPORARY and CREATE "
    "WITH GRANT OPTION"
)
_CONNECT_TIMEOUT_SECONDS = 10
_LONGEST_WAIT_SECONDS = 60
_SESSION_END_MILLISECONDS = 5000
_ROLES_OBEY_THEIR_MAKER = 160000  # version of PostgreSQL
# Lost connections, serialisation failures, a full or stopping server, a lock that others hold.
_MAY_PASS_LATER = ("08", "40", "53", "55P03", "57P")


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenInDatabase:
    """What belongs to one kitchen in a database.

    Attributes:
        kitchen: its name.
        mark: comment on all that is its own; nothing without this is ever dropped.
    """

    kitchen: str
    mark: str
    role: str
    schema: str


@contextmanager
def working(login: Mapping[str, str | int], *, turn: str | None = None) -> Iterator[Connection]:
    """One transaction.

    Args:
        login: libpq's parameters.
        turn: none of those who name the same works at the same time.

    Raises:
        OutsideSystemError: the database refuses, or (ToolUnreachable) does not answer.
    """
    conninfo = make_conninfo("", **{"connect_timeout": _CONNECT_TIMEOUT_SECONDS, **login})
    with _told(login), psycopg.connect(conninfo) as connection:
        wait = SQL("set local lock_timeout = {}").format(Literal(f"{_LONGEST_WAIT_SECONDS}s"))
        connection.execute(wait)
        if turn is not None:
            lock = SQL("select pg_advisory_xact_lock(hashtextextended({}, 0))")
            connection.execute(lock.format(Literal(f"airflow_dataops {turn}")))
        yield connection


def scalar(connection: Connection, query: Composed) -> Any:
    """The first value of a query's first row; None where it finds none."""
    return connection.cursor(row_factory=scalar_row).execute(query).fetchone()


def is_role_ours(connection: Connection, own: KitchenInDatabase) -> bool:
    """Whether the kitchen's role is there, and is not somebody else's of the same name."""
    found = SQL("select shobj_description(oid, 'pg_authid') from pg_roles where rolname = {}")
    return bool(scalar(connection, found.format(Literal(own.role))) == own.mark)


def issued_logins(connection: Connection, role: str) -> list[str]:
    """Logins that the vault has issued with a role: they become that role in each session."""
    found = SQL(
        "select rolname::text from pg_roles where rolcanlogin and {} = any(rolconfig) and oid in"
        " (select member from pg_auth_members where roleid = {}::regrole) order by 1"
    ).format(Literal(f"role={role}"), Literal(Identifier(role).as_string()))
    return connection.cursor(row_factory=scalar_row).execute(found).fetchall()


def roles_obey_their_maker(connection: Connection) -> bool:
    """Whether a login may grant and drop only roles that it made, or was given; since 16."""
    return connection.info.server_version >= _ROLES_OBEY_THEIR_MAKER


def take_on(connection: Connection, role: str) -> bool:
    """Get a role's rights; whether that was possible."""
    try:
        with connection.transaction():
            connection.execute(SQL("grant {} to current_user").format(Identifier(role)))
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True


@contextmanager
def taken_on(connection: Connection, *roles: str) -> Iterator[None]:
    """Have the rights of these roles meanwhile; an error takes them back with the transaction."""
    listed = SQL(", ").join(map(Identifier, roles))
    connection.execute(SQL("grant {} to current_user").format(listed))
    yield
    connection.execute(SQL("revoke {} from current_user").format(listed))


def end_sessions(connection: Connection, roles: Sequence[str]) -> None:
    """End all sessions of these logins, whose rights we have; returns when they are over."""
    end = SQL(
        "select pg_terminate_backend(pid, {}) from pg_stat_activity"
        " where usename = any({}::text[]) and pid <> pg_backend_pid()"
    )
    connection.execute(end.format(Literal(_SESSION_END_MILLISECONDS), Literal(list(roles))))


@contextmanager
def _told(login: Mapping[str, str | int]) -> Iterator[None]:
    """Turn psycopg's errors into ours."""
    place = f"database {login.get('dbname')} on {login.get('host')}"
    try:
        yield
    except psycopg.errors.InsufficientPrivilege as error:
        message = f"{place}: {error.diag.message_primary}; {NEEDS}"
        raise OutsideSystemError(message) from error
    except psycopg.Error as error:
        said = error.diag.message_primary or str(error).partition("\n")[0]
        code = error.sqlstate or ("08" if isinstance(error, psycopg.OperationalError) else "")
        kind = ToolUnreachable if code.startswith(_MAY_PASS_LATER) else OutsideSystemError
        message = f"{place}: {said}"
        raise kind(message) from error
