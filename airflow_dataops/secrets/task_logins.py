"""Logins that a vault issues to one try of a task, and takes back when the try ends.

A try that asks again at the same API server gets the same login. Another server, or this one
after a restart, issues it another: what was issued before stays good, since nothing takes it
back but the end of the try. Which logins a try holds is in the database, passwords are not.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.issued_login import IssuedLogin
    from airflow_dataops.domain.leases import Lease
    from airflow_dataops.domain.release_environment import ReleaseEnvironment

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    login: IssuedLogin
    until: datetime


class KeptLogins:
    """The logins that this process has issued to tries which may still run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._of_tries: dict[tuple[str, int], dict[tuple[str, str], _Kept]] = {}

    def get(self, of_try: tuple[str, int], tool: tuple[str, str]) -> IssuedLogin | None:
        """The login of a try in a tool, unless it ends in the next moment."""
        with self._lock:
            kept = self._of_tries.get(of_try, {}).get(tool)
        return kept.login if kept and kept.until > _now() else None

    def keep(self, of_try: tuple[str, int], tool: tuple[str, str], login: IssuedLogin) -> None:
        """Keep a login for the rest of its time."""
        now = _now()
        with self._lock:
            self._of_tries = {
                key: logins
                for key, logins in self._of_tries.items()
                if any(kept.until > now for kept in logins.values())
            }
            kept = _Kept(login=login, until=now + timedelta(seconds=login.seconds))
            self._of_tries.setdefault(of_try, {})[tool] = kept

    def forget(self, task_instance: str) -> None:
        """Forget what every try of a task instance holds."""
        with self._lock:
            for key in [key for key in self._of_tries if key[0] == task_instance]:
                del self._of_tries[key]

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._of_tries = {}


_kept = KeptLogins()


def login(
    task: KitchenTask, task_instance: str, tool: str, environment: ReleaseEnvironment
) -> IssuedLogin:
    """The login of this try in a tool.

    Raises:
        CredentialRefused: the try is over.
        ConfigurationError: the vault's logins do not last as long as they have to.
        VaultUnavailable: the vault does not answer, or refuses.
    """
    from airflow_dataops import bootstrap, config
    from airflow_dataops.services import credentials

    of_try, place = (task_instance, task.try_number), (environment.name, tool)
    kept = _kept.get(of_try, place)
    # Another server may have heard of an end meanwhile: a deferred try comes back under its id.
    if kept is not None and bootstrap.leases().is_in_force(kept.lease_id, now=_now()):
        return kept
    issued = credentials.issue_to_try(
        task,
        task_instance,
        tool,
        seconds=config.dynamic_login_seconds(),
        now=_now(),
        places=bootstrap.login_places(environment),
    )
    _kept.keep(of_try, place, issued)
    log.info("%s.%s has a login of %s in %s", task.dag_id, task.task_id, tool, environment.name)
    return issued


def try_ended(task_instance: str) -> None:
    """Take back what a try was issued that has just ended, waits, or will be tried again.

    Puts it out of force now, and leaves the vault to threads of their own. Never fails: what is
    missed here, the janitor sweeps.
    """
    from airflow_dataops import bootstrap, config

    try:
        if not config.has_environments():
            return
        environments = {e.name: e for e in config.environments().environments()}
        if not any(tool.dynamic for e in environments.values() for tool in e.tools.values()):
            return
        _kept.forget(task_instance)
        for lease in bootstrap.leases().end(task_instance, now=_now()):
            _revoker(lease.environment).put(lease, environments[lease.environment])
    except Exception as error:  # noqa: BLE001 - the task has its answer, whatever happens here
        # Its text may hold a database URL.
        log.warning(
            "logins of task instance %s are left to the janitor: %s",
            *(task_instance, type(error).__name__),
        )


class Revoker:
    """Takes logins of one environment back, one after the other, in a thread of its own.

    A vault that hangs holds up its own environment alone, and never the end of the process.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: deque[tuple[Lease, ReleaseEnvironment]] = deque()
        self._is_at_work = False

    def put(self, lease: Lease, environment: ReleaseEnvironment) -> None:
        """Have a login taken back soon."""
        with self._lock:
            self._waiting.append((lease, environment))
            if not self._is_at_work:
                thread = threading.Thread(target=self._work, name="dataops-revoke", daemon=True)
                thread.start()
                self._is_at_work = True

    def _work(self) -> None:
        while (waiting := self._next()) is not None:
            _take_back(*waiting)

    def _next(self) -> tuple[Lease, ReleaseEnvironment] | None:
        with self._lock:
            if self._waiting:
                return self._waiting.popleft()
            self._is_at_work = False
            return None


def _take_back(lease: Lease, environment: ReleaseEnvironment) -> None:
    from airflow_dataops import bootstrap
    from airflow_dataops.services import credentials

    try:
        credentials.take_back(lease, bootstrap.login_places(environment))
    except Exception as error:  # noqa: BLE001 - the thread serves those that follow, too
        log.warning(
            "a login of %s in %s is left to the janitor: %s",
            *(lease.tool, lease.environment, type(error).__name__),
        )


@lru_cache(maxsize=64)
def _revoker(_environment: str) -> Revoker:
    return Revoker()


def _now() -> datetime:
    return datetime.now(tz=UTC)
