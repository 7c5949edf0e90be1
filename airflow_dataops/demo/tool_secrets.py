"""What the demo's vaults hold: each environment's tools, in the fields of an Airflow connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.demo.environments import VaultLogin
    from airflow_dataops.demo.openbao import EmbeddedVault
    from airflow_dataops.demo.stack import EnvironmentAddresses, StackAddresses

    Fields = dict[str, str]


def store_tools(
    vault: EmbeddedVault, addresses: StackAddresses, makers: Mapping[str, VaultLogin]
) -> None:
    """Write the secrets of every environment.

    Args:
        vault: is ready.
        addresses: of everything that the secrets lead to.
        makers: by environment, the vault's login of what makes kitchens.
    """
    for environment in addresses.environments.values():
        tools = {
            "redshift": _warehouse(addresses, environment),
            "s3": _object_store(addresses, environment),
            "sftp": _file_server(addresses, environment),
        }
        for tool, fields in tools.items():
            vault.put_secret(environment.name, names.tool_secret(tool), fields)
        slack = _slack(addresses, environment)
        vault.put_secret(environment.name, names.tool_secret("slack"), slack)
        jira = {"password": addresses.jira_token}
        vault.put_secret(environment.name, names.ticket_secret(), jira)
        # What makes kitchens has a database login of its own, and one for the vault.
        tools["redshift"] |= {
            "login": environment.provision_login,
            "password": environment.provision_password,
        }
        tools["vault"] = _vault(makers[environment.name])
        for tool, fields in tools.items():
            vault.put_secret(environment.name, names.provision_secret(tool), fields)


def _warehouse(addresses: StackAddresses, environment: EnvironmentAddresses) -> Fields:
    return {
        "conn_type": "postgres",
        "host": addresses.postgres_host,
        "port": str(addresses.postgres_port),
        "login": environment.warehouse_login,
        "password": environment.warehouse_password,
        "schema": environment.warehouse_database,
    }


def _object_store(addresses: StackAddresses, environment: EnvironmentAddresses) -> Fields:
    extra = {"endpoint_url": addresses.s3_url, "region_name": addresses.s3_region}
    return {
        "conn_type": "aws",
        "login": environment.s3_key.access_key,
        "password": environment.s3_key.secret_key,
        "extra": json.dumps(extra),
    }


def _file_server(addresses: StackAddresses, environment: EnvironmentAddresses) -> Fields:
    extra = {"no_host_key_check": False, "host_key": addresses.sftp_host_key}
    return {
        "conn_type": "sftp",
        "host": addresses.sftp_host,
        "port": str(addresses.sftp_port),
        "login": environment.sftp_login,
        "password": environment.sftp_password,
        "extra": json.dumps(extra),
    }


def _slack(addresses: StackAddresses, environment: EnvironmentAddresses) -> Fields:
    extra = {"base_url": f"{addresses.slack_url}/api/"}
    return {
        "conn_type": "slack",
        "password": environment.slack_token,
        "extra": json.dumps(extra),
    }


def _vault(login: VaultLogin) -> Fields:
    return {
        "conn_type": "vault",
        "host": login.url,
        "login": login.role_id_file.read_text(),
        "password": login.secret_id_file.read_text(),
    }
