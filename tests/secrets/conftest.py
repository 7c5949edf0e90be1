"""An API server's view: a metadata database, an environments file, a vault and who asks."""

from __future__ import annotations

import asyncio
import json
import time
from dataclasses import dataclass
from itertools import count
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
import yaml

from airflow_dataops import bootstrap, config
from airflow_dataops.adapters.airflow_connections import as_connection
from airflow_dataops.domain import names
from airflow_dataops.domain.kitchen import Kitchen
from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.domain.release_environment import Tool
from airflow_dataops.secrets import kitchen_credentials, task_logins
from airflow_dataops.secrets.identity import IdentityMiddleware
from airflow_dataops.secrets.kitchen_vault import KitchenVaultBackend
from airflow_dataops.secrets.refusals import Refused
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag, add_running_task
from tests.secrets.logins import vault_administrator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from sqlalchemy import Engine

    from airflow_dataops.demo.stack import EmbeddedStack

_LONGEST_SECONDS = 10
BUNDLES = {"development": "kitchens-development", "production": "kitchens-production"}


class Clock:
    """A clock that a test turns forward."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass(kw_only=True)
class Installation:
    """What an API server has at hand, and how a task's request reaches its backend."""

    engine: Engine
    stack: EmbeddedStack
    clock: Clock
    home: Path
    monkeypatch: pytest.MonkeyPatch

    def add_kitchen(self, name: str, environment: str = "development") -> str:
        """Id of a new kitchen that is ready."""
        return kitchen_rows.add_kitchen(self.engine, name, environment)

    def make_kitchen(self, name: str) -> Kitchen:
        """A kitchen of development to which the vault issues logins of the warehouse."""
        self.declare(lambda development: development["tools"]["redshift"].update(dynamic=True))
        environment = config.environments().environment("development")
        kitchen = Kitchen(
            id=self.add_kitchen(name),
            name=name,
            project="retail",
            environment=environment.name,
            branch=name,
            parent=None,
            created_at=kitchen_rows.NOON,
            created_by="padma",
        )
        for part in parts_of(kitchen, environment):
            if part.tool == "redshift":
                bootstrap.kitchen_part(part, kitchen, environment, self._maker).make()
        return kitchen

    def _maker(self, tool: str) -> Any:
        environment = config.environments().environment("development")
        fields = bootstrap.secret_store(environment).read(names.provision_secret(tool))
        assert fields is not None
        return as_connection(Tool(name=tool), fields, schema=None)

    def running_task(self, kitchen: str, environment: str = "development") -> str:
        """Id of a task instance whose rows all say the same."""
        return self.task_of(f"{kitchen}.profit", environment)

    def task_of(
        self, dag_id: str, environment: str = "development", *, task_id: str = "load"
    ) -> str:
        """Id of a running task of a DAG that an environment's bundle declares."""
        bundle, version = BUNDLES[environment], f"version-of-{environment}"
        kitchen_rows.record(self.engine, version, bundle=bundle, environment=environment)
        add_dag(self.engine, dag_id, bundle=bundle)
        return add_running_task(self.engine, dag_id, version=version, task_id=task_id)

    def ordinary_task(self) -> str:
        add_dag(self.engine, "reports.daily", bundle="dags-folder")
        return add_running_task(self.engine, "reports.daily", version=None)

    def new_task(self, environment: str = "development") -> str:
        """A running task of a new kitchen."""
        name = f"k{uuid4().hex[:10]}"
        self.add_kitchen(name, environment)
        return self.running_task(name, environment)

    def connection(self, task: str, conn_id: str = "redshift") -> Any:
        return asking(task, lambda: KitchenVaultBackend().get_connection(conn_id))

    def key(self, task: str) -> str:
        """The password that a task is given for the warehouse."""
        return str(self.connection(task).password)

    def variable(self, task: str, key: str) -> Any:
        return asking(task, lambda: KitchenVaultBackend().get_variable(key))

    def set(self, section: str, option: str, value: str) -> None:
        self.monkeypatch.setenv(f"AIRFLOW__{section.upper()}__{option.upper()}", value)

    def declare(self, change: Callable[[dict[str, Any]], object]) -> Path:
        """Let an environments file of the test's own declare development differently.

        Its warehouse has one login for all kitchens, unless ``change`` makes it dynamic.
        """
        declared = yaml.safe_load(self.stack.addresses.environments_file.read_text())
        development = declared["projects"]["retail"]["environments"]["development"]
        del development["tools"]["redshift"]["dynamic"]
        change(development)
        file = self.home / "environments.yaml"
        file.write_text(yaml.safe_dump(declared))
        self.set("dataops", "environments_file", str(file))
        return file


def asking(task_instance: str | None, call: Callable[[], Any]) -> Any:
    """Answer within a request that carries a task's token, as Airflow has validated it."""
    answers = []

    async def airflow(scope: Mapping[str, Any], *_: Any) -> None:
        if task_instance is not None:
            scope["ti_token"] = SimpleNamespace(id=task_instance)
        answers.append(call())

    scope = {"type": "http", "method": "GET", "path": "/execution/connections/x", "headers": []}
    asyncio.run(IdentityMiddleware(airflow)(scope, None, None))
    return answers[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def installation(airflow_engine, embedded_stack, clock, tmp_path, monkeypatch) -> Installation:
    """An API server on the real vault of two environments."""
    configured = Installation(
        engine=airflow_engine,
        stack=embedded_stack,
        clock=clock,
        home=tmp_path,
        monkeypatch=monkeypatch,
    )
    configured.declare(lambda _: None)
    kitchens = "airflow_dataops.bundles.kitchens.KitchenBundle"
    bundles = [
        {"name": name, "classpath": kitchens, "kwargs": {"environment": environment}}
        for environment, name in BUNDLES.items()
    ]
    configured.set("dag_processor", "dag_bundle_config_list", json.dumps(bundles))
    for cache in ("_connections", "_variables"):
        monkeypatch.setattr(kitchen_credentials, cache, kitchen_credentials.ShortCache(clock))
    monkeypatch.setattr(task_logins, "_kept", task_logins.KeptLogins())
    bootstrap._vault.cache_clear()
    return configured


@pytest.fixture
def fresh_name() -> Callable[[], str]:
    """Names that no other test's secrets stand under."""
    prefix, numbers = f"k{uuid4().hex[:8]}", count()
    return lambda: f"{prefix}_{next(numbers)}"


@pytest.fixture
def short_tokens(installation) -> Iterator[None]:
    """An AppRole whose tokens live ten minutes."""
    client = vault_administrator(installation)
    role = client.auth.approle.read_role("development")["data"]
    client.auth.approle.create_or_update_approle(
        "development",
        token_policies=role["token_policies"],
        token_ttl="10m",  # noqa: S106
    )
    bootstrap._vault.cache_clear()
    yield
    client.auth.approle.create_or_update_approle(
        "development", token_policies=role["token_policies"], token_ttl=role["token_ttl"]
    )
    bootstrap._vault.cache_clear()


def refusal(installation, task):
    """Why a task was refused, within the time that it may take."""
    begin = time.monotonic()
    with pytest.raises(Refused) as refused:
        installation.connection(task)
    assert time.monotonic() - begin < _LONGEST_SECONDS
    assert refused.value.status_code == 403
    assert "hunter" not in str(refused.value)  # whatever a test's vault was told or says
    return str(refused.value)
