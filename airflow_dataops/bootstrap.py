"""Settings and connections become adapters; adapters become what services ask for.

The only room that knows both sides. Adapters are imported inside the functions: each brings
its library of the outside along.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.errors import ConfigurationError, CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from airflow.models.connection import Connection
    from airflow.sdk import Connection as TaskConnection
    from sqlalchemy import Connection as MetadataConnection
    from sqlalchemy import Engine

    from airflow_dataops.adapters.airflow_access.roles import FabAccessRoles
    from airflow_dataops.adapters.task_api import TaskApi
    from airflow_dataops.adapters.vault import HashicorpVault
    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.manifest import Manifest
    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, VaultPlace
    from airflow_dataops.overview_ports import ShownCodeRegister
    from airflow_dataops.ports import (
        AccessRoles,
        AuditTrail,
        Hooks,
        KitchenPart,
        KitchenRegistry,
        Leases,
        Operations,
        Runs,
        SecretStore,
        Warehouse,
        Workers,
    )
    from airflow_dataops.schedule_ports import Schedules
    from airflow_dataops.services.credentials import LoginPlaces


def warehouse_of(environment: ReleaseEnvironment, tool: str) -> Warehouse:
    """The warehouse behind an environment's tool, with the environment's own credential.

    Raises:
        ConfigurationError: the tool's connection is of a type that is no warehouse.
        CredentialRefused: the vault has no credential for the tool.
    """
    return _warehouse(tool, connection_of(environment, tool))


def connection_of(environment: ReleaseEnvironment, tool: str) -> Connection:
    """What an environment's vault has for a tool, read with the login that this host has.

    For the command line and for the server's own messages: tasks are answered by who they are,
    through the secrets backend.

    Raises:
        CredentialRefused: the vault has no credential for the tool.
    """
    from airflow_dataops.adapters.airflow_connections import as_connection
    from airflow_dataops.domain import names

    place = names.tool_secret(tool)
    fields = secret_store(environment).read(place)
    if fields is None:
        message = f"the vault of {environment.name} has no credential for {tool} at {place}"
        raise CredentialRefused(message)
    return as_connection(environment.tool(tool), fields, schema=None)


def kitchen_registry() -> KitchenRegistry:
    """The kitchens of this installation, in Airflow's metadata database."""
    from airflow_dataops.registry.kitchens import KitchenTable

    return KitchenTable(metadata_database(), bundle_name=bundle_name)


def access_roles() -> AccessRoles:
    """The roles that let staff into Airflow's own pages, as the auth manager knows them."""
    from airflow_dataops.adapters.no_access_roles import NoAccessRoles

    return fab_roles() or NoAccessRoles()


def fab_roles() -> FabAccessRoles | None:
    """Roles of the FAB auth manager; None where another one decides."""
    from airflow_dataops import config

    # As Airflow itself asks before it writes a DAG's rights.
    if "FabAuthManager" not in config.auth_manager():
        return None
    from airflow_dataops.adapters.airflow_access.roles import FabAccessRoles

    return FabAccessRoles(
        metadata_database(), environment_of=lambda name: config.environments().environment(name)
    )


def airflow_runs() -> Runs:
    """Airflow's runs of kitchens' DAGs."""
    from airflow_dataops.adapters.airflow_runs import AirflowRuns

    return AirflowRuns()


def airflow_workers() -> Workers:
    """The environments' workers, reached through their provisioning DAGs."""
    from airflow_dataops.adapters.airflow_runs import AirflowWorkers

    return AirflowWorkers(bundle_name=bundle_name)


def task_api() -> TaskApi:
    """Our own REST API, for the platform's task that asks."""
    from airflow.configuration import conf
    from airflow.sdk import BaseHook

    from airflow_dataops.adapters.task_api import TaskApi

    # The same file that Airflow's own supervisor trusts.
    certificate = conf.get("api", "ssl_cert", fallback="") or None
    return TaskApi(lambda: BaseHook.get_connection(names.PLATFORM), certificate=certificate)


