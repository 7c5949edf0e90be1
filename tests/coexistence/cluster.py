"""A virtual environment without the package, and an Airflow of real processes in it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import tomllib
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import jwt

from airflow_dataops.demo import guard as guard_script

ROOT = Path(__file__).parents[2]
UV = Path(sys.executable).with_name("uv")
DAGS = Path(__file__).with_name("dags")
PACKAGE = "airflow-provider-dataops"
LONGEST_SECONDS = 180
JWT_SECRET = "j" * 64

SEED = """
from airflow import settings
from airflow.models import Connection, Variable
settings.initialize()
session = settings.Session()
named = ["only_metastore", "backend_and_metastore", "environ_and_metastore", "everywhere"]
for name in [*named, *(f"metastore_{n}" for n in range(len(named), 50))]:
    session.add(Connection(conn_id=name, uri=f"postgres://metastore:secret@{name}:5432/db"))
for name in ("only_metastore", "everywhere", "parse_time"):
    session.add(Variable(key=name, val=f"metastore {name}"))
session.commit()
"""
ENVIRON = {
    f"AIRFLOW_CONN_{name.upper()}": f"http://environ:secret@{name}"
    for name in ("only_environ", "backend_and_environ", "environ_and_metastore", "everywhere")
} | {f"AIRFLOW_VAR_{name.upper()}": f"environ {name}" for name in ("only_environ", "everywhere")}
IN_BACKEND = {
    "connections": {
        name: f"mysql://backend:secret@{name}"
        for name in ("only_backend", "backend_and_metastore", "backend_and_environ", "everywhere")
    },
    "variables": {name: f"backend {name}" for name in ("only_backend", "everywhere")},
}


class VirtualEnvironment:
    """Airflow and everything the package needs, in the versions of the constraints."""

    def __init__(self, folder):
        self.python = folder / "bin" / "python"
        self._uv("venv", "--python", sys.executable, str(folder))
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        needed = [*project["dependencies"], "apache-airflow-providers-hashicorp"]
        self._install("--constraint", str(ROOT / "constraints.txt"), *needed)

    def install_package(self):
        self._install("--no-deps", "--editable", str(ROOT))

    def uninstall_package(self):
        self._uv("pip", "uninstall", "--python", str(self.python), PACKAGE)

    def _install(self, *what):
        words = ("pip", "install", "--python", str(self.python))
        try:  # everything is in uv's cache where `make install` ran
            self._uv(*words, "--offline", *what)
        except AssertionError:
            self._uv(*words, *what)

    def _uv(self, *words):
        done = subprocess.run([UV, "--quiet", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


class Cluster:
    """An Airflow on SQLite with the LocalExecutor, and what its users see of it."""

    def __init__(self, home, environment):
        self.home = home
        self.environment = environment
        self.url = f"sqlite:///{home / 'airflow.db'}"
        with socket.create_server(("127.0.0.1", 0)) as taken:
            self.port = taken.getsockname()[1]
        (home / "backend.json").write_text(json.dumps(IN_BACKEND["connections"]))
        (home / "variables.json").write_text(json.dumps(IN_BACKEND["variables"]))

    @property
    def files_backend(self):
        """Class and arguments of the secrets backend that this cluster had all along."""
        return "airflow.secrets.local_filesystem.LocalFilesystemBackend", {
            "connections_file_path": str(self.home / "backend.json"),
            "variables_file_path": str(self.home / "variables.json"),
        }

    def settings(self, *, backend=None, ours=None, bundles=(), environments_file=""):
        """Environment variables of a configuration.

        Args:
            backend: class and arguments of the backend that was there first.
            ours: our backend's class, before which the other steps back.
        """
        name, arguments = backend or self.files_backend
        secrets = {
            "AIRFLOW__SECRETS__BACKEND": ours or name,
            "AIRFLOW__SECRETS__BACKEND_KWARGS": "{}" if ours else json.dumps(arguments),
        }
        if ours:
            secrets |= {
                "AIRFLOW__DATAOPS__NEXT_SECRETS_BACKEND": name,
                "AIRFLOW__DATAOPS__NEXT_SECRETS_BACKEND_KWARGS": json.dumps(arguments),
                "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(environments_file),
            }
        folder = {
            "name": "dags-folder",
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {},
        }
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("AIRFLOW__") and name != "PYTHONDONTWRITEBYTECODE"
        }
        return {
            **kept,
            **ENVIRON,
            **secrets,
            "AIRFLOW_HOME": str(self.home),
            "AIRFLOW__API__SECRET_KEY": "a" * 32,
            "AIRFLOW__API_AUTH__JWT_SECRET": JWT_SECRET,
            "AIRFLOW__API__WORKERS": "1",
            # The first variable at parse time waits until the dag-processor has built its own API,
            # 7 s of work with or without the package: its 30 s are too short on a busy machine.
            "AIRFLOW__CORE__DAGBAG_IMPORT_TIMEOUT": str(LONGEST_SECONDS),
            "AIRFLOW__CORE__DAGS_FOLDER": str(DAGS),
            "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{self.port}/execution/",
            "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
            "AIRFLOW__CORE__FERNET_KEY": "",
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            "AIRFLOW__CORE__PARALLELISM": "2",
            "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
            "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps([folder, *bundles]),
            "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
            "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": self.url,
            "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "0.3",
            "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
            # What a task asks twice is refused the second time.
            "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "60",
            # Compiling Airflow anew in each process would take most of the time.
            "PYTHONPYCACHEPREFIX": str(self.home / "pycache"),
            "PYTHONWARNINGS": "ignore",
        }

    def run(self, settings, *words):
        """What a Python command printed."""
        done = subprocess.run(
            [self.environment.python, *words],
            env=settings,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    def airflow(self, settings, *words):
        return self.run(settings, "-m", "airflow", *words)

    @contextmanager
    def serving(self, settings, *, parses=True):
        """API server, scheduler and dag-processor, for as long as it takes."""
        commands = [
            ["api-server", "--host", "127.0.0.1", "--port", str(self.port)],
            ["scheduler", "--skip-serve-logs"],
        ]
        if parses:
            commands.append(["dag-processor"])
        with ExitStack() as running:
            for command in commands:
                running.enter_context(self._process(settings, command))
            yield running.enter_context(Api(f"http://127.0.0.1:{self.port}"))

    @contextmanager
    def _process(self, settings, command):
        # The demo's guard ends the process also where the tests are killed.
        guard = [sys.executable, "-I", "-S", guard_script.__file__, str(os.getpid()), "15", "20"]
        with (
            (self.home / f"{command[0]}.log").open("ab") as output,
            subprocess.Popen(
                [*guard, "-1", self.environment.python, "-m", "airflow", *command],
                env=settings,
                stdout=output,
                stderr=output,
                start_new_session=True,
            ) as process,
        ):
            try:
                yield
            finally:
                process.terminate()
                process.wait(timeout=60)


class Api:
    """Airflow's REST API as an administrator."""

    def __init__(self, url):
        self._client = httpx.Client(base_url=url, timeout=180)

    def __enter__(self):
        until(self._is_serving)
        # Makes the tasks' API, which nobody is to wait for in the middle of a task's start.
        self._client.get("/execution/health")
        token = self._client.get("/auth/token").raise_for_status().json()["access_token"]
        self._client.headers["Authorization"] = f"Bearer {token}"
        return self

    def __exit__(self, *_):
        self._client.close()

    def get(self, path, **parameters):
        return self._client.get(f"/api/v2{path}", params=parameters).raise_for_status().json()

    def post(self, path, body):
        return self._client.post(f"/api/v2{path}", json=body).raise_for_status().json()

    def patch(self, path, body):
        return self._client.patch(f"/api/v2{path}", json=body).raise_for_status().json()

    def seconds_of_lookups(self, task_instance, connection, *, count):
        """How long each of so many lookups took, asked as that task's worker would."""
        now = int(time.time())
        claims = {"sub": task_instance, "aud": "urn:airflow.apache.org:task", "scope": "execution"}
        claims |= {"iat": now, "nbf": now, "exp": now + 600}
        token = jwt.encode(claims, JWT_SECRET, algorithm="HS512", headers={"kid": "not-used"})
        taken = []
        for _ in range(count):
            started = time.perf_counter()
            answer = self._client.get(
                f"/execution/connections/{connection}", headers={"Authorization": f"Bearer {token}"}
            )
            taken.append(time.perf_counter() - started)
            answer.raise_for_status()
        return taken

    def log_of(self, run):
        """What the first try of the task said, where it is readable."""
        logs = f"/api/v2{run}/taskInstances/look_up/logs/1"
        return self._client.get(logs, params={"full_content": True}).text

    def _is_serving(self):
        try:
            return self._client.get("/api/v2/version").is_success
        except httpx.TransportError:
            return False


def until(is_true):
    deadline = time.monotonic() + LONGEST_SECONDS
    while not (found := is_true()):
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.2)
    return found
