"""Logins that a vault issues on demand: to one try of a task, or to a person of the staff.

Each is written down with its lease, so that somebody can always take it back: the API server
that hears of a try's end, or else the janitor. What nobody takes back ends by itself.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.leases import Lease
from airflow_dataops.domain.tool_address import address_of
from airflow_dataops.errors import (
    ConfigurationError,
    CredentialRefused,
    InvalidRequest,
    KitchenBusy,
    NotAllowed,
    OutsideSystemError,
)

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.issued_login import IssuedLogin
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, Tool
    from airflow_dataops.domain.tool_address import ToolAddress
    from airflow_dataops.ports import AuditTrail, Leases, LoginIssuer, SecretStore

SHORTEST_TTL_SECONDS = 300
LONGEST_TTL_SECONDS = 24 * 3600
# A vault counts whole seconds, from its own clock.
_SHORTFALL_SECONDS = 5
# A vault that does not answer is asked no further; it takes seconds each time.
_MOST_FAILURES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginPlaces:
    """What logins of one environment need.

    Attributes:
        secrets: say where the tools are.
        issuer: issues logins there, and takes them back.
    """

    environment: ReleaseEnvironment
    secrets: SecretStore
    issuer: LoginIssuer
    leases: Leases
    audit_trail: AuditTrail


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsRequest:
    """A login that a person asks for.

    Attributes:
        source: where it was asked, as in the audit trail.
    """

    kitchen: Kitchen
    tool: str
    ttl_seconds: int
    by: str
    source: str
    reason: str | None = None
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsLogin:
    """A person's login and where it leads; given once and kept nowhere.

    Attributes:
        schema: the kitchen's, in which its sessions start; None where the tool has none.
    """

    kitchen: str
    tool: str
    conn_type: str
    host: str | None
    port: int | None
    database: str | None
    schema: str | None
    login: str
    password: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class _Holder:
    kitchen_id: str
    kitchen: str
    tool: str
    task_instance: str | None = None
    person: str | None = None


def is_issued(tool: Tool, kitchen: str, environment: ReleaseEnvironment) -> bool:
    """Whether the vault issues a kitchen's logins of a tool; a base kitchen has the shared one."""
    return tool.dynamic and kitchen != environment.base_kitchen.name


def issue(asked: PersonsRequest, places: LoginPlaces) -> PersonsLogin:
    """A login of a kitchen's tool for a person who may have one.

    Whether they may is for the caller to check (``domain.permissions``).

    Raises:
        InvalidRequest: the time, or a tool without logins of its own.
        UnknownTool: the environment declares no such tool.
        NotAllowed: the environment is protected, and gives no login to people.
        KitchenBusy: the kitchen is being created or deleted.
        ConfigurationError: the vault's own logins do not last as long.
        VaultUnavailable: the vault does not answer, or refuses.
    """
    kitchen, tool = asked.kitchen, _check(asked, places.environment)
    address = _address(kitchen.name, tool.name, places)
    holder = _Holder(kitchen_id=kitchen.id, kitchen=kitchen.name, tool=tool.name, person=asked.by)
    login, lease = _issue(holder, asked.ttl_seconds, asked.now, places)
    try:
        places.audit_trail.add(_entry(asked, lease))
    except BaseException:
        _take_back_at_once(lease.lease_id, places)
        raise
    return PersonsLogin(
        kitchen=kitchen.name,
        tool=tool.name,
        conn_type=address.conn_type,
        host=address.host,
        port=address.port,
        database=address.database,
        schema=kitchen.schema if tool.schema_per_kitchen else None,
        login=login.username,
        password=login.password,
        ends_at=lease.expires_at,
    )


def issue_to_try(
    task: KitchenTask,
    task_instance: str,
    tool: str,
    *,
    seconds: int,
    now: datetime,
    places: LoginPlaces,
) -> IssuedLogin:
    """A login of a tool for one try of a kitchen's task.

    Raises:
        CredentialRefused: the try is over.
        ConfigurationError: the vault's own logins do not last as long.
        VaultUnavailable: the vault does not answer, or refuses.
    """
    if task.state != "running":
        # Nobody would take it back: the end of this try was heard of already.
        message = f"its try is not running but {task.state}, and gets no login of {tool} any more"
        raise CredentialRefused(message)
    holder = _Holder(
        kitchen_id=task.kitchen_id, kitchen=task.kitchen, tool=tool, task_instance=task_instance
    )
    login, _ = _issue(holder, seconds, now, places)
    return login


def take_back(lease: Lease, places: LoginPlaces) -> None:
    """End a login now; ended already is no error.

    Raises:
        VaultUnavailable: the vault does not answer, or refuses; the lease stays written down.
    """
    places.issuer.revoke_lease(lease.lease_id)
    places.leases.remove(lease.lease_id)


