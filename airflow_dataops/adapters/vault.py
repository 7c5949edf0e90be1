"""OpenBao and HashiCorp Vault, through hvac: KV version 2 behind an AppRole login.

One object serves all requests to one environment's vault. It logs in once, and again when the
vault says that the token is of no use any more. Every request has a time limit and is sent once:
a hung vault must cost seconds, and a caller that waits for it holds a thread of the API server.
"""

from __future__ import annotations

import logging
import os
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hvac
import requests
from hvac.exceptions import Forbidden, InvalidPath, VaultError

from airflow_dataops.errors import ConfigurationError, VaultUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_dataops.domain.release_environment import VaultPlace

log = logging.getLogger(__name__)


class HashicorpVault:
    """Secrets below one mount; implements the port ``SecretStore``."""

    def __init__(self, place: VaultPlace) -> None:
        self._place = place
        self._login_lock = threading.Lock()
        self._client: hvac.Client | None = None

    def read(self, path: str) -> Mapping[str, str] | None:
        """Fields of a secret; None where the vault says that there is none.

        Raises:
            VaultUnavailable: sealed, down, hung, or it refuses our login.
            ConfigurationError: the AppRole's ids are not where the environment says.
        """
        client = self._client or self._log_in(instead_of=None)
        try:
            return self._read(client, path)
        except Forbidden:
            # An expired or revoked token; hvac does not tell it from a policy's refusal.
            return self._read_again(client, path)
        except (VaultError, requests.RequestException) as error:
            raise self._unavailable(error) from None

    def _read_again(self, client: hvac.Client, path: str) -> Mapping[str, str] | None:
        try:
            return self._read(self._log_in(instead_of=client), path)
        except (VaultError, requests.RequestException) as error:
            raise self._unavailable(error) from None

    def _read(self, client: hvac.Client, path: str) -> Mapping[str, str] | None:
        try:
            answer: Any = client.secrets.kv.v2.read_secret_version(
                path=path, mount_point=self._place.mount, raise_on_deleted_version=True
            )
        except InvalidPath:
            return None
        fields: Mapping[str, str] = answer["data"]["data"]
        return fields

    def _log_in(self, *, instead_of: hvac.Client | None) -> hvac.Client:
        with self._turn_to_log_in():
            if self._client is not None and self._client is not instead_of:
                return self._client  # another thread was faster
            client = hvac.Client(
                url=self._place.url,
                timeout=self._place.timeout_seconds,
                session=_session(self._place.url),
            )
            try:
                client.auth.approle.login(
                    role_id=_login_part(self._place.role_id_env, self._place.role_id_file),
                    secret_id=_login_part(self._place.secret_id_env, self._place.secret_id_file),
                )
            except (VaultError, requests.RequestException) as error:
                raise self._unavailable(error) from None
            log.info("logged in to the vault at %s for %s", self._place.url, self._place.mount)
            self._client = client
            return client

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


def _reason(error: Exception) -> str:
    if isinstance(error, requests.Timeout):
        return "no answer within the time limit"
    if isinstance(error, requests.ConnectionError):
        return "connection refused or lost"
    if isinstance(error, VaultError):
        first = str(error).splitlines()[0] if str(error) else ""
        return f"{type(error).__name__}: {first.split(', on ')[0]}"
    return type(error).__name__


def _session(url: str) -> requests.Session:
    session = requests.Session()
    # The proxies and certificates that the environment names are looked up here, once: to do so
    # at every request takes a fifth of its time.
    named = session.merge_environment_settings(url, {}, None, True, None)  # noqa: FBT003
    session.proxies, session.verify = named["proxies"], named["verify"]
    session.trust_env = False
    # API server threads share the session: as many connections as its thread pool has threads.
    adapter = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=40, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return session


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
