"""What ``airflow dataops environment check`` looks at."""

from __future__ import annotations

import io
import logging
import os
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from airflow_dataops import bootstrap, config
from airflow_dataops.domain import names
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow.models.connection import Connection

    from airflow_dataops.domain.release_environment import ReleaseEnvironment, Tool

_BACKEND = "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One line of the answer."""

    subject: str
    is_in_order: bool
    detail: str

    def as_row(self) -> dict[str, str]:
        """The line as a row of a table."""
        return {
            "checked": self.subject,
            "in_order": "yes" if self.is_in_order else "NO",
            "detail": self.detail,
        }


def check_environment(environment: ReleaseEnvironment) -> list[Finding]:
    """Log in to the vault and open every tool with the environment's own credential."""
    with _without_logs():
        return _check_environment(environment)


def _check_environment(environment: ReleaseEnvironment) -> list[Finding]:
    vault = f"{environment.name}: vault"
    try:
        bootstrap.secret_store(environment).read(names.tool_secret("_"))
    except DataOpsError as error:
        return [Finding(subject=vault, is_in_order=False, detail=str(error))]
    found = [Finding(subject=vault, is_in_order=True, detail=f"logged in, {environment.vault.url}")]
    return found + [_check_tool(environment, tool) for tool in environment.tools.values()]


def check_platform() -> list[Finding]:
    """Whether each part of this installation that kitchens depend on is in force here."""
    with _without_logs():
        return [
            _finding("identity middleware", _middleware),
            _finding("secrets backend", _secrets_backend),
            _finding("bundles", _bundles),
            _finding("tables", _tables),
            _finding("policy", _policy),
            _finding("pools", _pools),
        ]


@contextmanager
def _without_logs() -> Iterator[None]:
    """Hooks tell of each step, some on standard output, where the findings are to stand alone."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        # Hooks log past Python's logging, too: to what is standard output when they are made.
        with redirect_stdout(io.StringIO()):
            yield
    finally:
        logging.disable(before)


def _check_tool(environment: ReleaseEnvironment, tool: Tool) -> Finding:
    subject = f"{environment.name}: {tool.name}"
    try:
        connection = bootstrap.connection_of(environment, tool.name)
    except DataOpsError as error:
        return Finding(subject=subject, is_in_order=False, detail=str(error))
    is_open, detail = _open(connection, tool.bucket)
    return Finding(
        subject=subject, is_in_order=is_open, detail=_without_secrets(detail, connection)
    )


def _open(connection: Connection, bucket: str | None) -> tuple[bool, str]:
    """Open a connection through its Airflow hook, which finds it under a name of its own."""
    connection.conn_id = f"dataops_check_{uuid4().hex}"
    variable = f"AIRFLOW_CONN_{connection.conn_id.upper()}"
    os.environ[variable] = connection.get_uri()
    try:
        if bucket is not None:
            return _reach_bucket(connection.conn_id, bucket)
        is_open, detail = connection.test_connection()
        return bool(is_open), str(detail)
    finally:
        del os.environ[variable]


def _reach_bucket(conn_id: str, bucket: str) -> tuple[bool, str]:
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    if S3Hook(aws_conn_id=conn_id).check_for_bucket(bucket):
        return True, f"bucket {bucket} reached"
    return False, f"bucket {bucket} is not there, or this credential may not reach it"


def _without_secrets(text: str, connection: Connection) -> str:
    for secret in (connection.password, connection.get_uri()):
        if secret:
            text = text.replace(secret, "***")
    return " ".join(text.split())[:200]


def _finding(subject: str, look: Callable[[], tuple[bool, str]]) -> Finding:
    try:
        is_in_order, detail = look()
    except DataOpsError as error:
        is_in_order, detail = False, str(error)
    return Finding(subject=subject, is_in_order=is_in_order, detail=detail)


def _middleware() -> tuple[bool, str]:
    from airflow import plugins_manager

    _, middlewares = plugins_manager.get_fastapi_plugins()
    named = any(item.get("name") == "dataops identity" for item in middlewares)
    if not named:
        return False, "the dataops plugin is not loaded; is the package installed here?"
    return (
        True,
        "in force in `airflow api-server` (not with --apps execution, which has no plugins)",
    )


def _secrets_backend() -> tuple[bool, str]:
    from airflow.configuration import conf

    configured = conf.get("secrets", "backend", fallback="")
    if configured != _BACKEND:
        return False, f"[secrets] backend is {configured or 'empty'!r}; set it to {_BACKEND}"
    if conf.getboolean("secrets", "use_cache", fallback=False):
        return False, "[secrets] use_cache is on; its cache knows no kitchens, turn it off"
    settings = config.settings()
    if settings.next_secrets_backend is None:
        return True, "in force; behind it: environment variables, metadata database"
    try:
        backend: Any = conf.getimport("dataops", "next_secrets_backend")
        backend(**settings.next_secrets_backend_kwargs)
    except Exception as error:  # noqa: BLE001 - any class may be configured, it raises what it likes
        # Without its text, which may quote the arguments.
        kind = type(error).__name__
        return False, f"next_secrets_backend {settings.next_secrets_backend} cannot be made: {kind}"
    return True, f"in force; behind it: {settings.next_secrets_backend}"


def _bundles() -> tuple[bool, str]:
    from airflow.configuration import conf

    if conf.getboolean("dag_processor", "disable_bundle_versioning", fallback=False):
        return False, "[dag_processor] disable_bundle_versioning is on; turn it off"
    served = set(config.kitchen_bundles().values())
    declared = {environment.name for environment in config.environments().environments()}
    if missing := sorted(declared - served):
        return False, f"no bundle serves {', '.join(missing)}"
    if unknown := sorted(served - declared):
        return False, f"a bundle serves {', '.join(unknown)}, which is not declared"
    return True, ", ".join(f"{b} serves {e}" for b, e in sorted(config.kitchen_bundles().items()))


def _tables() -> tuple[bool, str]:
    from airflow.utils.session import create_session

    from airflow_dataops.registry.db_manager import DataOpsDBManager

    with create_session() as session:
        manager: Any = DataOpsDBManager
        if not manager(session).check_migration():
            return False, "not up to date; run `airflow db migrate`"
    return True, "up to date"


def _policy() -> tuple[bool, str]:
    from airflow import settings

    if getattr(settings.task_instance_mutation_hook, "is_noop", True):
        return False, "Airflow would skip the queue policy; is the package installed here?"
    registered = settings.get_policy_plugin_manager().hook.task_instance_mutation_hook
    ours = [impl for impl in registered.get_hookimpls() if impl.plugin_name == "dataops"]
    return bool(ours), "in force" if ours else "the dataops policy is not registered"


def _pools() -> tuple[bool, str]:
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    environments = config.environments().environments()
    declared = {pool for each in environments for pool in (each.pool, *each.pools.values())}
    with create_session() as session:
        missing = sorted(declared - {pool.pool for pool in Pool.get_pools(session=session)})
    if missing:
        return False, (
            f"Airflow has no pool {', '.join(missing)}, so tasks would wait for ever; run "
            f"`airflow pools set {missing[0]} 16 ''`"
        )
    return True, ", ".join(sorted(declared))