def sweep(now: datetime, places: LoginPlaces) -> int:
    """Take back the logins of an environment that nobody may use any more; gives their number.

    Raises:
        OutsideSystemError: some could not be taken back; the next sweep tries them again.
    """
    done, failures = 0, []
    for lease in places.leases.over(places.environment.name, now=now):
        try:
            take_back(lease, places)
            done += 1
        except OutsideSystemError as error:
            if lease.issued_at + timedelta(seconds=LONGEST_TTL_SECONDS) < now:
                # No login lasts longer: it ended by itself, and the vault has forgotten it.
                places.leases.remove(lease.lease_id)
                continue
            failures.append(str(error))
            if len(failures) == _MOST_FAILURES:
                break
    if failures:
        message = (
            f"{len(failures)} logins of environment {places.environment.name} that are over could "
            f"not be taken back, {done} were: {failures[0]}"
        )
        raise OutsideSystemError(message)
    return done


def _check(asked: PersonsRequest, environment: ReleaseEnvironment) -> Tool:
    name, tool = asked.kitchen.name, environment.tool(asked.tool)
    seconds = asked.ttl_seconds
    if not SHORTEST_TTL_SECONDS <= seconds <= LONGEST_TTL_SECONDS:
        message = (
            f"a login cannot last {seconds} seconds; ask for {SHORTEST_TTL_SECONDS} to "
            f"{LONGEST_TTL_SECONDS}, five minutes to a day"
        )
        raise InvalidRequest(message, field="ttl_seconds")
    if environment.protected:
        why = f"environment {environment.name!r} is protected and gives no login to people"
        raise NotAllowed(asked.by, f"get a login of kitchen {name!r}", why)
    if not is_issued(tool, name, environment):
        issued = [t.name for t in environment.tools.values() if is_issued(t, name, environment)]
        message = (
            f"kitchen {name!r} has no login of its own for {tool.name}; the vault of "
            f"{environment.name} issues it logins for: {', '.join(sorted(issued)) or 'no tool'}"
        )
        raise InvalidRequest(message, field="tool")
    if asked.kitchen.state is not KitchenState.READY:
        raise KitchenBusy(name, asked.kitchen.state, "its logins are given when it is ready")
    return tool


def _issue(
    holder: _Holder, seconds: int, now: datetime, places: LoginPlaces
) -> tuple[IssuedLogin, Lease]:
    role = names.vault_role(places.environment.name, holder.kitchen, holder.tool)
    login = places.issuer.issue_login(role, seconds)
    lease = Lease(
        lease_id=login.lease_id,
        environment=places.environment.name,
        kitchen_id=holder.kitchen_id,
        tool=holder.tool,
        task_instance=holder.task_instance,
        person=holder.person,
        issued_at=now,
        expires_at=now + timedelta(seconds=login.seconds),
    )
    try:
        _check_duration(login, seconds, places.environment)
        places.leases.add(lease)
    except BaseException:
        _take_back_at_once(login.lease_id, places)
        raise
    return login, lease


def _check_duration(login: IssuedLogin, seconds: int, environment: ReleaseEnvironment) -> None:
    # It would end under the hands of whoever works with it.
    if login.seconds < seconds - _SHORTFALL_SECONDS:
        message = (
            f"the vault of {environment.name} issues logins for {login.seconds} seconds at most, "
            f"and {seconds} were asked for: they end with the token they are issued under. Raise "
            f"token_ttl (and token_max_ttl) of its AppRole above {seconds + 60} seconds, or ask "
            "for less (for tasks: [dataops] dynamic_login_seconds)"
        )
        raise ConfigurationError(message)


def _take_back_at_once(lease_id: str, places: LoginPlaces) -> None:
    # What cannot be taken back ends by itself; the caller's own error says more.
    with suppress(OutsideSystemError):
        places.issuer.revoke_lease(lease_id)


def _entry(asked: PersonsRequest, lease: Lease) -> AuditEntry:
    return AuditEntry(
        at=asked.now,
        by=asked.by,
        source=asked.source,
        action="get a login",
        project=asked.kitchen.project,
        environment=asked.kitchen.environment,
        kitchen_id=asked.kitchen.id,
        kitchen=asked.kitchen.name,
        reason=asked.reason,
        details={"tool": lease.tool, "ends_at": lease.expires_at.isoformat(timespec="seconds")},
    )


def _address(kitchen: str, tool: str, places: LoginPlaces) -> ToolAddress:
    looked_at = names.kitchen_secret(kitchen, tool), names.tool_secret(tool)
    for place in looked_at:
        fields = places.secrets.read(place)
        if fields is not None:
            return address_of(fields)
    message = (
        f"the vault of {places.environment.name} does not say where {tool} is; looked at "
        f"{' and '.join(looked_at)}"
    )
    raise CredentialRefused(message)
