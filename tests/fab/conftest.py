"""A real Airflow under FAB: API server, scheduler and dag-processor, with kitchens."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import jwt
import pytest
import yaml
from sqlalchemy import create_engine, text
from sqlalchemy.orm import Session

from airflow_dataops.demo import guard as guard_script
from airflow_dataops.domain.staff import Member, Role
from tests.airflow_fixtures import airflow_environment
from tests.git_fixtures import Origin
from tests.live_airflow import eventually

KEY = "j" * 64
CACHE_SECONDS = 5
PASSWORD = "one-two-three"  # noqa: S105 - of users of this test
VAULT = "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"
LEDGER = """\
from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import Asset

from airflow_dataops import pipeline


def profit():
    print("the profit of {name} is 4711")
    return 4711


@pipeline(tags=["tag of {name}"], access_control={{"Kitchens": {{"DAGs": {{"can_edit"}}}}}})
def ledger():
    PythonOperator(task_id="profit", python_callable=profit, outlets=[Asset("asset of {name}")])
"""
BROKEN = 'raise ValueError("what is broken in {name}")\n'
KITCHENS = {
    "demo_production": {"environment": "production", "shared": True, "staff": {"eric": "head"}},
    "demo_dev": {"environment": "development", "shared": True, "staff": {"chris": "head"}},
    "soup": {
        "environment": "development",
        "shared": False,
        "staff": {"una": "head", "vic": "guest", "noor": "cook"},
    },
    "stew": {"environment": "development", "shared": False, "staff": {"una": "head"}},
}
USERS = {
    "ada": "Admin", "eric": "Kitchens", "chris": "Kitchens", "una": "Kitchens", "vic": "Kitchens",
    "padma": "Kitchens", "tess": "Viewer",
}  # fmt: skip


class User:
    """Somebody who uses Airflow's own REST."""

    def __init__(self, url, number):
        now = int(time.time())
        claims = {
            "sub": str(number), "jti": uuid4().hex, "aud": "apache-airflow",
            "nbf": now, "iat": now, "exp": now + 3600,
        }  # fmt: skip
        token = jwt.encode(claims, KEY, algorithm="HS512")
        self._client = httpx.Client(
            base_url=url, timeout=120, headers={"Authorization": f"Bearer {token}"}
        )

    def ask(self, method, path, body=None):
        return self._client.request(method, path, json=body)

    def get(self, path, **values):
        return self._client.get(path, params=values)

    def close(self):
        self._client.close()


