"""``docker/`` as a team brings it up: files beside the compose file, and a vault and a git host."""

from __future__ import annotations

import json
import re
import secrets
import shutil
import socket
import string
import subprocess
from typing import TYPE_CHECKING, Any

import httpx
import yaml
from cryptography.fernet import Fernet

from tests.compose.engine import HERE, PROJECT
from tests.live_airflow import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from tests.compose.engine import Engine

DOCKER = PROJECT / "docker"
BASES = {"production": ("demo_production", "main"), "development": ("demo_dev", "demo_dev")}
# Of what every environment has under one name: who is where must be told by its value.
CREDENTIALS = {"production": "canary-of-production", "development": "canary-of-development"}
PIPELINE = """\
import hashlib
import os
import socket

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk import BaseHook

from airflow_dataops import pipeline


def ask():
    password = BaseHook.get_connection("warehouse").password
    return {
        "credential": hashlib.sha256(password.encode()).hexdigest(),
        "host": socket.gethostname(),
        "user": os.getuid(),
    }


@pipeline
def asks():
    PythonOperator(task_id="ask", python_callable=ask)
"""
_AUTHOR = ("-c", "user.name=Eric", "-c", "user.email=eric@example.com")
_POLICY = re.compile(r'```text\n(path "production/data/\*".*?)```', re.DOTALL)


