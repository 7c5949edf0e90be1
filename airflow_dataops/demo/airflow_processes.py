"""A whole Airflow for the demo: its configuration and its processes, all on this machine.

LocalExecutor, so everything runs as one user: fit to show how kitchens work, no boundary against
their code. The dag-processor and the triggerer serve kitchens alone and give out no credential.
"""

from __future__ import annotations

import base64
import configparser
import io
import json
import os
import secrets
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import httpx
from sqlalchemy import create_engine

from airflow_dataops.demo.home import HOST, write_private
from airflow_dataops.demo.processes import GuardedProcess
from airflow_dataops.errors import OutsideSystemError
from airflow_dataops.registry.kitchens import KitchenTable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.demo.home import DemoHome
    from airflow_dataops.demo.stack import StackAddresses

USERS = {"eric": "admin", "chris": "op", "padma": "user"}
BUNDLES = {"kitchens-production": "production", "kitchens-development": "development"}
_QUIET = {"AIRFLOW__LOGGING__LOGGING_LEVEL": "WARNING"}
_BUNDLE_OF = {environment: bundle for bundle, environment in BUNDLES.items()}
# The scheduler's forks run tasks, those of the dag-processor parse files.
_FORKING = {"scheduler", "dag-processor"}
# The API server reads the log files of this machine; a log server would listen to the network.
_NO_LOG_SERVER = "--skip-serve-logs"
_PRELOADED = "airflow_dataops.demo.preloaded"
_LONGEST_START_SECONDS = 240
_SERVES_KITCHENS = {"AIRFLOW__DATAOPS__SERVES_KITCHENS": "True"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonsCommand:
    """A command that somebody gives.

    Attributes:
        by: their name.
        token: of a login of theirs.
        words: after ``airflow``.
        is_refused: whether it is to be refused.
    """

    by: str
    token: str = field(repr=False)
    words: Sequence[str]
    is_refused: bool = False


class DemoAirflow:
    """Airflow's processes on the demo's stack.

    Args:
        home: of the demo; Airflow's own home is a folder in it.
        addresses: where the stack runs.
    """

    def __init__(self, home: DemoHome, addresses: StackAddresses) -> None:
        self._home = home
        self._addresses = addresses
        self._processes: list[GuardedProcess] = []
        self.airflow_home = home.root / "airflow"
        self.port = home.ports(["airflow"])["airflow"]

    @property
    def url(self) -> str:
        """Where a browser finds Airflow."""
        return f"http://{HOST}:{self.port}"

    def password(self, user: str) -> str:
        """Password of one of the demo's users."""
        return self._home.secret(f"airflow_password_{user}")

    def configure(self) -> None:
        """Write airflow.cfg and the users' passwords; made anew at every start."""
        self.airflow_home.mkdir(mode=0o700, exist_ok=True)
        passwords = {user: self.password(user) for user in USERS}
        write_private(self._passwords_file, json.dumps(passwords))
        (self._home.root / "url").write_text(f"{self.url}\n")
        config = configparser.ConfigParser(interpolation=None)
        config.read_dict(self._sections())
        text = io.StringIO()
        config.write(text)
        write_private(self.airflow_home / "airflow.cfg", text.getvalue())

    def migrate(self, say: Callable[[str], None]) -> None:
        """Make or update the metadata database's tables, once for each version of Airflow."""
        done = self.airflow_home / "migrated"
        versions = (
            f"{version('apache-airflow')} {version('airflow-provider-dataops')} {_revision()}"
        )
        if done.exists() and done.read_text() == versions:
            return
        say("making Airflow's tables")
        self.run("db", "migrate")
        done.write_text(versions)

    def run(self, *arguments: str) -> str:
        """Run one ``airflow …`` command to its end.

        Returns:
            What it printed on standard output.

        Raises:
            OutsideSystemError: it failed; with the last line of its complaint.
        """
        return self._finish(["-m", "airflow", *arguments])

    def run_several(self, commands: Sequence[Sequence[str]]) -> str:
        """Run several ``airflow …`` commands one after the other, in one process.

        Returns:
            The commands and what they printed.

        Raises:
            OutsideSystemError: one failed; those after it did not run.
        """
        return self._run_commands([{"words": list(words)} for words in commands])

    def run_as(self, commands: Sequence[PersonsCommand], say: Callable[[str], None]) -> None:
        """Run commands of people, each with a login of theirs.

        Args:
            commands: run one after the other, in one process.
            say: is told each line that they print, refusals that are to be included.

        Raises:
            OutsideSystemError: one failed, or was not refused; those after it did not run.
        """
        words = ["-m", "airflow_dataops.demo.commands"]
        given = json.dumps([{**asdict(one), "url": self.url} for one in commands])
        with (
            TemporaryFile("w+") as complaint,
            subprocess.Popen(
                [sys.executable, *words], env=self.environ | _QUIET | {"PYTHONUNBUFFERED": "1"},
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaint, text=True,
            ) as process,
        ):  # fmt: skip
            assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018
            process.stdin.write(given)
            process.stdin.close()
            for line in process.stdout:
                say(line.rstrip())
            if process.wait():
                complaint.seek(0)
                raise _failed(words, complaint.read())

    def launch(self) -> None:
        """Start API server, scheduler, dag-processor and triggerer."""
        self.launch_api_server()
        self._start("scheduler", _NO_LOG_SERVER)
        self._start("dag-processor", extra=_SERVES_KITCHENS)
        self._start("triggerer", _NO_LOG_SERVER, extra=_SERVES_KITCHENS)

    def launch_api_server(self, *, workers: int = 1) -> None:
        """Start the API server alone, which answers without the others, too."""
        where = ("--port", str(self.port), "--host", HOST)
        self._start("api-server", *where, "--workers", str(workers))

    def wait_until_serving(self) -> None:
        """Return when the API server answers.

        Raises:
            OutsideSystemError: it ended, or did not answer within four minutes.
        """
        # Four processes import Airflow at once; a busy machine takes its time for that.
        self._processes[0].wait_until(self._is_serving, seconds=_LONGEST_START_SECONDS)
        # The first request of tasks makes their API, and nobody is answered meanwhile: where that
        # takes long, a task asks again and is refused, as it seems to run already.
        httpx.get(f"{self.url}/execution/health", timeout=_LONGEST_START_SECONDS)

    def stop(self) -> None:
        """Stop all processes; stopped already is no error."""
        for process in self._processes:
            process.ask_to_stop()
        for process in self._processes:
            process.stop()
        self._processes = []

    @property
    def kitchens_made(self) -> set[str]:
        """Kitchens that an earlier start of the demo made."""
        engine = create_engine(self._addresses.metadata_url)
        try:
            registry = KitchenTable(engine, bundle_name=_BUNDLE_OF.__getitem__)
            return {kitchen.name for kitchen in registry.kitchens()}
        finally:
            engine.dispose()

    @property
    def environ(self) -> dict[str, str]:
        """Environment in which ``airflow`` commands find this installation; holds no secret."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("AIRFLOW__")}
        return {**kept, "AIRFLOW_HOME": str(self.airflow_home), "PYTHONWARNINGS": "ignore"}

    def _run_commands(self, commands: Sequence[Mapping[str, object]]) -> str:
        return self._finish(["-m", "airflow_dataops.demo.commands"], stdin=json.dumps(commands))

    def _finish(self, words: Sequence[str], *, stdin: str | None = None) -> str:
        done = subprocess.run(
            [sys.executable, *words],
            env=self.environ | _QUIET, input=stdin, capture_output=True, text=True, check=False,
        )  # fmt: skip
        if done.returncode:
            raise _failed(words, done.stderr.strip() or done.stdout)
        return done.stdout

    def _start(self, *command: str, extra: Mapping[str, str] | None = None) -> None:
        settings = {
            "AIRFLOW_HOME": str(self.airflow_home),
            "PYTHONWARNINGS": "ignore",
            **(extra or {}),
        }
        assigned = [f"{name}={value}" for name, value in settings.items()]
        module = _PRELOADED if command[0] in _FORKING else "airflow"
        started: Sequence[str] = (
            "/usr/bin/env", *assigned, sys.executable, "-m", module, *command,
        )  # fmt: skip
        name = f"airflow-{command[0]}"
        self._processes.append(GuardedProcess.start(self._home, name, started))

    def _is_serving(self) -> bool:
        try:
            return httpx.get(f"{self.url}/api/v2/version", timeout=5).is_success
        except httpx.TransportError:
            return False

    @property
    def _passwords_file(self) -> Path:
        return self.airflow_home / "passwords.json"

    def _sections(self) -> dict[str, dict[str, str]]:
        kitchen_bundle = "airflow_dataops.bundles.kitchens.KitchenBundle"
        bundles = [
            {"name": name, "classpath": kitchen_bundle, "kwargs": {"environment": environment}}
            for name, environment in BUNDLES.items()
        ]
        users = ",".join(f"{user}:{role}" for user, role in USERS.items())
        return {
            "core": {
                "executor": "LocalExecutor",
                "parallelism": "4",
                "load_examples": "False",
                "dags_folder": str(self.airflow_home / "dags"),
                "plugins_folder": str(self.airflow_home / "plugins"),
                "execution_api_server_url": f"{self.url}/execution/",
                "fernet_key": self._home.secret("fernet_key", _new_fernet_key),
                "simple_auth_manager_users": users,
                "simple_auth_manager_passwords_file": str(self._passwords_file),
            },
            "database": {"sql_alchemy_conn": self._addresses.metadata_url},
            "api": {
                "base_url": self.url,
                "secret_key": self._home.secret("api_secret_key"),
                "workers": "1",
            },
            "api_auth": {"jwt_secret": self._home.secret("jwt_key", _new_jwt_key)},
            "dag_processor": {
                "dag_bundle_config_list": json.dumps(bundles),
                "dag_bundle_storage_path": str(self.airflow_home / "bundles"),
                "min_file_process_interval": "3600",
            },
            "logging": {"base_log_folder": str(self.airflow_home / "logs")},
            "scheduler": {"scheduler_idle_sleep_time": "0.5"},
            "secrets": {"backend": "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend"},
            "dataops": {
                "environments_file": str(self._addresses.environments_file),
                "api_url": self.url,
                "token_key": self._home.secret("dataops_token_key", _new_jwt_key),
                # Here everything runs as one user anyway.
                "merge_build_seconds": "60",
            },
            # What is asked twice is refused the second time; a busy machine may take its time.
            "workers": {"execution_api_timeout": "60"},
            "usage_data_collection": {"enabled": "False"},
        }


def _revision() -> str:
    migrations = Path(__file__).parents[1] / "registry" / "migrations" / "versions"
    return " ".join(sorted(file.stem for file in migrations.glob("*.py")))


def _new_jwt_key() -> str:
    return secrets.token_urlsafe(64)  # HS512 wants a key as long as its hash


def _new_fernet_key() -> str:
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def _failed(words: Sequence[str], said: str) -> OutsideSystemError:
    lines = said.strip().splitlines()
    return OutsideSystemError(
        f"{' '.join(words[1:5])} failed: {lines[-1] if lines else 'silently'}"
    )
