"""An installation with two projects, in memory, for tests of the services."""

from __future__ import annotations

from itertools import count

from airflow_dataops.domain.kitchen import KitchenSettings, KitchenState
from airflow_dataops.domain.release_environment import (
    BaseKitchen,
    Project,
    Projects,
    ReleaseEnvironment,
    Tool,
    VaultPlace,
)
from airflow_dataops.services import kitchens
from tests.fakes import FakeRepository
from tests.fakes_places import FakeAccessRoles, FakeHooks, FakeRuns, FakeTools, FakeWorkers
from tests.fakes_registry import FakeAuditTrail, FakeKitchenRegistry, FakeOperations, FakeRegistry
from tests.kitchen_values import NOON

_TOOLS = [
    Tool(name="redshift", schema_per_kitchen=True, dynamic=True),
    Tool(name="reports", schema_per_kitchen=True),
    Tool(name="s3", bucket="acme"),
    Tool(name="sftp", folder="/outbox"),
    Tool(name="slack"),
]
# What "dev_kitchen" of development has in tools.
PARTS_OF_DEV_KITCHEN = {
    "database_role:redshift kitchen_dev_kitchen",
    "schema:redshift dev_kitchen",
    "vault_role:redshift development.dev_kitchen.redshift",
    "database_role:reports kitchen_dev_kitchen",
    "schema:reports dev_kitchen",
    "credential:reports kitchens/dev_kitchen/reports",
    "prefix:s3 acme/dev_kitchen/",
    "folder:sftp /outbox/dev_kitchen/",
}


def environment(name, *, base, branch, project="retail", **others):
    return ReleaseEnvironment(
        name=name,
        project=project,
        vault=VaultPlace(kind="hashicorp", url="https://vault.example.com", mount=name),
        base_kitchen=BaseKitchen(name=base, branch=branch),
        tools={tool.name: tool for tool in _TOOLS},
        **others,
    )


def _project(name, *environments):
    return Project(
        name=name,
        repository=f"{name}.git",
        environments={environment.name: environment for environment in environments},
    )


PROJECTS = Projects(
    projects={
        "retail": _project(
            "retail",
            environment(
                "production", base="demo_production", branch="main", owner="eric", protected=True
            ),
            environment("development", base="demo_dev", branch="demo_dev", owner="chris"),
            environment("staging", base="demo_staging", branch="release/next"),
        ),
        "banking": _project(
            "banking", environment("bank", base="demo_bank", branch="main", project="banking")
        ),
    }
)


class Installation:
    """The places of all kitchens, and requests of people to them.

    Args:
        at_once: parts are made in the process that asks, as with ``--local``.
    """

    def __init__(self, *, at_once=False):
        self.recorded = FakeRegistry()
        self.registry = FakeKitchenRegistry(self.recorded)
        self.operations = FakeOperations(self.recorded, now=lambda: NOON)
        self.audit = FakeAuditTrail(self.recorded)
        self.repository = FakeRepository("main")
        self.access = FakeAccessRoles()
        self.runs = FakeRuns()
        self.hooks = FakeHooks()
        self.tools = FakeTools()
        self.workers = FakeWorkers(self.operations, self.tools, at_once=at_once)
        self._ids = count(1)
        self.places = kitchens.Places(
            projects=PROJECTS,
            registry=self.registry,
            operations=self.operations,
            repository=self.repository,
            access=self.access,
            runs=self.runs,
            workers=self.workers,
            hooks=self.hooks,
        )

    def asked(self, name, parent=None, environment=None, *, staff=(), **settings):
        """A request for a kitchen, with ids that no other has."""
        number = next(self._ids)
        return kitchens.KitchenRequest(
            name=name,
            parent=parent,
            environment=environment,
            settings=KitchenSettings(**settings),
            staff=tuple(staff),
            kitchen_id=f"kitchen-{number}",
            operation_id=f"operation-{number}",
        )

    def plan(self, *asked, by="padma", **how):
        return kitchens.plan(
            self.asked(*asked, **how), occasion(by), projects=PROJECTS, registry=self.registry
        )

    def begin(self, *asked, by="padma", reason=None, places=None, **how):
        """Ask for a kitchen; the operation as it stands then."""
        request = self.asked(*asked, **how)
        return kitchens.create(request, occasion(by, reason), places or self.places)

    def create(self, *asked, places=None, **how):
        """Ask for a kitchen and see it made; a request after a death goes on with the one before.

        Returns:
            The kitchen.
        """
        name, living = asked[0], self.recorded.living
        if name not in living or living[name].state is not KitchenState.READY:
            self._end(self.begin(*asked, places=places, **how), places)
        return self.registry.kitchen(name)

    def begin_to_delete(self, name, *, by="chris", reason=None, places=None):
        operation_id = f"operation-{next(self._ids)}"
        return kitchens.delete(name, operation_id, occasion(by, reason), places or self.places)

    def delete(self, name, *, places=None, **how):
        """Delete a kitchen and see it go; one that is gone already is fine."""
        if name in self.recorded.living:
            self._end(self.begin_to_delete(name, places=places, **how), places)

    def work(self, places=None):
        """Have the workers do what was started, and the server end it."""
        places = places or self.places
        for operation in places.workers.work():
            now = places.operations.operation(operation.id)
            kitchens.finish(now, occasion("worker"), places)

    def _end(self, operation, places):
        if not self.workers.is_local:
            self.work(places)
        elif not operation.is_over:
            kitchens.finish(operation, occasion("padma"), places or self.places)

    @property
    def names(self):
        return [kitchen.name for kitchen in self.registry.kitchens()]

    @property
    def outside(self):
        """Everything that kitchens have outside of the registry, and which kitchens live."""
        return {
            "kitchens": {name: k.state for name, k in self.recorded.living.items()},
            "branches": dict(self.repository.tips),
            "roles": {name: list(staff) for name, staff in self.access.staff.items()},
            "parts": set(self.tools.made),
            "runs": dict(self.runs.unfinished),
        }


def occasion(by="padma", reason=None):
    return kitchens.Occasion(by=by, now=NOON, source="api 10.0.0.7", reason=reason)
