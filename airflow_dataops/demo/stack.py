"""The outside world of the demo: database, vault, object store and SFTP server, all real.

Slack and Jira alone are doubles: nobody can run them here.

Everything is started on free ports of this machine and goes with the process that started it.
State lives in one directory, so a second start finds passwords, ports and data again.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

from airflow_dataops.demo.corrupted_week import corrupt
from airflow_dataops.demo.environments import (
    DemoEnvironment,
    VaultLogin,
    demo_environments,
    environments_text,
)
from airflow_dataops.demo.home import HOST, DemoHome, write_private
from airflow_dataops.demo.jira import EmbeddedJira
from airflow_dataops.demo.openbao import EmbeddedVault
from airflow_dataops.demo.postgres import EmbeddedPostgres
from airflow_dataops.demo.processes import stop_leftovers
from airflow_dataops.demo.retail_data import write_weeks
from airflow_dataops.demo.s3 import REGION, EmbeddedS3, S3Key
from airflow_dataops.demo.sftp import EmbeddedSftp
from airflow_dataops.demo.slack import EmbeddedSlack
from airflow_dataops.demo.tool_secrets import store_tools

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date
    from pathlib import Path
    from types import TracebackType

_METADATA_DATABASE = "airflow"
_NOT_STARTED = "start the stack first"


@dataclass(frozen=True, slots=True, kw_only=True)
class EnvironmentAddresses:
    """Where one release environment's systems are.

    Attributes:
        provision_login: makes kitchens' roles and schemas in the warehouse.
        vault_mount: holds its secrets, among them ``tools/redshift``, ``tools/s3``, ``tools/sftp``
            and, for what makes kitchens, ``provision/redshift`` and so on.
        sftp_root: directory that its SFTP login sees as ``/``.
        slack_token: of the bot that tells its people what happened.
    """

    name: str
    warehouse_database: str
    warehouse_login: str
    warehouse_password: str = field(repr=False)
    provision_login: str
    provision_password: str = field(repr=False)
    vault_mount: str
    role_id: str
    role_id_file: Path
    secret_id_file: Path
    bucket: str
    s3_key: S3Key
    sftp_login: str
    sftp_password: str = field(repr=False)
    sftp_root: Path
    slack_token: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackAddresses:
    """Where everything is.

    Attributes:
        metadata_url: SQLAlchemy URL of an empty or earlier Airflow database, password included.
    """

    metadata_url: str = field(repr=False)
    postgres_host: str
    postgres_port: int
    vault_url: str
    vault_root_token_file: Path
    s3_url: str
    s3_region: str
    sftp_host: str
    sftp_port: int
    sftp_host_key: str
    slack_url: str
    jira_url: str
    jira_token: str = field(repr=False)
    environments_file: Path
    environments: Mapping[str, EnvironmentAddresses]


class EmbeddedStack:
    """All outside systems of the demo; a context manager that stops them at its end.

    Args:
        home: directory of the state; made where it is missing.
        environments: ``production``, ``development`` or both.
        repository: the project's git repository, as the environments file names it.
    """

    def __init__(
        self,
        home: Path,
        environments: Sequence[str] = ("production", "development"),
        *,
        repository: Path | None = None,
    ) -> None:
        self.home = DemoHome(home)
        self.environments = demo_environments(environments)
        self.repository = repository or self.home.root / "repository.git"
        self._parts: _Parts | None = None
        self._addresses: StackAddresses | None = None

    def start(self, say: Callable[[str], None] = lambda _: None) -> StackAddresses:
        """Start everything, about four seconds.

        Args:
            say: is told what is ready, line by line.

        Raises:
            ConfigurationError: another process runs a demo in this home.
            OutsideSystemError: a component did not start; nothing is left running then.
        """
        self.home.claim()
        try:
            self._addresses = self._start(say)
        except BaseException:
            self.stop()
            raise
        return self._addresses

    @property
    def addresses(self) -> StackAddresses:
        """Where everything is, while it runs."""
        if self._addresses is None:
            raise ValueError(_NOT_STARTED)
        return self._addresses

    def stop(self) -> None:
        """Stop everything gracefully; stopped already is no error."""
        if self._parts is not None:
            self._parts.stop()
            self._parts = self._addresses = None
        self.home.release()

    def deliver(self, mondays: Sequence[date]) -> None:
        """Have the partner deliver the files of these Mondays of 2017 to every environment."""
        sample_key = self.home.secret("sample_key").encode()
        for environment in self.environments:
            outbox = self.outbox(environment.name)
            write_weeks(outbox, mondays, sample_key=sample_key if environment.is_sampled else None)

    def deliver_corrupted(self, monday: date) -> None:
        """Have the partner deliver a file to every environment with which something is wrong."""
        self.deliver([monday])
        for environment in self.environments:
            corrupt(self.outbox(environment.name) / monday.isoformat() / "transactions.csv")

    def outbox(self, environment: str) -> Path:
        """Directory of the partner's files for an environment: ``/outbox`` of its SFTP login."""
        return self._running.sftp.outbox(*demo_environments([environment]))

    def ticket(self, key: str) -> tuple[str, str | None]:
        """Status of a ticket, and whose it is."""
        return self._running.jira.ticket(key)

    def put_secret(self, environment: str, path: str, fields: Mapping[str, str]) -> None:
        """Write a secret into an environment's vault, such as ``kitchens/padma/redshift``."""
        self._running.vault.put_secret(environment, path, fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def _running(self) -> _Parts:
        if self._parts is None:
            raise ValueError(_NOT_STARTED)
        return self._parts

    def _start(self, say: Callable[[str], None]) -> StackAddresses:
        stop_leftovers(self.home)
        ports = self.home.ports(["postgres", "vault", "s3", "sftp", "slack", "jira"])
        self._parts = parts = _Parts(
            postgres=EmbeddedPostgres(self.home, ports["postgres"]),
            vault=EmbeddedVault(self.home, ports["vault"]),
            s3=EmbeddedS3(self.home, ports["s3"]),
            sftp=EmbeddedSftp(self.home, ports["sftp"]),
            slack=EmbeddedSlack(self.home, ports["slack"]),
            jira=EmbeddedJira(self.home, ports["jira"]),
        )
        # These two take seconds to import their libraries: they do so while the rest starts.
        parts.s3.launch(self.environments)
        parts.sftp.launch(self.environments)
        parts.slack.launch(self.environments)
        parts.jira.launch()
        parts.postgres.start(say)
        parts.vault.launch(parts.postgres)
        metadata = parts.postgres.login(_METADATA_DATABASE)
        parts.postgres.provide_database(_METADATA_DATABASE, metadata)
        for environment in self.environments:
            _provide_warehouse(environment, parts.postgres)
        parts.vault.get_ready(say)
        logins = {e.name: parts.vault.provide_environment(e.name) for e in self.environments}
        for environment in self.environments:
            _connect_vault(environment, parts)
        host_key, keys = parts.sftp.host_key(say), parts.s3.keys(say)
        parts.slack.get_ready(say)
        parts.jira.get_ready(say)
        environments_file = self.home.root / "environments.yaml"
        text = environments_text(
            self.repository, self.environments, logins, jira_url=parts.jira.url
        )
        write_private(environments_file, text)
        addresses = StackAddresses(
            metadata_url=parts.postgres.url("postgresql+psycopg2", _METADATA_DATABASE, metadata),
            postgres_host=HOST,
            postgres_port=parts.postgres.port,
            vault_url=parts.vault.url,
            vault_root_token_file=parts.vault.root_token_file,
            s3_url=parts.s3.url,
            s3_region=REGION,
            sftp_host=HOST,
            sftp_port=parts.sftp.port,
            sftp_host_key=host_key,
            slack_url=parts.slack.url,
            jira_url=parts.jira.url,
            jira_token=parts.jira.token,
            environments_file=environments_file,
            environments={
                e.name: _addresses_of(e, parts, logins[e.name], keys[e.name])
                for e in self.environments
            },
        )
        makers = {e.name: parts.vault.provide_provisioning(e.name) for e in self.environments}
        store_tools(parts.vault, addresses, makers)
        return addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    postgres: EmbeddedPostgres
    vault: EmbeddedVault
    s3: EmbeddedS3
    sftp: EmbeddedSftp
    slack: EmbeddedSlack
    jira: EmbeddedJira

    def stop(self) -> None:
        for part in (self.s3, self.sftp, self.slack, self.jira, self.vault):
            part.ask_to_stop()
        # PostgreSQL is the last: the vault's data are in it.
        for server in (self.s3, self.sftp, self.slack, self.jira, self.vault, self.postgres):
            server.stop()


def _provide_warehouse(environment: DemoEnvironment, postgres: EmbeddedPostgres) -> None:
    database = environment.warehouse_database
    postgres.provide_database(database, postgres.login(environment.warehouse_login))
    postgres.provide_makers(
        database,
        provision=postgres.login(environment.provision_login),
        vault=postgres.login(environment.vault_login),
    )


def _connect_vault(environment: DemoEnvironment, parts: _Parts) -> None:
    server, database = f"{HOST}:{parts.postgres.port}", environment.warehouse_database
    parts.vault.connect_database(
        environment.name,
        "redshift",
        url=f"postgresql://{{{{username}}}}:{{{{password}}}}@{server}/{database}?sslmode=disable",
        login=parts.postgres.login(environment.vault_login),
    )


def _addresses_of(
    environment: DemoEnvironment, parts: _Parts, login: VaultLogin, s3_key: S3Key
) -> EnvironmentAddresses:
    return EnvironmentAddresses(
        name=environment.name,
        warehouse_database=environment.warehouse_database,
        warehouse_login=environment.warehouse_login,
        warehouse_password=parts.postgres.login(environment.warehouse_login).password,
        provision_login=environment.provision_login,
        provision_password=parts.postgres.login(environment.provision_login).password,
        vault_mount=environment.name,
        role_id=login.role_id_file.read_text(),
        role_id_file=login.role_id_file,
        secret_id_file=login.secret_id_file,
        bucket=environment.bucket,
        s3_key=s3_key,
        sftp_login=environment.sftp_login,
        sftp_password=parts.sftp.password(environment),
        sftp_root=parts.sftp.root(environment),
        slack_token=parts.slack.token(environment),
    )