def life_cycle_hooks() -> Hooks:
    """Who in this installation has a say when kitchens come and go.

    Raises:
        ConfigurationError: what the settings name is no import path.
    """
    from airflow_dataops import config

    settings = config.settings()
    return _hooks(settings.life_cycle_hooks, settings.life_cycle_hook_seconds)


def merge_hooks() -> Hooks:
    """Who in this installation has a say when kitchens are merged.

    Raises:
        ConfigurationError: what the settings name is no import path.
    """
    from airflow_dataops import config

    settings = config.settings()
    return _hooks(settings.merge_hooks, settings.life_cycle_hook_seconds)


def operations() -> Operations:
    """What is done to the kitchens of this installation, in Airflow's metadata database."""
    from airflow_dataops.registry.operations import OperationTable

    return OperationTable(metadata_database())


def audit_trail() -> AuditTrail:
    """Who did what to the kitchens of this installation, in Airflow's metadata database."""
    from airflow_dataops.registry.audit import AuditTable

    return AuditTable(metadata_database())


def secret_store(environment: ReleaseEnvironment) -> SecretStore:
    """The vault of an environment; one login per process, shared by its threads."""
    return _vault(environment.vault)


def vault(environment: ReleaseEnvironment) -> HashicorpVault:
    """The same, for who asks what there is rather than for a value."""
    return _vault(environment.vault)


def kitchen_part(
    part: Part,
    kitchen: Kitchen,
    environment: ReleaseEnvironment,
    connection: Callable[[str], Connection | TaskConnection],
) -> KitchenPart:
    """The place where a part of a kitchen is made, for what works in its environment's tools."""
    from airflow_dataops import kitchen_parts

    return kitchen_parts.kitchen_part(part, kitchen, environment, connection)


def login_places(environment: ReleaseEnvironment) -> LoginPlaces:
    """What logins on demand of an environment need."""
    from airflow_dataops.services.credentials import LoginPlaces

    vault = _vault(environment.vault)
    return LoginPlaces(
        environment=environment,
        secrets=vault,
        issuer=vault,
        leases=leases(),
        audit_trail=audit_trail(),
    )


def schedules() -> Schedules:
    """Which schedules pipelines declare, and which of them are enabled."""
    from airflow_dataops.registry.schedules import ScheduleTable

    return ScheduleTable(metadata_database(), bundle_name=bundle_name)


def leases() -> Leases:
    """Which logins of vaults are in use, in Airflow's metadata database."""
    from airflow_dataops.registry.leases import LeaseTable

    return LeaseTable(metadata_database())


def sweep_leases(environment: ReleaseEnvironment) -> int:
    """Take back the logins of an environment that nobody may use any more; gives their number.

    Raises:
        OutsideSystemError: some could not be taken back; the next sweep tries them again.
    """
    from datetime import UTC, datetime

    from airflow_dataops.services import credentials

    return credentials.sweep(datetime.now(tz=UTC), login_places(environment))


def record_bundle_version(*, version: str, bundle_name: str, manifest: Manifest) -> None:
    """Note what a version belongs to and shows, before any run can be pinned to it."""
    from datetime import UTC, datetime

    from sqlalchemy.orm import Session

    from airflow_dataops.registry.bundle_versions import record_version

    with Session(metadata_database()) as session, session.begin():
        record_version(
            session,
            version=version,
            bundle_name=bundle_name,
            manifest=manifest,
            now=datetime.now(tz=UTC),
        )


def shown_code() -> ShownCodeRegister:
    """What Airflow has of kitchens' code."""
    from airflow_dataops.registry.shown_code import ShownCodeTable

    return ShownCodeTable(metadata_database(), bundle_name=bundle_name)


