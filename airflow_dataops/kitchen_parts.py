"""Which adapters make and unmake each part of a kitchen, and with whose logins."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.provisioning import PartKind
from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.models.connection import Connection
    from airflow.sdk import Connection as TaskConnection

    from airflow_dataops.adapters.kitchen_database.sessions import KitchenInDatabase
    from airflow_dataops.adapters.vault import HashicorpVault
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, VaultPlace
    from airflow_dataops.ports import KitchenPart

    Connections = Callable[[str], Connection | TaskConnection]


def kitchen_part(
    part: Part, kitchen: Kitchen, environment: ReleaseEnvironment, connection: Connections
) -> KitchenPart:
    """The place where a part is made.

    Args:
        part: one that the environment's workers make.
        kitchen: whose it is.
        environment: the kitchen's.
        connection: gives the login of ``provision/`` for a tool, or for ``vault``.

    Raises:
        ConfigurationError: a tool's connection is of a type that cannot hold the part.
        CredentialRefused: the vault has no login where one is needed.
    """
    if part.is_made_by_server:
        message = f"{part.name} is made by the API server"
        raise ValueError(message)
    site = _Site(part, kitchen, environment, connection)
    makers: dict[PartKind, Callable[[], KitchenPart]] = {
        PartKind.SECRETS: site.secrets,
        PartKind.DATABASE_ROLE: site.role,
        PartKind.SCHEMA: site.schema,
        PartKind.VAULT_ROLE: site.vault_role,
        PartKind.CREDENTIAL: site.credential,
        PartKind.PREFIX: site.prefix,
        PartKind.FOLDER: site.folder,
    }
    return makers[part.kind]()


class _Site:
    """One part of one kitchen, with the logins to make it."""

    def __init__(
        self,
        part: Part,
        kitchen: Kitchen,
        environment: ReleaseEnvironment,
        connection: Connections,
    ) -> None:
        self._what = part.what
        self._tool = part.tool or ""  # a part in no tool does not ask for it
        self._kitchen = kitchen
        self._environment = environment
        self._connection = connection

    def secrets(self) -> KitchenPart:
        from airflow_dataops.adapters.kitchen_secrets import KitchenSecrets

        return KitchenSecrets(self._vault(), self._what, kitchen=self._kitchen)

    def role(self) -> KitchenPart:
        from airflow_dataops.adapters.kitchen_database.roles import KitchenRole

        is_dynamic = self._environment.tool(self._tool).dynamic
        issuer = self._vault().database_login(self._tool) if is_dynamic else None
        return KitchenRole(self._database(), self._own(), issuer=issuer)

    def schema(self) -> KitchenPart:
        from airflow_dataops.adapters.kitchen_database.schemas import BaseSchema, KitchenSchema

        if self._kitchen.name == self._environment.base_kitchen.name:
            return BaseSchema(self._database(), self._own(), user=self._environments_login())
        return KitchenSchema(self._database(), self._own())

    def vault_role(self) -> KitchenPart:
        from airflow_dataops.adapters.kitchen_database.roles import issuing_statements
        from airflow_dataops.kitchen_logins import IssuedLogins

        vault, own = self._vault(), self._own()

        def statements() -> tuple[list[str], list[str]]:
            issuer = vault.database_login(self._tool)
            return issuing_statements(self._database(), own, issuer=issuer)

        return IssuedLogins(vault, self._what, database=self._tool, statements=statements, own=own)

    def credential(self) -> KitchenPart:
        from airflow_dataops.adapters.kitchen_database.roles import KitchenLogin
        from airflow_dataops.kitchen_logins import StoredCredential

        maker, own = self._connection(self._tool), self._own()
        fields = {
            "conn_type": maker.conn_type,
            "host": maker.host,
            "port": maker.port and str(maker.port),
            "schema": maker.schema,
            "extra": maker.extra,
            "login": own.role,
        }
        return StoredCredential(
            KitchenLogin(self._database(), own),
            self._vault(),
            self._what,
            fields={name: value for name, value in fields.items() if value},
            kitchen=self._kitchen,
        )

    def prefix(self) -> KitchenPart:
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        from airflow_dataops.adapters.object_store import KitchenPrefix, PrefixPlace, client_of

        maker = self._connection(self._tool)

        class GivenHook(S3Hook):
            @classmethod
            def get_connection(cls, conn_id: str) -> Connection | TaskConnection:  # noqa: ARG003
                return maker

        bucket, _, prefix = self._what.partition("/")
        place = PrefixPlace(
            kitchen=self._kitchen.name,
            bucket=bucket,
            prefix=prefix,
            mark_key=names.bucket_mark(prefix),
            mark=self._mark,
        )
        return KitchenPrefix(client_of(GivenHook(aws_conn_id=self._tool)), place)

    def folder(self) -> KitchenPart:
        from airflow.providers.sftp.hooks.sftp import SFTPHook

        from airflow_dataops.adapters.file_server import FolderPlace, KitchenFolder

        maker = self._connection(self._tool)

        class GivenHook(SFTPHook):
            @classmethod
            def get_connection(cls, conn_id: str) -> Connection | TaskConnection:  # noqa: ARG003
                return maker

        place = FolderPlace(
            kitchen=self._kitchen.name,
            folder=self._what,
            mark_file=names.folder_mark(self._what),
            mark=self._mark,
        )
        return KitchenFolder(GivenHook(ssh_conn_id=self._tool), place)

    @property
    def _mark(self) -> str:
        return f"dataops kitchen {self._kitchen.id}"

    def _own(self) -> KitchenInDatabase:
        from airflow_dataops.adapters.kitchen_database.sessions import KitchenInDatabase

        return KitchenInDatabase(
            kitchen=self._kitchen.name,
            mark=self._mark,
            role=names.database_role(self._kitchen.name),
            schema=self._kitchen.schema,
        )

    def _database(self) -> dict[str, str | int]:
        from airflow_dataops.adapters.database_login import database_login

        return database_login(self._tool, self._connection(self._tool))

    def _vault(self) -> HashicorpVault:
        maker = self._connection("vault")
        return _vault(self._environment.vault, str(maker.login), str(maker.password))

    def _environments_login(self) -> str:
        """Login that the environment's base kitchen works under."""
        from airflow_dataops.adapters.airflow_connections import as_connection

        path = names.tool_secret(self._tool)
        fields = self._vault().read(path)
        if fields is None:
            message = (
                f"the vault of {self._environment.name} has no credential for {self._tool} at "
                f"{path}, which its base kitchen would work with"
            )
            raise CredentialRefused(message)
        tool = self._environment.tool(self._tool)
        return str(as_connection(tool, fields, schema=None).login)


@lru_cache(maxsize=8)
def _vault(place: VaultPlace, role_id: str, secret_id: str) -> HashicorpVault:
    """One login per process, shared by all parts that it makes."""
    from airflow_dataops.adapters.vault import AppRoleLogin, HashicorpVault

    return HashicorpVault(place, login=AppRoleLogin(role_id=role_id, secret_id=secret_id))
