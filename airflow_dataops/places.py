"""Where the parts of kitchens are, seen from the API server or from a command line.

Both take the same steps through the same services. They differ in who makes what only an
environment's workers reach: a run of its provisioning DAG, or this very process.
"""

from __future__ import annotations

import logging
import os
import socket
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops import bootstrap, config, repositories
from airflow_dataops.domain import names
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.errors import CredentialRefused
from airflow_dataops.merge_places import evidence_places, merge_places
from airflow_dataops.services.kitchens import Places
from airflow_dataops.services.provisioning import carry_out

__all__ = ["branches", "evidence_places", "local_places", "merge_places", "server_places"]

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow.models.connection import Connection

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.provisioning import Operation, Part
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.ports import KitchenPart, Operations, Workers
    from airflow_dataops.schedule_ports import SourceBranches

log = logging.getLogger(__name__)


def server_places(project: str) -> Places:
    """The places of a project's kitchens, as the API server reaches them.

    Args:
        project: its name in the environments file.
    """
    projects = config.environments()
    return Places(
        projects=projects,
        registry=bootstrap.kitchen_registry(),
        operations=bootstrap.operations(),
        repository=repositories.repository(projects.projects[project]),
        access=bootstrap.access_roles(),
        runs=bootstrap.airflow_runs(),
        workers=bootstrap.airflow_workers(),
        hooks=bootstrap.life_cycle_hooks(),
    )


def branches(project: str) -> SourceBranches:
    """The branches of a project's repository, to change a file on."""
    return repositories.repository(config.environments().projects[project])


def local_places(project: str, say: Callable[[str], None]) -> Places:
    """The same places, with everything made in this process: for ``--local``.

    Args:
        project: its name in the environments file.
        say: is told of each step that is done.
    """
    of_server = server_places(project)
    operations = _ToldSteps(of_server.operations, say)
    workers = LocalWorkers(operations, of_server.workers)
    return replace(of_server, operations=operations, workers=workers)


class LocalWorkers:
    """Makes and unmakes parts in this process, with the logins of ``provision/``.

    Args:
        operations: hears of each part.
        of_airflow: who may have begun what is to be done here.
    """

    def __init__(self, operations: Operations, of_airflow: Workers) -> None:
        self._operations = operations
        self._of_airflow = of_airflow

    def start(self, operation: Operation) -> str:
        """Carry out what is left, to its end; gives a name of this process.

        Raises:
            OutsideSystemError: a tool refuses.
            Superseded: another attempt has taken over.
        """
        kitchen = operation.kitchen
        environment = config.environments().environment(kitchen.environment)

        def find(part: Part) -> KitchenPart:
            return bootstrap.kitchen_part(
                part, kitchen, environment, _provision_logins(environment)
            )

        left = [part for part in operation.left() if not part.is_made_by_server]
        report = _Report(self._operations, operation)
        carry_out(operation.kind, left, find=find, report=report)
        return f"local-{socket.gethostname()}-{os.getpid()}"

    def is_working(self, operation: Operation) -> bool:  # noqa: ARG002 - the port's
        """Never: who asks for ``--local`` wants it done here and now."""
        return False

    def stop(self, operation: Operation) -> None:
        """End what Airflow has running for an attempt."""
        self._of_airflow.stop(operation)


class _Report:
    """Tells the operations' table directly; implements ``ProvisioningReport``."""

    def __init__(self, operations: Operations, operation: Operation) -> None:
        self._operations = operations
        self._operation = operation

    def begins(self, part: Part) -> None:
        self._operations.step(self._operation, part, Progress.RUNNING)

    def is_done(self, part: Part, detail: str) -> None:
        self._operations.step(self._operation, part, Progress.DONE, detail=detail)


class _ToldSteps:
    """Operations whose finished steps are told to a person; implements ``Operations``."""

    def __init__(self, operations: Operations, say: Callable[[str], None]) -> None:
        self._operations = operations
        self._say = say

    def operation(self, operation_id: str) -> Operation:
        return self._operations.operation(operation_id)

    def latest(self, kitchen: Kitchen) -> Operation | None:
        return self._operations.latest(kitchen)

    def all_of(self, kitchen: Kitchen) -> list[Operation]:
        return self._operations.all_of(kitchen)

    def next_attempt(self, operation: Operation) -> Operation:
        return self._operations.next_attempt(operation)

    def started(self, operation: Operation, *, run_id: str) -> None:
        self._operations.started(operation, run_id=run_id)

    def step(
        self, operation: Operation, part: Part, progress: Progress, *, detail: str = ""
    ) -> None:
        self._operations.step(operation, part, progress, detail=detail)
        if progress is Progress.DONE:
            self._say(f"{part.name} {part.what}: {detail}")

    def failed(self, operation: Operation, *, error: str) -> None:
        self._operations.failed(operation, error=error)

    def finish(self, operation: Operation, *, audit: AuditEntry) -> None:
        self._operations.finish(operation, audit=audit)


def _provision_logins(environment: ReleaseEnvironment) -> Callable[[str], Connection]:
    def login(conn_id: str) -> Connection:
        from airflow_dataops.adapters.airflow_connections import as_connection
        from airflow_dataops.domain.release_environment import Tool

        place = names.provision_secret(conn_id)
        fields = bootstrap.secret_store(environment).read(place)
        if fields is None:
            message = (
                f"the vault of {environment.name} has no login at {place}; kitchens are made and "
                "unmade with it"
            )
            raise CredentialRefused(message)
        # A provisioning login starts in no kitchen's schema, whatever the tool.
        return as_connection(Tool(name=conn_id), fields, schema=None)

    return login