def identify(task_instance: str) -> KitchenTask | None:
    """The kitchen's task behind a validated token; None for a task of an ordinary DAG.

    Raises:
        CredentialRefused: it looks like a kitchen's and is none.
    """
    from sqlalchemy.exc import DBAPIError

    from airflow_dataops.domain.identity import check_ordinary, kitchen_task
    from airflow_dataops.registry.identities import look_up

    try:
        facts = look_up(metadata_database(), task_instance)
        if facts is None:
            from airflow_dataops.registry import former_tasks

            with _single_read() as connection:
                check_ordinary(former_tasks.look_up(connection, task_instance))
            return None
    except DBAPIError:
        if _never_had_kitchens():
            return None
        raise
    return kitchen_task(facts)


def living_kitchens(asked: set[str]) -> set[str]:
    """Which of these kitchens there are; the platform counts as one."""
    from airflow_dataops.domain import names
    from airflow_dataops.registry.identities import kitchen_environments

    with _single_read() as connection:
        found = kitchen_environments(connection, asked)
    return {*found, *({names.PLATFORM} & asked)}


def readable_kitchens(asked: set[str], *, environment: str) -> set[str]:
    """Which of these kitchens live in an environment that lets its others look at their runs."""
    from airflow_dataops import config
    from airflow_dataops.registry.identities import kitchen_environments

    declared = asked.intersection(config.environments().environment(environment).readable_kitchens)
    if not declared:
        return set()
    with _single_read() as connection:
        found = kitchen_environments(connection, declared)
    return {kitchen for kitchen, place in found.items() if place == environment}


def dags_of_assets(*, assets: Sequence[str], aliases: Sequence[str]) -> set[str]:
    """DAG ids that produce or consume any of these assets or aliases."""
    from airflow_dataops.registry import asset_users

    with _single_read() as connection:
        return asset_users.dags_of_assets(connection, assets=assets, aliases=aliases)


@lru_cache(maxsize=4)
def _hooks(paths: tuple[str, ...], seconds: int) -> Hooks:
    from airflow_dataops.adapters.life_cycle_hooks import LifeCycleHooks

    return LifeCycleHooks(paths, seconds=seconds)


@lru_cache(maxsize=64)
def _vault(place: VaultPlace) -> HashicorpVault:
    from airflow_dataops.adapters.vault import HashicorpVault

    return HashicorpVault(place)


def _warehouse(tool: str, connection: Connection | TaskConnection) -> Warehouse:
    from airflow_dataops.adapters.database_login import database_login
    from airflow_dataops.adapters.sql_warehouse import SqlWarehouse

    return SqlWarehouse(database_login(tool, connection))


def _never_had_kitchens() -> bool:
    """Whether the package is here, but neither configured nor migrated: all work is ordinary.

    A server that is restarted between ``pip install`` and ``airflow db migrate`` is in this state.
    """
    from sqlalchemy import inspect

    from airflow_dataops import config
    from airflow_dataops.registry.models import KitchenRow

    if config.settings().environments_file is not None or config.kitchen_bundles():
        return False
    return not inspect(metadata_database()).has_table(KitchenRow.__tablename__)


def metadata_database() -> Engine:
    """Airflow's metadata database, which holds our tables, too.

    Raises:
        ConfigurationError: this process has none.
    """
    from airflow import settings

    if settings.engine is None:
        message = (
            "this process has no metadata database; kitchens are known to the API server, the "
            "dag-processor and the command line only"
        )
        raise ConfigurationError(message)
    return settings.engine


def _single_read() -> AbstractContextManager[MetadataConnection]:
    from airflow_dataops.registry.single_reads import without_transactions

    return without_transactions(metadata_database())


def bundle_name(environment: str) -> str:
    """Name of the bundle that serves an environment's kitchens."""
    from airflow_dataops import config

    for bundle, served in config.kitchen_bundles().items():
        if served == environment:
            return bundle
    message = (
        f"no DAG bundle serves the kitchens of {environment!r}; add one with classpath "
        f"{config.KITCHEN_BUNDLE} to [dag_processor] dag_bundle_config_list"
    )
    raise ConfigurationError(message)
