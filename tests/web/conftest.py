"""An API server's own installation: real tables, real repositories, real tokens."""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from uuid import uuid4

import pytest
import yaml

from tests.git_fixtures import Origin
from tests.registry import kitchen_rows
from tests.registry.airflow_rows import add_dag, add_running_task

API = "/dataops/api/v1"
JWT_SECRET = "a-secret-of-these-tests-" * 4
TOKEN_KEY = "a-key-of-these-tests-" * 4
ENVIRONMENTS = {
    "production": (
        "retail",
        "demo_production",
        "main",
        {"owner": "eric", "protected": True, "schedules_enabled_by": ["eric"]},
    ),
    "development": (
        "retail",
        "demo_dev",
        "demo_dev",
        {"owner": "chris", "schedules_enabled_by": ["carl"]},
    ),
    "lab": (
        "retail",
        "demo_lab",
        "demo_lab",
        {"tools": {"redshift": {"schema_per_kitchen": True}}},
    ),
    "bank": ("banking", "demo_bank", "main", {"owner": "role:bankers"}),
}
PROJECTS = ("retail", "banking")
# Whoever is no owner, with the role that Airflow's SimpleAuthManager gives them.
ROLES = {"ada": "admin", "bella": "bankers", "una": "analysts"}


def token(who):
    """What Airflow's login gives, written with its own key."""
    import jwt

    now = int(time.time())
    claims = {"sub": who, "role": ROLES.get(who, "viewer"), "teams": [], "jti": uuid4().hex}
    claims |= {"aud": "apache-airflow", "nbf": now, "iat": now, "exp": now + 3600}
    return jwt.encode(claims, JWT_SECRET, "HS512")


class FakeWorkers:
    """Workers without an Airflow to run on; implements the port ``Workers``.

    Attributes:
        started, stopped: ids of operations with their attempts.
        alive: ids of operations that somebody works for.
    """

    def __init__(self):
        self.started, self.stopped, self.alive = [], [], set()

    def start(self, operation):
        self.started.append((operation.id, operation.attempt))
        self.alive.add(operation.id)
        return f"run-{operation.attempt}"

    def is_working(self, operation):
        return operation.id in self.alive

    def stop(self, operation):
        self.stopped.append((operation.id, operation.attempt))
        self.alive.discard(operation.id)


@dataclass(kw_only=True)
class Site:
    """An installation, and people before it.

    Attributes:
        hosts: where merges are proposed, by environment.
    """

    client: object
    engine: object
    origins: dict
    workers: FakeWorkers
    file: object
    hosts: dict

    def installation(self):
        """What routes act on, as it is now."""
        return _installations[-1]()

    def ask(self, method, path, *, by=None, json=None, **how):
        """A request below the API's prefix, with a person's token; None is nobody."""
        headers = {**self.bearer(by), **how.pop("headers", {})}
        return self.client.request(method, f"{API}{path}", json=json, headers=headers, **how)

    def bearer(self, who):
        return {"Authorization": f"Bearer {token(who)}"} if who else {}

    def create(self, name, parent, *, by, **how):
        answer = self.ask("POST", "/kitchens", by=by, json={"name": name, "parent": parent, **how})
        assert answer.status_code == 202, answer.text
        return answer.json()

    def delete(self, name, *, by):
        answer = self.ask("DELETE", f"/kitchens/{name}", by=by)
        assert answer.status_code == 202, answer.text
        return answer.json()

    def put(self, who, role, *, in_, by):
        answer = self.ask("PUT", f"/kitchens/{in_}/staff/{who}", by=by, json={"role": role})
        assert answer.status_code == 200, answer.text

    def names(self, *, by):
        return [kitchen["name"] for kitchen in self.ask("GET", "/kitchens", by=by).json()]

    def platform_task(self, environment="lab", dag="provision"):
        """Id of a running task of an environment's own DAG."""
        bundle, version = f"kitchens-{environment}", f"version-of-{environment}"
        dag_id = f"dataops.{environment}.{dag}"
        kitchen_rows.record(self.engine, version, bundle=bundle, environment=environment)
        add_dag(self.engine, dag_id, bundle=bundle)
        return add_running_task(self.engine, dag_id, version=version)

    def task_bearer(self, task):
        """What a task's connection to our API holds."""
        from airflow_dataops import bootstrap
        from airflow_dataops.secrets import task_tokens

        token = task_tokens.mint(bootstrap.identify(task), task)
        return {"Authorization": f"Bearer {token}"}


