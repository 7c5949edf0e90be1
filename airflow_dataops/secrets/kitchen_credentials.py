"""From a kitchen's task and a tool's name to a credential of its environment's vault."""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Hashable, Mapping
from typing import TYPE_CHECKING, Generic, TypeVar

from airflow_dataops.domain import names
from airflow_dataops.errors import CredentialRefused
from airflow_dataops.secrets.refusals import NotThere

if TYPE_CHECKING:
    from airflow.models.connection import Connection

    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.issued_login import IssuedLogin
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, Tool
    from airflow_dataops.ports import SecretStore

log = logging.getLogger(__name__)

Fields = Mapping[str, str]
T = TypeVar("T")

_PLAIN = re.compile(r"[A-Za-z0-9_.-]+")


class ShortCache(Generic[T]):
    """What a vault said, for seconds; a key names the kitchen by id, so none is shared."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._kept: dict[Hashable, tuple[float, T]] = {}

    def get(self, key: Hashable) -> T | None:
        """What is kept under a key and not too old."""
        with self._lock:
            until, value = self._kept.get(key, (0.0, None))
        return value if until > self._clock() else None

    def keep(self, key: Hashable, value: T, *, seconds: float) -> None:
        """Keep a value from now on for so many seconds."""
        now = self._clock()
        with self._lock:
            self._kept = {k: v for k, v in self._kept.items() if v[0] > now}
            self._kept[key] = (now + seconds, value)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept = {}


_variables: ShortCache[str] = ShortCache()
# As they are given out; whoever gets one changes nothing. To make one anew takes as long as to
# find out who asks.
_connections: ShortCache[Connection] = ShortCache()


def connection(task: KitchenTask, task_instance: str, tool_name: str) -> Connection:
    """The connection that a tool's name stands for in a task's kitchen.

    Args:
        task: one of a kitchen.
        task_instance: the task instance that asks.
        tool_name: a tool of the environment, or ``dataops`` for our own API.

    Raises:
        CredentialRefused: the environment or its vault has no such tool for this kitchen.
        ConfigurationError: the vault's logins do not last as long as they have to.
        VaultUnavailable: the vault does not answer.
    """
    from airflow_dataops import config
    from airflow_dataops.services.credentials import is_issued

    if tool_name == names.PLATFORM:
        from airflow_dataops.secrets import platform_credentials

        return platform_credentials.of_our_api(task, task_instance)
    environment = config.environments().environment(task.environment)
    tool = environment.tool(tool_name)
    # With what is declared of the tool: when that is changed, what was made before is not given.
    key = (environment.name, task.kitchen_id, tool, names.writes_pending(task.task_id))
    found = _connections.get(key)
    if found is None:
        found = _read_connection(task, environment, tool)
        _connections.keep(key, found, seconds=config.vault_cache_seconds())
    if not is_issued(tool, task.kitchen, environment):
        return found
    from airflow_dataops.secrets import task_logins

    return _with_login(found, task_logins.login(task, task_instance, tool_name, environment))


def variable(task: KitchenTask, key: str) -> str:
    """The value of an Airflow variable in a task's kitchen (field ``value`` of the secret).

    Raises:
        NotThere: the vault has none, so that a default given by the caller takes effect.
        VaultUnavailable: the vault does not answer.
    """
    from airflow_dataops import config

    if task.is_platforms:
        message = "tasks that make kitchens have no variables"
        raise NotThere(message)
    environment = config.environments().environment(task.environment)
    kept = _variables.get((environment.name, task.kitchen_id, key))
    if kept is not None:
        return kept
    places = (names.kitchen_variable(task.kitchen, key), names.variable(key))
    fields = _fields(task, environment, places)
    if fields is None or "value" not in fields:
        message = f"the vault of {environment.name} has no variable {key!r}"
        raise NotThere(message)
    value = str(fields["value"])
    seconds = config.vault_cache_seconds()
    _variables.keep((environment.name, task.kitchen_id, key), value, seconds=seconds)
    return value


def _read_connection(task: KitchenTask, environment: ReleaseEnvironment, tool: Tool) -> Connection:
    from airflow_dataops.adapters.airflow_connections import as_connection

    places = (names.kitchen_secret(task.kitchen, tool.name), names.tool_secret(tool.name))
    fields = _fields(task, environment, places)
    if fields is None:
        message = (
            f"the vault of {environment.name} has no credential for {tool.name}; "
            f"looked at {' and '.join(places)}"
        )
        raise CredentialRefused(message)
    return as_connection(
        tool,
        fields,
        schema=names.schema(task.kitchen),
        is_pending=names.writes_pending(task.task_id),
    )


def _with_login(shared: Connection, issued: IssuedLogin) -> Connection:
    from airflow.models.connection import Connection

    own = Connection(
        conn_id=shared.conn_id,
        conn_type=shared.conn_type,
        host=shared.host,
        schema=shared.schema,
        port=shared.port,
        extra=shared.extra,
    )
    # Set, not given to the constructor: that would teach this process's masker each of these
    # passwords for good, and it grows slower with every one. The task's own masker learns it.
    own.login, own.password = issued.username, issued.password
    return own


def _fields(
    task: KitchenTask, environment: ReleaseEnvironment, places: tuple[str, ...]
) -> Fields | None:
    from airflow_dataops import bootstrap

    vault = bootstrap.secret_store(environment)
    for place in places:
        fields = _read(vault, place)
        if fields is not None:
            log.info("kitchen %s reads %s of %s", task.kitchen, place, environment.name)
            return fields
    return None


def _read(vault: SecretStore, place: str) -> Fields | None:
    # A variable's name is the task's own text. Dots, percent signs or question marks in a URL's
    # path could walk to another kitchen's part of the vault.
    parts = place.split("/")
    if not all(_PLAIN.fullmatch(part) for part in parts) or {".", ".."} & set(parts):
        message = f"{place!r} is no place in a vault; use letters, digits, '_', '-', '.' and '/'"
        raise CredentialRefused(message)
    return vault.read(place)
