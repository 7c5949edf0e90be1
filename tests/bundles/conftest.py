"""A dag-processor's view: a repository, the registry of kitchens, folders on this host."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from airflow_dataops.bundles.kitchens import KitchenBundle
from airflow_dataops.demo.environments import VaultLogin, demo_environments, environments_text
from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings, KitchenState
from airflow_dataops.domain.provisioning import Operation, OperationKind
from airflow_dataops.registry.kitchens import KitchenTable

if TYPE_CHECKING:
    from pathlib import Path

    from tests.git_fixtures import Origin

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BUNDLES = {"development": "kitchens-development", "production": "kitchens-production"}


@dataclass(kw_only=True)
class Host:
    """A machine with kitchens' bundles."""

    origin: Origin
    table: KitchenTable
    home: Path
    database: str
    monkeypatch: pytest.MonkeyPatch

    def add_kitchen(
        self,
        name: str,
        environment: str = "development",
        branch: str = "",
        *,
        parent: str | None = None,
        **settings: Any,
    ) -> Kitchen:
        kitchen = Kitchen(
            id=str(uuid4()),
            name=name,
            project="retail",
            environment=environment,
            branch=branch or name,
            parent=parent,
            created_at=NOON,
            created_by="padma",
            state=KitchenState.CREATING,
            settings=KitchenSettings(**settings),
        )
        self.table.add(
            kitchen,
            staff=[],
            operation=operation(OperationKind.CREATE, kitchen),
            audit=deed(kitchen, "begin to create"),
        )
        return kitchen

    def change(self, name: str, **settings: Any) -> None:
        kitchen = self.table.kitchen(name)
        self.table.change(kitchen, KitchenSettings(**settings), audit=deed(kitchen, "change"))

    def delete(self, name: str) -> None:
        """Begin to delete a kitchen: from then on its DAGs are gone."""
        kitchen = self.table.kitchen(name)
        self.table.mark_deleting(
            kitchen,
            operation(OperationKind.DELETE, kitchen),
            audit=deed(kitchen, "begin to delete"),
        )

    def bundle(
        self, environment: str = "development", *, version: str | None = None, **arguments: Any
    ) -> KitchenBundle:
        return KitchenBundle(
            name=BUNDLES[environment], environment=environment, version=version, **arguments
        )

    def current(self, environment: str = "development") -> str:
        return self.bundle(environment).get_current_version().version

    def storage(self) -> Path:
        return self.home / "bundles"

    def use_storage(self, folder: Path) -> None:
        self.monkeypatch.setenv("AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH", str(folder))

    def code_of(self, bundle: KitchenBundle, kitchen: str) -> Path:
        return bundle.path / kitchen / "code"

    def environment(self) -> dict[str, str]:
        """For another process on this machine."""
        return {**os.environ, "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.database}


def operation(kind: OperationKind, kitchen: Kitchen) -> Operation:
    return Operation(
        id=str(uuid4()), kind=kind, kitchen=kitchen, by="padma", reason=None, began_at=NOON
    )


def deed(kitchen: Kitchen, action: str) -> AuditEntry:
    return AuditEntry(
        at=NOON,
        by="padma",
        source="test",
        action=action,
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
    )


@pytest.fixture
def host(airflow_engine, origin, tmp_path, monkeypatch) -> Host:
    """A host whose development environment has no kitchen yet."""
    # This process is a worker or a command; the guard has tests of its own.
    monkeypatch.delitem(sys.modules, "airflow.dag_processing.manager", raising=False)
    environments = demo_environments(["production", "development"])
    file = tmp_path / "environments.yaml"
    logins = {
        environment.name: VaultLogin(
            url="http://127.0.0.1:1",
            role_id_file=tmp_path / f"{environment.name}_role_id",
            secret_id_file=tmp_path / f"{environment.name}_secret_id",
        )
        for environment in environments
    }
    file.write_text(environments_text(origin.path, environments, logins))
    monkeypatch.setenv("AIRFLOW__DATAOPS__ENVIRONMENTS_FILE", str(file))
    host = Host(
        origin=origin,
        table=KitchenTable(airflow_engine, bundle_name=BUNDLES.__getitem__),
        home=tmp_path,
        database=str(airflow_engine.url),
        monkeypatch=monkeypatch,
    )
    host.use_storage(host.storage())
    return host