@contextmanager
def opened(folder):
    """The API server of an installation that lies in a folder."""
    from airflow import settings
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker

    origins = {project: Origin(folder / project) for project in PROJECTS}
    file = folder / "environments.yaml"
    write_environments(file, origins)
    engine, workers = create_engine(f"sqlite:///{folder / 'airflow.db'}"), FakeWorkers()
    hosts = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(settings, "engine", engine)
        for name in ("Session", "NonScopedSession"):
            patched.setattr(settings, name, sessionmaker(engine), raising=False)
        for option, value in options(file).items():
            patched.setenv(f"AIRFLOW__{option}", value)
        with _client(workers, hosts) as client:
            yield Site(
                client=client,
                engine=engine,
                origins=origins,
                workers=workers,
                file=file,
                hosts=hosts,
            )
    engine.dispose()


def options(file):
    """Airflow's settings of an installation with this environments file."""
    bundles = [
        {
            "name": f"kitchens-{environment}",
            "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
            "kwargs": {"environment": environment},
        }
        for environment in ENVIRONMENTS
    ]
    return {
        "API_AUTH__JWT_SECRET": JWT_SECRET,
        "DATAOPS__TOKEN_KEY": TOKEN_KEY,
        "DATAOPS__ENVIRONMENTS_FILE": str(file),
        "DATAOPS__MERGE_BUILD_SECONDS": "0",
        "DATAOPS__MERGE_FOLDER": str(file.with_name("merges")),
        "DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
    }


@pytest.fixture(scope="session")
def empty_installation(migrated_database, tmp_path_factory):
    """A folder with two projects' repositories and a database; to be copied."""
    folder = tmp_path_factory.mktemp("empty-installation")
    shutil.copy(migrated_database, folder / "airflow.db")
    for project in PROJECTS:
        (folder / project).mkdir()
        Origin(folder / project).commit({"pipelines/profit/pipeline.py": "one = 1\n"})
    return folder


@pytest.fixture(scope="session")
def retail_installation(empty_installation, tmp_path_factory):
    """The same with the retail project's base kitchens, and padma's kitchen with its staff."""
    folder = tmp_path_factory.mktemp("retail") / "installation"
    shutil.copytree(empty_installation, folder)
    with opened(folder) as site:
        site.create("demo_production", None, by="eric")
        site.put("chris", "cook", in_="demo_production", by="eric")
        site.create("demo_dev", "demo_production", by="chris")
        for who, role in {"padma": "cook", "role:analysts": "guest"}.items():
            site.put(who, role, in_="demo_dev", by="chris")
        site.create("dev_kitchen", "demo_dev", by="padma")
        for who, role in {"carl": "cook", "gus": "guest"}.items():
            site.put(who, role, in_="dev_kitchen", by="padma")
    return folder


@pytest.fixture
def site(empty_installation, tmp_path):
    """Two projects with four environments; no kitchen yet."""
    shutil.copytree(empty_installation, tmp_path / "installation")
    with opened(tmp_path / "installation") as site:
        yield site


@pytest.fixture
def retail(retail_installation, tmp_path):
    """The retail project's base kitchens, and padma's kitchen with its staff."""
    shutil.copytree(retail_installation, tmp_path / "installation")
    with opened(tmp_path / "installation") as site:
        yield site


def write_environments(file, origins, **changes):
    """The environments file of these tests; ``changes`` are keys of environments."""
    projects = {}
    for environment, (project, base, branch, more) in ENVIRONMENTS.items():
        described = projects.setdefault(
            project, {"repository": origins[project].url, "environments": {}}
        )
        described["environments"][environment] = {
            "vault": {
                "kind": "hashicorp",
                "url": "http://127.0.0.1:9",
                "mount": environment,
                "role_id_env": f"NO_{environment.upper()}_ROLE",
                "secret_id_env": f"NO_{environment.upper()}_SECRET",
            },
            "base_kitchen": {"name": base, "branch": branch},
            "tools": {},
            **more,
            **changes.get(environment, {}),
        }
    file.write_text(yaml.safe_dump({"projects": projects}))


# Who the one app of this process works for, the present one last.
_installations = []


@cache
def _app():
    """The app itself: to build its routes takes longer than most tests."""
    from airflow_dataops.web.app import create_app

    def present_installation():
        return _installations[-1]()

    return create_app(present_installation)


@contextmanager
def _client(workers, hosts):
    from airflow.api_fastapi.app import create_auth_manager, purge_cached_app
    from fastapi import FastAPI
    from starlette.testclient import TestClient

    from airflow_dataops.web.installation import this_installation

    purge_cached_app()
    create_auth_manager()

    def installation():
        here = this_installation()

        def places(project):
            return replace(here.places(project), workers=workers)

        def merge_places(project):
            found = here.merge_places(project)
            # The vaults of these tests hold no tokens.
            return replace(found, pull_requests=lambda kitchen: hosts.get(kitchen.environment))

        return replace(here, places=places, merge_places=merge_places)

    root = FastAPI()
    root.mount("/dataops", _app())
    _installations.append(installation)
    try:
        with TestClient(root) as client:
            yield client
    finally:
        _installations.pop()
