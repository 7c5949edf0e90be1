"""The REST API as a whole: the real app on real tables behind a real web server, with its login.

Beside it somebody who does what an environment's workers do.
"""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from airflow_dataops.domain.provisioning import Progress
from tests.cli.laptop import LONGEST_SECONDS, serving
from tests.web.conftest import *  # noqa: F403 - the fixtures of the API's own tests
from tests.web.conftest import ROLES, write_environments

PASSWORDS = {
    "padma": "pad thai", "chris": "$(touch x) `id` \"'\\ é", "eric": "e", "gus": "g", "una": "u",
}  # fmt: skip


@dataclass(kw_only=True)
class Labourer:
    """Carries out what the server hands to workers, a step at a time.

    Attributes:
        failures: errors with which the next attempts end before their first step.
        is_away: begins nothing.
    """

    site: object
    failures: list = field(default_factory=list)
    is_away: bool = False
    _over: threading.Event = field(default_factory=threading.Event)
    _taken: int = 0

    def work(self):
        while not self._over.wait(0.02):
            for operation_id, _ in self.site.workers.started[self._taken :]:
                if self.is_away:
                    break
                self._taken += 1
                self._carry_out(operation_id)

    def end(self):
        self._over.set()

    def _carry_out(self, operation_id):
        from airflow_dataops import bootstrap, places
        from airflow_dataops.services import kitchens

        operations = bootstrap.operations()
        operation = operations.operation(operation_id)
        if self.failures:
            operations.failed(operation, error=self.failures.pop(0))
        else:
            for part in operation.left():
                operations.step(operation, part, Progress.RUNNING)
                operations.step(operation, part, Progress.DONE, detail=f"{part.kind} is seen to")
            occasion = kitchens.Occasion(by="worker", now=datetime.now(tz=UTC), source="worker")
            where = places.server_places(operation.kitchen.project)
            kitchens.finish(operations.operation(operation_id), occasion, where)
        self.site.workers.alive.discard(operation_id)


@dataclass(frozen=True, kw_only=True)
class Service:
    """Where the API is, and how to be somebody there."""

    site: object
    url: str
    labourer: Labourer

    def token(self, who):
        return self.site.bearer(who)["Authorization"].removeprefix("Bearer ")

    def log_in(self, laptop, who):
        laptop.log_in(self.url, self.token(who), username=who)


@contextmanager
def served(site, folder):
    """An installation behind a web server, as Airflow's API server has it."""
    from airflow.api_fastapi.app import init_auth_manager, purge_cached_app

    passwords = folder / "passwords.json"
    passwords.write_text(json.dumps(PASSWORDS))
    users = ",".join(f"{who}:{ROLES.get(who, 'viewer')}" for who in PASSWORDS)
    write_environments(site.file, site.origins, lab={"owner": "chris"})
    labourer = Labourer(site=site)
    thread = threading.Thread(target=labourer.work)
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS", users)
        patched.setenv("AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE", str(passwords))
        purge_cached_app()
        init_auth_manager(site.client.app)
        thread.start()
        try:
            with serving(site.client.app) as url:
                yield Service(site=site, url=url, labourer=labourer)
        finally:
            labourer.end()
            thread.join(timeout=LONGEST_SECONDS)


@pytest.fixture
def service(site, tmp_path):
    """The API of an installation without kitchens."""
    with served(site, tmp_path) as service:
        yield service


@pytest.fixture
def retail_service(retail, tmp_path):
    """The API of one with the retail project's kitchens."""
    with served(retail, tmp_path) as service:
        yield service
