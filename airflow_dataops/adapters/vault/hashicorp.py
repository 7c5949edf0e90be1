"""OpenBao and HashiCorp Vault, through hvac: KV version 2 and the database engine, by AppRole.

One object serves all requests to one environment's vault. It logs in once, and again when the
vault says that the token is of no use any more. Every request has a time limit and is sent once:
a hung vault must cost seconds; and a caller that waits for it holds a thread of the API server, so
that few may wait at once.

Logins that the database engine issues end with the token that asked for them, so they are asked
for under a token of their own, which is renewed before it could end earlier than they do.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import hvac
import requests
from hvac.exceptions import Forbidden, InternalServerError, InvalidPath, VaultError

from airflow_dataops.adapters.vault import connection
from airflow_dataops.adapters.vault.connection import Crowded, Redirected
from airflow_dataops.domain.issued_login import IssuedLogin
from airflow_dataops.errors import ConfigurationError, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from airflow_dataops.domain.release_environment import VaultPlace

log = logging.getLogger(__name__)
T = TypeVar("T")

# What a login lasts if nobody asked for longer: its asker died between the two requests.
# PostgreSQL's word for it, in the vault's answer.
_SERIALIZATION_FAILURE = "SQLSTATE 40001"
_LOST_AGAINST_OTHERS_SECONDS = (0.02, 0.05, 0.1)
_UNCLAIMED_SECONDS = 900
_LONGEST_LOGIN_SECONDS = 24 * 3600
_TOKEN_MARGIN_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AppRoleLogin:
    """The two halves of an AppRole's login."""

    role_id: str
    secret_id: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issuer:
    """A client under whose token logins are issued; ``until``: its end by the monotonic clock."""

    client: hvac.Client
    until: float

    @property
    def seconds_left(self) -> float:
        return self.until - time.monotonic()