class FabCluster:
    """An Airflow whose users have FAB's roles."""

    def __init__(self, home, empty_database):
        self.home = home
        shutil.copy(empty_database, home / "airflow.db")
        self.database = f"sqlite:///{home / 'airflow.db'}"
        self.engine = create_engine(self.database, connect_args={"timeout": 30})
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        origin = Origin(home)
        for name, branch in (
            ("demo_production", "main"),
            ("demo_dev", ""),
            ("soup", ""),
            ("stew", ""),
        ):
            files = {
                "pipelines/ledger/pipeline.py": LEDGER.format(name=name),
                "pipelines/broken/pipeline.py": BROKEN.format(name=name),
            }
            origin.commit(files, branch=branch or name)
        self._write_environments(origin.path)
        self.kitchens = {}
        for name, facts in KITCHENS.items():
            self._add_kitchen(name, **facts)

    def _write_environments(self, repository):
        environments = {
            name: {
                "owner": owner,
                "protected": name == "production",
                "vault": {
                    "kind": "hashicorp",
                    "url": "http://127.0.0.1:1",
                    "mount": name,
                    "role_id_env": f"{name}_ROLE_ID".upper(),
                    "secret_id_env": f"{name}_SECRET_ID".upper(),
                },
                "base_kitchen": {"name": base, "branch": branch},
                "tools": {"redshift": {"schema_per_kitchen": True}},
            }
            for name, owner, base, branch in (
                ("production", "eric", "demo_production", "main"),
                ("development", "chris", "demo_dev", "demo_dev"),
            )
        }
        declared = {
            "projects": {"retail": {"repository": str(repository), "environments": environments}}
        }
        (self.home / "environments.yaml").write_text(yaml.safe_dump(declared, sort_keys=False))

    def _add_kitchen(self, name, *, environment, shared, staff):
        from airflow_dataops.registry.models import KitchenRow, MemberRow

        row = {"project": "retail", "environment": environment, "shared": shared, "state": "ready"}
        branch = "main" if environment == "production" else name
        now = datetime.now(tz=UTC)
        with Session(self.engine) as session, session.begin():
            session.add(
                KitchenRow(id=name, name=name, branch=branch, created_at=now, created_by="t", **row)
            )
            session.flush()
            for who, role in staff.items():
                session.add(MemberRow(kitchen_id=name, who=who, role=role, since=now, added_by="t"))

    @property
    def environ(self):
        bundles = [
            {
                "name": f"kitchens-{environment}",
                "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
                "kwargs": {"environment": environment},
            }
            for environment in ("production", "development")
        ]
        fab = "airflow.providers.fab.auth_manager.fab_auth_manager.FabAuthManager"
        return {
            **airflow_environment(self.home, self.database),
            "AIRFLOW__API__SECRET_KEY": "a" * 32,
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__API_AUTH__JWT_SECRET": KEY,
            "AIRFLOW__CORE__AUTH_MANAGER": fab,
            "AIRFLOW__CORE__DAGS_FOLDER": str(self.home / "dags"),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{self.url}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_STORAGE_PATH": str(self.home / "bundles"),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(self.home / "environments.yaml"),
            "AIRFLOW__FAB__CACHE_TTL": str(CACHE_SECONDS),
            "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(self.home / "logs"),
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            "AIRFLOW__SECRETS__BACKEND": VAULT,
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
        }

    def add_user(self, name, role):
        """Somebody with a password; FAB's own way of writing it down."""
        from werkzeug.security import generate_password_hash

        hashed = generate_password_hash(PASSWORD, method="pbkdf2:sha256:1000")
        with self.engine.begin() as connection:
            number = connection.scalar(
                text(
                    "insert into ab_user (first_name, last_name, username, email, active, password)"
                    " values (:name, '', :name, :name, true, :password) returning id"
                ),
                {"name": name, "password": hashed},
            )
            connection.execute(
                text(
                    "insert into ab_user_role (user_id, role_id)"
                    " select :user, id from ab_role where name = :role"
                ),
                {"user": number, "role": role},
            )
        return number

    def roles(self):
        """The adapter, as an API server has it."""
        from airflow_dataops.adapters.airflow_access.roles import FabAccessRoles

        return FabAccessRoles(self.engine, environment_of=self.declared().environment)

    def table(self):
        from airflow_dataops.registry.kitchens import KitchenTable

        return KitchenTable(self.engine, bundle_name=lambda environment: f"kitchens-{environment}")

    def set_up_roles(self):
        """What ``airflow dataops setup-roles`` does."""
        return self.roles().prepare(self.declared().environments(), self._staffed(), dry_run=False)

    def reconcile(self):
        """What an API server does at every login."""
        return self.roles().reconcile(self._staffed())

    def _staffed(self):
        table = self.table()
        kitchens = table.kitchens()
        staffs = table.staffs(kitchens)
        return [(kitchen, staffs[kitchen.id]) for kitchen in kitchens]

    def declared(self):
        from airflow_dataops.specs.environment_file import load_environments

        return load_environments(self.home / "environments.yaml")

    def staff(self, name, **roles):
        """Let a kitchen have this staff, in the registry and in Airflow's roles."""
        from airflow_dataops.registry.models import MemberRow

        now = datetime.now(tz=UTC)
        with Session(self.engine) as session, session.begin():
            session.query(MemberRow).filter_by(kitchen_id=name).delete()
            for who, role in roles.items():
                session.add(MemberRow(kitchen_id=name, who=who, role=role, since=now, added_by="t"))
        kitchen = self.table().kitchen(name)
        members = [Member(who=who, role=Role(role)) for who, role in roles.items()]
        self.roles().put(kitchen, members)

    @contextmanager
    def process(self, *command):
        guard = [sys.executable, "-I", "-S", guard_script.__file__, str(os.getpid()), "15", "20"]
        with (
            (self.home / f"{command[0]}.log").open("ab") as output,
            subprocess.Popen(
                [*guard, "-1", sys.executable, "-m", "airflow", *command],
                env=self.environ, stdout=output, stderr=output, start_new_session=True,
            ) as process,
        ):  # fmt: skip
            try:
                yield
            finally:
                process.terminate()

    def is_serving(self):
        try:
            return httpx.get(f"{self.url}/api/v2/version", timeout=5).is_success
        except httpx.TransportError:
            return False


@pytest.fixture(scope="package")
def cluster(migrated_database, tmp_path_factory):
    """Kitchens of production and development; production's pipeline has run."""
    found = FabCluster(tmp_path_factory.mktemp("airflow-fab"), migrated_database)
    with ExitStack() as running:
        running.callback(found.engine.dispose)
        server = ("api-server", "--host", "127.0.0.1", "--port", str(found.port))
        running.enter_context(found.process(*server))
        running.enter_context(found.process("scheduler", "--skip-serve-logs"))
        found.set_up_roles()
        running.enter_context(found.process("dag-processor"))
        eventually("Airflow serves", found.is_serving, seconds=240)
        # Makes the tasks' API, which nobody is to wait for in the middle of a task's start.
        httpx.get(f"{found.url}/execution/health", timeout=240)
        numbers = {name: found.add_user(name, role) for name, role in USERS.items()}
        found.reconcile()
        found.users = {name: User(found.url, number) for name, number in numbers.items()}
        for user in found.users.values():
            running.callback(user.close)
        _run_production(found)
        yield found


def _run_production(cluster):
    ada = cluster.users["ada"]
    for kitchen in KITCHENS:
        dag = f"/api/v2/dags/{kitchen}.ledger"
        eventually(f"{kitchen} is read", lambda d=dag: ada.get(d).status_code == 200, seconds=120)
    runs = "/api/v2/dags/demo_production.ledger/dagRuns"
    body = {"dag_run_id": "first", "logical_date": None}
    assert ada.ask("POST", runs, body).status_code == 200

    def state():
        found = ada.get(f"{runs}/first").json()["state"]
        return found if found in ("success", "failed") else None

    assert eventually("production has run", state, seconds=240) == "success"
