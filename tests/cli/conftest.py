"""An installation with environments, a repository and a database, and its command line."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from airflow_dataops.demo.project_repository import provide_repository
from tests.airflow_fixtures import airflow_environment
from tests.cli.laptop import forked

if TYPE_CHECKING:
    import queue
    from pathlib import Path

LONGEST_SECONDS = 60
BUNDLES = [
    {
        "name": f"kitchens-{environment}",
        "classpath": "airflow_dataops.bundles.kitchens.KitchenBundle",
        "kwargs": {"environment": environment},
    }
    for environment in ("production", "development")
]
SETTINGS = {
    "AIRFLOW__SECRETS__BACKEND": "airflow_dataops.secrets.kitchen_vault.KitchenVaultBackend",
    "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(BUNDLES),
}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def rows(self):
        """The JSON it printed."""
        return json.loads(self.stdout)

    @property
    def findings(self):
        """What a check found: whether each subject is in order."""
        return {row["checked"]: row["in_order"] for row in self.rows}

    def detail(self, subject):
        (found,) = (row["detail"] for row in self.rows if row["checked"] == subject)
        return found


@dataclass(kw_only=True)
class Installation:
    """An Airflow with kitchens, as its command line sees it."""

    folder: Path
    server: subprocess.Popen
    news: queue.Queue
    secrets: set[str]
    database: Path
    empty_database: Path
    repository: Path = field(init=False)
    environments: Path = field(init=False)
    _numbers: count = field(default_factory=count)
    _ended: dict = field(default_factory=dict)

    def airflow(self, *words, environ=None, die_at=None):
        """Run a command to its end."""
        return self.finish(self.start(*words, environ=environ, die_at=die_at))

    def start(self, *words, environ=None, die_at=None):
        number = next(self._numbers)
        job = {
            "number": number,
            "words": words,
            "environ": {
                "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(self.environments),
                **(environ or {}),
            },
            "die_at": die_at,
            "stdout": str(self.folder / f"{number}.out"),
            "stderr": str(self.folder / f"{number}.err"),
        }
        self.server.stdin.write(json.dumps(job) + "\n")
        self.server.stdin.flush()
        return number

    def finish(self, number):
        """Wait for a command; no secret may be in what it said."""
        while number not in self._ended:
            news = json.loads(self.news.get(timeout=LONGEST_SECONDS))
            self._ended[news["number"]] = news["code"]
        said = [(self.folder / f"{number}.{kind}").read_text() for kind in ("out", "err")]
        shown = [secret for secret in self.secrets if secret in said[0] + said[1]]
        assert not shown, f"{len(shown)} secrets are shown"
        return Outcome(code=self._ended[number], stdout=said[0], stderr=said[1])

    def with_environments(self, change):
        """Settings of a command whose environments file was changed."""
        content = yaml.safe_load(self.environments.read_text())
        change(content["projects"]["retail"])
        file = self.folder / "changed.yaml"
        file.write_text(yaml.safe_dump(content, sort_keys=False))
        return {"AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(file)}

    def kitchens(self):
        listed = self.airflow("dataops", "kitchen", "list", "--local", "-o", "json")
        return [row["kitchen"] for row in listed.rows]

    def git(self, *words):
        done = subprocess.run(
            ["git", "-C", str(self.repository), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.split()

    def branches(self):
        return set(self.git("for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads/"))


@pytest.fixture(scope="session")
def command_line(embedded_stack, migrated_database, tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow-cli")
    database = home / "airflow.db"
    shutil.copy(migrated_database, database)
    provide_repository(home / "retail.git")
    environ = {**airflow_environment(home, f"sqlite:///{database}"), **SETTINGS}
    with forked(environ, log=home / "fork_server.log") as (server, news):
        yield Installation(
            folder=home,
            server=server,
            news=news,
            secrets=_secrets(embedded_stack.addresses),
            database=database,
            empty_database=migrated_database,
        )


@pytest.fixture
def installation(command_line, embedded_stack, tmp_path):
    """The installation with no kitchens yet."""
    for leftover in command_line.folder.glob("airflow.db*"):
        leftover.unlink()
    shutil.copy(command_line.empty_database, command_line.database)
    command_line.repository = tmp_path / "retail.git"
    shutil.copytree(command_line.folder / "retail.git", command_line.repository)
    content = yaml.safe_load(embedded_stack.addresses.environments_file.read_text())
    retail = content["projects"]["retail"]
    retail["repository"] = str(command_line.repository)
    # Names of these tests' own: schemas of the same stack belong to other tests.
    bases = {"production": ("cli_main", "main"), "development": ("cli_dev", "cli_dev")}
    for environment, (name, branch) in bases.items():
        retail["environments"][environment]["base_kitchen"] = {"name": name, "branch": branch}
    command_line.environments = tmp_path / "environments.yaml"
    command_line.environments.write_text(yaml.safe_dump(content, sort_keys=False))
    return command_line


@pytest.fixture
def kitchens(installation):
    """Production's and development's base kitchens, made once and kept for the next test."""
    kept = installation.folder / "kept"
    if not kept.exists():
        for words in (["cli_main"], ["cli_dev", "--from", "cli_main"]):
            made = installation.airflow("dataops", "kitchen", "create", *words, "--local")
            assert made.code == 0, made.stderr
        kept.mkdir()
        for file in installation.folder.glob("airflow.db*"):
            shutil.copy(file, kept)
        shutil.copytree(installation.repository, kept / "retail.git")
    else:
        for file in kept.glob("airflow.db*"):
            shutil.copy(file, installation.folder)
        shutil.rmtree(installation.repository)
        shutil.copytree(kept / "retail.git", installation.repository)
    return installation


@pytest.fixture
def schemas(embedded_stack):
    """Names of an environment's schemas; those of these tests are dropped afterwards."""

    def connect(environment):
        where = embedded_stack.addresses
        place = where.environments[environment]
        return psycopg.connect(
            host=where.postgres_host,
            port=where.postgres_port,
            dbname=place.warehouse_database,
            user=place.warehouse_login,
            password=place.warehouse_password,
            autocommit=True,
        )

    def ask(environment, statement="select nspname from pg_namespace"):
        with connect(environment) as connection:
            cursor = connection.execute(statement)
            return {row[0] for row in cursor} if cursor.description else set()

    yield ask
    for environment in embedded_stack.addresses.environments:
        for schema in ask(environment):
            if schema.startswith("cli_") and schema not in {"cli_main", "cli_dev"}:
                ask(environment, f'drop schema "{schema}" cascade')


def _secrets(addresses):
    found = {addresses.vault_root_token_file.read_text().strip()}
    found.add(addresses.metadata_url.split("@")[0].rpartition(":")[2])
    for environment in addresses.environments.values():
        found |= {
            environment.warehouse_password,
            environment.s3_key.secret_key,
            environment.sftp_password,
            environment.secret_id_file.read_text().strip(),
        }
    return found