class HashicorpVault:
    """Secrets below one mount, logins of one database engine; implements ``SecretStore``.

    Args:
        place: where the vault is, and where the login is that the environments file names.
        login: another login, instead of that one.
    """

    def __init__(self, place: VaultPlace, *, login: AppRoleLogin | None = None) -> None:
        self._place = place
        self._login = login
        self._login_lock = threading.Lock()
        self._waiting_room = connection.WaitingRoom()
        self._client: hvac.Client | None = None
        self._issuer: _Issuer | None = None

    def read(self, path: str) -> Mapping[str, str] | None:
        """Fields of a secret; None where the vault says that there is none.

        Raises:
            VaultUnavailable: sealed, down, hung, or it refuses our login.
            ConfigurationError: the AppRole's ids are not where the environment says.
        """

        def fields(client: hvac.Client) -> Mapping[str, str] | None:
            try:
                answer: Any = client.secrets.kv.v2.read_secret_version(
                    path=path, mount_point=self._place.mount, raise_on_deleted_version=True
                )
            except InvalidPath:
                return None
            found: Mapping[str, str] = answer["data"]["data"]
            return found

        return self._ask(fields)

    def write(self, path: str, fields: Mapping[str, str]) -> None:
        """Write a secret; an earlier one becomes an older version of it."""
        self._ask(
            lambda client: client.secrets.kv.v2.create_or_update_secret(
                path=path, secret=dict(fields), mount_point=self._place.mount
            )
        )

    def destroy(self, path: str) -> None:
        """Remove a secret with all its versions; one that is gone is no error."""
        self._ask(
            lambda client: client.secrets.kv.v2.delete_metadata_and_all_versions(
                path=path, mount_point=self._place.mount
            )
        )

    def has_any_version(self, path: str) -> bool:
        """Whether the vault keeps anything of a secret, deleted versions included."""
        return self._found(f"/v1/{self._place.mount}/metadata/{path}") is not None

    def has_secret(self, path: str) -> bool:
        """Whether a secret can be read there, without reading it."""
        data = (self._found(f"/v1/{self._place.mount}/metadata/{path}") or {"data": {}})["data"]
        last = (data.get("versions") or {}).get(str(data.get("current_version")), {"destroyed": 1})
        return not last["destroyed"] and not last["deletion_time"]

    def paths_below(self, path: str) -> list[str]:
        """Paths of all secrets below a path with a slash at its end, deleted ones too, in order."""
        listed = self._found(f"/v1/{self._place.mount}/metadata/{path}?list=true")
        found = []
        for name in listed["data"]["keys"] if listed else []:
            inside = f"{path}{name}"
            found += self.paths_below(inside) if name.endswith("/") else [inside]
        return sorted(found)

    def put_database_role(
        self, name: str, *, database: str, creation: Sequence[str], revocation: Sequence[str]
    ) -> None:
        """Have the database engine issue logins under a name, by new or changed rules.

        Args:
            name: of the engine's role.
            database: name of the engine's connection to the database.
            creation: SQL that makes a login, with the engine's ``{{name}}``, ``{{password}}`` and
                ``{{expiration}}``.
            revocation: SQL that removes one.
        """
        role = {
            "db_name": database,
            "creation_statements": list(creation),
            "revocation_statements": list(revocation),
            "default_ttl": _UNCLAIMED_SECONDS,
            "max_ttl": _LONGEST_LOGIN_SECONDS,
        }
        self._ask(lambda client: client.adapter.post(self._database_role(name), json=role))

    def has_database_role(self, name: str) -> bool:
        """Whether the database engine issues logins under a name."""
        return self._found(self._database_role(name)) is not None

    def creation_statements(self, name: str) -> list[str] | None:
        """SQL with which the database engine makes a login; None if it issues none of this name."""
        role = self._found(self._database_role(name))
        return None if role is None else list(role["data"]["creation_statements"])

    def database_login(self, database: str) -> str:
        """Login under which the database engine itself works in a database.

        Raises:
            ConfigurationError: the engine has no connection of this name.
        """
        found = self._found(f"/v1/{self._database_mount}/config/{database}")
        if found is None:
            message = (
                f"the vault's database engine {self._database_mount!r} has no connection named "
                f"{database!r}; configure one under the tool's name"
            )
            raise ConfigurationError(message)
        return str(found["data"]["connection_details"]["username"])

    def delete_database_role(self, name: str) -> None:
        """Issue no more logins under a name and take back all that were; gone is no error."""
        # Before, so that open sessions end while the role can still say how; after, for a login
        # that was issued between the two.
        self.revoke_prefix(name)
        self._ask(lambda client: client.adapter.delete(self._database_role(name)))
        self.revoke_prefix(name)

    def issue_login(self, role: str, ttl_seconds: int) -> IssuedLogin:
        """A new login of the database engine.

        Args:
            role: the engine's role.
            ttl_seconds: how long it is to last; shorter where the vault's own limits are, which
                ``IssuedLogin.seconds`` then says.

        Raises:
            VaultUnavailable: the vault or the database does not answer, or refuses.
            ConfigurationError: the environment names no database engine.
        """
        path = f"/v1/{self._database_mount}/creds/{role}"
        try:
            with self._waiting_room.place():
                issuer = self._issuer_for(ttl_seconds, instead_of=None)
                try:
                    made = issuer.client.adapter.get(path)
                except Forbidden:  # its token was revoked, or the vault is a new one
                    issuer = self._issuer_for(ttl_seconds, instead_of=issuer)
                    made = issuer.client.adapter.get(path)
                lasting = issuer.client.adapter.put(
                    f"/v1/sys/leases/renew/{made['lease_id']}", json={"increment": ttl_seconds}
                )
        except (VaultError, requests.RequestException) as error:
            raise self._unavailable(error) from None
        return IssuedLogin(
            lease_id=made["lease_id"],
            username=made["data"]["username"],
            password=made["data"]["password"],
            seconds=int(min(lasting["lease_duration"], issuer.seconds_left)),
        )

    def revoke_lease(self, lease_id: str) -> None:
        """Take a login back, and return when it is gone; gone already is no error."""
        # The lease stands in the path, where a policy can keep an environment to its own ones.
        path = f"/v1/sys/leases/revoke/{lease_id}"
        self._ask(lambda client: client.adapter.put(path, json={"sync": True}))

    def revoke_prefix(self, role: str) -> None:
        """Take back every login that was issued under a role of the database engine."""
        path = f"/v1/sys/leases/revoke-prefix/{self._database_mount}/creds/{role}/"
        self._ask(lambda client: client.adapter.put(path, json={"sync": True}))

    def close(self) -> None:
        """Let go of the network; the next request opens it again."""
        if self._client is not None:
            self._client.adapter.close()
        if self._issuer is not None:
            self._issuer.client.adapter.close()

    def _found(self, path: str) -> Any:
        def answer(client: hvac.Client) -> Any:
            try:
                return client.adapter.get(path)
            except InvalidPath:
                return None

        return self._ask(answer)

    def _database_role(self, name: str) -> str:
        return f"/v1/{self._database_mount}/roles/{name}"

    @property
    def _database_mount(self) -> str:
        if self._place.database_mount is None:
            message = (
                f"the vault at {self._place.url} (mount {self._place.mount!r}) has no "
                "'database_mount'; name the mount of its database engine in the environments file"
            )
            raise ConfigurationError(message)
        return self._place.database_mount

    def _ask(self, request: Callable[[hvac.Client], T]) -> T:
        try:
            with self._waiting_room.place():
                client = self._client or self._log_in(instead_of=None)
                try:
                    return _repeated(request, client)
                except Forbidden:
                    # An expired or revoked token; hvac does not tell it from a policy's refusal.
                    return _repeated(request, self._log_in(instead_of=client))
        except (VaultError, requests.RequestException) as error:
            raise self._unavailable(error) from None

    def _log_in(self, *, instead_of: hvac.Client | None) -> hvac.Client:
        with self._turn_to_log_in():
            if self._client is None or self._client is instead_of:  # no other thread was faster
                self._client = self._logged_in().client
            return self._client

    def _issuer_for(self, seconds: int, *, instead_of: _Issuer | None) -> _Issuer:
        needed = seconds + _TOKEN_MARGIN_SECONDS
        with self._turn_to_log_in():
            issuer = self._issuer
            if issuer is not None and issuer is not instead_of and issuer.seconds_left < needed:
                issuer = self._renewed(issuer)
            if issuer is None or issuer is instead_of or issuer.seconds_left < needed:
                # The token before it is left to end by itself: its logins are in use.
                issuer = self._logged_in()
            if issuer.seconds_left < needed:
                log.warning(
                    "tokens of the vault at %s for %s last %.0f s, so logins of %d s end earlier; "
                    "raise token_ttl of its AppRole",
                    *(self._place.url, self._place.mount, issuer.seconds_left, seconds),
                )
            self._issuer = issuer
            return issuer

    def _renewed(self, issuer: _Issuer) -> _Issuer | None:
        """The same token, to last longer; None if the vault does not want it any more."""
        begun = time.monotonic()
        try:
            answer = issuer.client.auth.token.renew_self()
        except VaultError:
            return None
        except requests.RequestException as error:
            raise self._unavailable(error) from None
        return _Issuer(client=issuer.client, until=_end(answer, begun))

    def _logged_in(self) -> _Issuer:
        client = hvac.Client(
            url=self._place.url,
            timeout=self._place.timeout_seconds,
            session=connection.session(self._place.url),
        )
        login, begun = self._login or _login_of(self._place), time.monotonic()
        try:
            answer = client.auth.approle.login(role_id=login.role_id, secret_id=login.secret_id)
        except (VaultError, requests.RequestException) as error:
            raise self._unavailable(error) from None
        log.info("logged in to the vault at %s for %s", self._place.url, self._place.mount)
        return _Issuer(client=client, until=_end(answer, begun))

    @contextmanager
    def _turn_to_log_in(self) -> Iterator[None]:
        # Bounded: behind a hung vault every request would wait for all those before it.
        if not self._login_lock.acquire(timeout=self._place.timeout_seconds):
            raise self._unavailable(requests.Timeout())
        try:
            yield
        finally:
            self._login_lock.release()

    def _unavailable(self, error: Exception) -> VaultUnavailable:
        # An error's text can carry what was sent; its kind says enough.
        return VaultUnavailable(
            f"the vault at {self._place.url} (mount {self._place.mount!r}) did not answer: "
            f"{_reason(error)}"
        )


