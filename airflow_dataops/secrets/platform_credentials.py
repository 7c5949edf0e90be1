"""What the tasks that make and unmake kitchens get.

These logins reach further than any kitchen's: they make schemas, roles and folders. They lie in
a part of the vault of their own, are asked for rarely, and are kept nowhere.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.release_environment import Tool
from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from airflow.models.connection import Connection

    from airflow_dataops.domain.identity import KitchenTask

log = logging.getLogger(__name__)

# Connection ids beside those of the environment's tools.
VAULT = "vault"
API = names.PLATFORM


def connection(task: KitchenTask, task_instance: str, conn_id: str) -> Connection:
    """The login of this environment with which kitchens are made, or one for our own API.

    Args:
        task: one of the platform's.
        task_instance: the task instance that asks.
        conn_id: a tool of the environment, ``vault`` for the vault itself, or ``dataops``.

    Raises:
        CredentialRefused: the environment or its vault has no such login.
        ConfigurationError: our API's address or key is not configured.
        VaultUnavailable: the vault does not answer.
    """
    from airflow_dataops import bootstrap, config
    from airflow_dataops.adapters.airflow_connections import as_connection

    if conn_id == API:
        return of_our_api(task, task_instance)
    environment = config.environments().environment(task.environment)
    tool = Tool(name=VAULT) if conn_id == VAULT else environment.tool(conn_id)
    place = names.provision_secret(tool.name)
    fields = bootstrap.secret_store(environment).read(place)
    if fields is None:
        message = (
            f"the vault of {environment.name} has nothing at {place}; put a login there that may "
            "make and unmake kitchens"
        )
        raise CredentialRefused(message)
    log.info("%s reads %s of %s", task.dag_id, place, environment.name)
    if conn_id == VAULT:
        fields = {"conn_type": VAULT, **fields}
    return as_connection(tool, fields, schema=None)


def of_our_api(task: KitchenTask, task_instance: str) -> Connection:
    """Our own API's address, and a token of minutes for this try of this task.

    Raises:
        ConfigurationError: our API's address or key is not configured.
    """
    from airflow.models.connection import Connection

    from airflow_dataops import config
    from airflow_dataops.secrets import task_tokens

    found = Connection(conn_id=API, conn_type="http", host=config.api_url())
    # Set, not given to the constructor: that would teach this process's masker each of these
    # tokens for good, and it grows slower with every one. The task's own masker learns it.
    found.password = task_tokens.mint(task, task_instance)
    return found