class ComposeAirflow:
    """The deployment on an engine; ``folder`` is what ``docker/`` is in the how-to."""

    def __init__(self, folder: Path, engine: Engine) -> None:
        self.folder, self.engine = folder, engine
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        self.api = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        for file in (DOCKER / "compose.yaml", DOCKER / "broker.acl", HERE / "around.yaml"):
            shutil.copy(file, folder)
        self.services = yaml.safe_load((folder / "compose.yaml").read_text())["services"]
        self.values = _values(DOCKER / "compose.yaml")
        self._write_files()

    def compose(self, *words: str, given: str | None = None) -> str:
        files = ("--file", "compose.yaml", "--file", "around.yaml")
        return self.engine.run("docker-compose", *files, *words, at=self.folder, given=given)

    def inside(self, service: str, *words: str, given: str | None = None) -> str:
        """What a command says that runs in a service's container."""
        return self.compose("exec", "-T", service, *words, given=given)

    def container(self, service: str) -> str:
        """Its id."""
        return self.compose("ps", "--quiet", service).strip()

    def state(self, service: str) -> dict[str, Any]:
        (found,) = json.loads(self.engine.run("docker", "inspect", self.container(service)))
        state: dict[str, Any] = found["State"]
        return state

    def start(self) -> None:
        """Bring up what a team has, then the deployment."""
        self.compose("up", "--detach", "vault", "git")
        eventually("the vault answers", self._vault_answers, seconds=60)
        for environment in BASES:
            self._set_up_vault(environment)
        self.compose("up", "--detach")
        eventually("the API server serves", self._serves, seconds=300)
        self._sign_in()
        for words in (("demo_production",), ("demo_dev", "--from", "demo_production")):
            self.inside("api-server", "airflow", "dataops", "kitchen", "create", *words, "--local")

    def stop(self) -> None:
        self.api.close()
        self.compose("down", "--volumes", "--timeout", "5")

    def run(self, kitchen: str, run_id: str) -> dict[str, Any]:
        """What the task of a kitchen's pipeline found."""
        dag = f"/api/v2/dags/{kitchen}.asks"
        eventually(f"{kitchen} is read", lambda: self.api.get(dag).is_success, seconds=180)
        body = {"dag_run_id": run_id, "logical_date": None}
        self.api.post(f"{dag}/dagRuns", json=body).raise_for_status()
        run = f"{dag}/dagRuns/{run_id}"

        def ended() -> str | None:
            state = self.api.get(run).json()["state"]
            return state if state in ("success", "failed") else None

        assert eventually(f"{run} has ended", ended, seconds=180) == "success", self.logs()
        value = f"{run}/taskInstances/ask/xcomEntries/return_value"
        found: dict[str, Any] = self.api.get(value, params={"deserialize": True}).json()["value"]
        return found

    def logs(self) -> str:
        return self.compose("logs", "--tail", "40")

    def _write_files(self) -> None:
        values = {
            **self.values,
            "API_PORT": f"127.0.0.1:{self.port}",
            "PIPELINES_REPOSITORY": "git://git/retail.git",
            "VAULT_ROOT": secrets.token_hex(16),
        }
        written = "".join(f"{name}={value}\n" for name, value in values.items())
        (self.folder / ".env").write_text(written)
        acl = string.Template((self.folder / "broker.acl").read_text()).substitute(values)
        (self.folder / "broker.acl.filled").write_text(acl)
        project = {"repository": "git://git/retail.git", "environments": _environments()}
        (self.folder / "environments.yaml").write_text(
            yaml.safe_dump({"projects": {"retail": project}}, sort_keys=False)
        )
        (self.folder / "dags").mkdir()
        self._logins.mkdir(mode=0o750)
        self._make_repository()

    @property
    def _logins(self) -> Path:
        return self.folder / "vault-logins"

    def _make_repository(self) -> None:
        work = self.folder / "work"
        pipeline = work / "pipelines" / "asks" / "pipeline.py"
        pipeline.parent.mkdir(parents=True)
        pipeline.write_text(PIPELINE)
        origin = self.folder / "git" / "retail.git"
        for words in (
            ("init", "--quiet", "--initial-branch=main", str(work)),
            ("-C", str(work), "add", "--all"),
            ("-C", str(work), *_AUTHOR, "commit", "--quiet", "-m", "Ask"),
            ("clone", "--quiet", "--bare", str(work), str(origin)),
        ):
            self.engine.run("git", *words)

    def _vault_answers(self) -> bool:
        words = ["docker", "exec", self.container("vault"), "bao", "status"]
        done = subprocess.run(words, env=self.engine.environ, capture_output=True, check=False)
        return done.returncode == 0

    def _set_up_vault(self, environment: str) -> None:
        """As in the how-to: a mount, the policy of the security page, an AppRole, a credential."""

        def bao(*words: str, given: str | None = None) -> str:
            return self.inside("vault", "bao", *words, given=given).strip()

        if environment == "production":
            bao("auth", "enable", "approle")
        bao("secrets", "enable", f"-path={environment}", "-version=2", "kv")
        page = (PROJECT / "docs" / "explanation" / "security.md").read_text()
        (policy,) = _POLICY.findall(page)[:1]
        bao("policy", "write", environment, "-", given=policy.replace("production", environment))
        role = f"auth/approle/role/{environment}"
        bao("write", role, f"token_policies={environment}", "token_ttl=15m")
        for name, words in {
            "role_id": ("read", "-field=role_id", f"{role}/role-id"),
            "secret_id": ("write", "-force", "-field=secret_id", f"{role}/secret-id"),
        }.items():
            file = self._logins / f"{environment}_{name}"
            file.write_text(bao(*words))
            # The group of the image's user is root's.
            file.chmod(0o640)
        secret = ("conn_type=postgres", "host=warehouse.example.com", "login=etl")
        password = f"password={CREDENTIALS[environment]}"
        bao("kv", "put", f"-mount={environment}", "tools/warehouse", *secret, password)

    def _serves(self) -> bool:
        try:
            return self.api.get("/api/v2/version").is_success
        except httpx.TransportError:
            return False

    def _sign_in(self) -> None:
        """Airflow's own way of signing in makes its administrator's password at the start."""
        file = "/opt/airflow/simple_auth_manager_passwords.json.generated"
        password = httpx.Response(200, text=self.inside("api-server", "cat", file)).json()["admin"]
        login = {"username": "admin", "password": password}
        token = self.api.post("/auth/token", json=login).raise_for_status().json()["access_token"]
        self.api.headers["Authorization"] = f"Bearer {token}"


def _values(compose: Path) -> dict[str, str]:
    """A value for each that the compose file wants."""
    wanted = sorted(set(re.findall(r"\$\{(\w+):\?}", compose.read_text())))
    made = {name: secrets.token_hex(32) for name in wanted if name != "PIPELINES_REPOSITORY"}
    return {**made, "FERNET_KEY": Fernet.generate_key().decode()}


def _environments() -> dict[str, Any]:
    return {
        name: {
            **({"protected": True, "owner": "admin"} if name == "production" else {}),
            "vault": {
                "kind": "hashicorp",
                "url": "http://vault:8200",
                "mount": name,
                "role_id_file": f"/run/dataops/vault-logins/{name}_role_id",
                "secret_id_file": f"/run/dataops/vault-logins/{name}_secret_id",
            },
            "base_kitchen": {"name": kitchen, "branch": branch},
            "queue": name,
            "tools": {"warehouse": {}},
        }
        for name, (kitchen, branch) in BASES.items()
    }