def _repeated(request: Callable[[hvac.Client], T], client: hvac.Client) -> T:
    """Ask again where a vault that lies in PostgreSQL lost against another writer."""
    for pause in _LOST_AGAINST_OTHERS_SECONDS:
        try:
            return request(client)
        except InternalServerError as error:
            if _SERIALIZATION_FAILURE not in str(error):
                raise
            time.sleep(pause)
    return request(client)


def _end(answer: Any, begun: float) -> float:
    # A token that lasts zero seconds is one without an end.
    return begun + float(answer["auth"]["lease_duration"] or "inf")


def _reason(error: Exception) -> str:
    if isinstance(error, Crowded | Redirected):
        return str(error)
    if isinstance(error, requests.Timeout):
        return "no answer within the time limit"
    if isinstance(error, requests.ConnectionError):
        return "connection refused or lost"
    if isinstance(error, VaultError):
        # "1 error occurred:" stands in a line of its own above what it was.
        lines = [line for line in str(error).splitlines() if not line.endswith("occurred:")]
        first = lines[0].strip("\t *") if lines else ""
        return f"{type(error).__name__}: {first.split(', on ')[0]}"
    return type(error).__name__


def _login_of(place: VaultPlace) -> AppRoleLogin:
    return AppRoleLogin(
        role_id=_login_part(place.role_id_env, place.role_id_file),
        secret_id=_login_part(place.secret_id_env, place.secret_id_file),
    )


def _login_part(variable: str | None, file: str | None) -> str:
    if variable is not None:
        if not (value := os.environ.get(variable)):
            message = f"environment variable {variable} is empty; it should hold a vault login"
            raise ConfigurationError(message)
        return value
    try:
        return Path(str(file)).read_text(encoding="utf-8").strip()
    except OSError as error:
        message = f"cannot read the vault login at {file}: {error.strerror}"
        raise ConfigurationError(message) from None
