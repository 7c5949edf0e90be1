"""Answer a task that asks for a connection: ours, Airflow's own VaultBackend, and the limits.

Ours finds out who asks (one query to Airflow's PostgreSQL) and reads the environment's vault: the
kitchen's own secret, or, where there is none, the one that all kitchens share. VaultBackend reads
the same secret of the same OpenBao with the same AppRole and asks nobody who asks. The limits are
hvac and http.client on one connection that is kept, with a token at hand, and for who asks: one
prepared statement on a psycopg2 session that is kept, the identity's own and one that reads a
single row. Goals: at most twice VaultBackend, and at most half a millisecond where the vault's
answer is still kept.

    python -m benchmarks.connections [--quick]
"""

from __future__ import annotations

import argparse
import asyncio
import http.client
import json
import os
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from airflow_dataops.demo.stack import EmbeddedStack
from benchmarks import _report

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from airflow_dataops.demo.stack import StackAddresses

_GOAL_RATIO = 2.0
_GOAL_KEPT_MS = 0.5
_ENVIRONMENT, _BUNDLE, _VERSION, _TOOL = "development", "kitchens-development", "v1", "redshift"
_IN_A_ROW = 5
_CACHE_SECONDS = "AIRFLOW__DATAOPS__VAULT_CACHE_SECONDS"
_SHARED, _OWN = "airflow_dataops, shared secret", "airflow_dataops, kitchen's own secret"
_KEPT, _IDENTITY = "airflow_dataops, kept answer", "identity query alone"
_VAULT_BACKEND = "VaultBackend, AppRole"
_ONE_ROW = "select id from dataops_kitchen where id = $1::text"


def main() -> None:
    """Run all measurements and print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="30 calls each")
    arguments = parser.parse_args()
    calls = 30 if arguments.quick else 500
    with _installation() as stack:
        scope = {"type": "http", "path": "/measured", "headers": []}

        async def measure(scope: dict[str, Any], *_: object) -> None:
            _measure(stack, scope, calls=calls)

        # As in an API server: what is asked is asked within a request.
        from airflow_dataops.secrets.identity import IdentityMiddleware

        asyncio.run(IdentityMiddleware(measure)(scope, None, None))


def _measure(stack: EmbeddedStack, scope: dict[str, Any], *, calls: int) -> None:
    tasks = _add_tasks(stack, [_SHARED, _OWN, _KEPT])

    def ours(name: str, *, cache_seconds: int) -> Callable[[], float]:
        def one() -> float:
            os.environ[_CACHE_SECONDS] = str(cache_seconds)
            scope["ti_token"] = SimpleNamespace(id=tasks[name])
            return _milliseconds(lambda: backend.get_connection(_TOOL))

        return one

    from airflow_dataops import bootstrap
    from airflow_dataops.secrets.kitchen_vault import KitchenVaultBackend

    backend = KitchenVaultBackend()
    where = stack.addresses
    systems = {
        _SHARED: ours(_SHARED, cache_seconds=0),
        _OWN: ours(_OWN, cache_seconds=0),
        _KEPT: ours(_KEPT, cache_seconds=60),
        _IDENTITY: lambda: _milliseconds(lambda: bootstrap.identify(tasks[_KEPT])),
        **{name: _timed(read) for name, read in _peers(where).items()},
        **{name: _timed(read) for name, read in _floors(where, tasks[_KEPT]).items()},
    }
    for warm_up in systems.values():  # the first call logs in and opens connections
        warm_up()
    measured = _report.alternate(systems, rounds=calls // _IN_A_ROW, in_a_row=_IN_A_ROW)
    medians = {name: _report.median(values) for name, values in measured.items()}
    for name, values in measured.items():
        _report.line(
            system=name, calls=calls, median_ms=medians[name],
            p10_ms=sorted(values)[calls // 10], p95_ms=sorted(values)[-calls // 20],
            after_another_system_ms=_report.median(values[::_IN_A_ROW]),
            times_vault_backend=medians[name] / medians[_VAULT_BACKEND],
        )  # fmt: skip
    _report.verdict(
        "connections: ms from the kept answer",
        medians[_KEPT], goal=f"<= {_GOAL_KEPT_MS}", met=medians[_KEPT] <= _GOAL_KEPT_MS,
    )  # fmt: skip
    for name in (_OWN, _SHARED):
        ratio = medians[name] / medians[_VAULT_BACKEND]
        _report.verdict(
            f"connections: {name} / VaultBackend",
            ratio, goal=f"<= {_GOAL_RATIO:g}", met=ratio <= _GOAL_RATIO,
        )  # fmt: skip


def _timed(read: Callable[[], object]) -> Callable[[], float]:
    return lambda: _milliseconds(read)


def _milliseconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    answer = call()
    took = 1000 * (time.perf_counter() - started)
    if answer is None:
        message = "there was no answer, so there is nothing to compare"
        raise RuntimeError(message)
    return took


def _peers(where: StackAddresses) -> dict[str, Callable[[], object]]:
    from airflow.providers.hashicorp.secrets.vault import VaultBackend

    environment = where.environments[_ENVIRONMENT]
    stock = VaultBackend(
        connections_path="tools",
        mount_point=environment.vault_mount,
        url=where.vault_url,
        auth_type="approle",
        role_id=environment.role_id,
        secret_id=environment.secret_id_file.read_text(),
    )
    client = _logged_in(where)
    token = str(client.token)
    url = urlsplit(where.vault_url)
    kept = http.client.HTTPConnection(str(url.hostname), url.port)

    def over_http() -> object:
        path = f"/v1/{environment.vault_mount}/data/tools/{_TOOL}"
        kept.request("GET", path, headers={"X-Vault-Token": token})
        return json.loads(kept.getresponse().read())["data"]["data"]

    return {
        _VAULT_BACKEND: lambda: stock.get_connection(_TOOL),
        "hvac, kept": lambda: client.secrets.kv.v2.read_secret_version(
            path=f"tools/{_TOOL}",
            mount_point=environment.vault_mount,
            raise_on_deleted_version=True,
        ),
        "http.client, kept": over_http,
    }


def _floors(where: StackAddresses, task: str) -> dict[str, Callable[[], object]]:
    """The least that a look at the database takes, without anything of ours around it."""
    import psycopg2
    from airflow import settings

    from airflow_dataops.registry import identities, single_reads

    session = psycopg2.connect(where.metadata_url.replace("postgresql+psycopg2", "postgresql"))
    session.autocommit = True
    cursor = session.cursor()
    dialect = settings.get_engine().dialect
    identity = single_reads._prepared(identities._FACTS, "task_instance_id", dialect)  # noqa: SLF001
    cursor.execute(f"PREPARE identity AS {identity.text}")
    cursor.execute(f"PREPARE one_row AS {_ONE_ROW}")

    def prepared(name: str) -> Callable[[], object]:
        def one() -> object:
            cursor.execute(f"EXECUTE {name} (%s)", (task,))
            return cursor.fetchall()

        return one

    return {
        "psycopg2, kept: identity prepared": prepared("identity"),
        "psycopg2, kept: one row prepared": prepared("one_row"),
    }


def _logged_in(where: StackAddresses) -> Any:
    import hvac  # noqa: TID251 - the limit is the library itself

    environment = where.environments[_ENVIRONMENT]
    client = hvac.Client(url=where.vault_url)
    client.auth.approle.login(
        role_id=environment.role_id, secret_id=environment.secret_id_file.read_text()
    )
    return client


def _add_tasks(stack: EmbeddedStack, asked_by: list[str]) -> dict[str, str]:
    """A kitchen with a running task for each system that asks; ids of the task instances."""
    from airflow import settings

    from tests.registry import kitchen_rows
    from tests.registry.airflow_rows import add_dag, add_running_task

    engine = settings.get_engine()
    kitchen_rows.record(engine, _VERSION, bundle=_BUNDLE, environment=_ENVIRONMENT)
    tasks = {}
    for n, system in enumerate(asked_by):
        name = f"kitchen_{n}"
        kitchen_rows.add_kitchen(engine, name, _ENVIRONMENT)
        add_dag(engine, f"{name}.profit", bundle=_BUNDLE)
        tasks[system] = add_running_task(engine, f"{name}.profit", version=_VERSION)
        if system == _OWN:
            fields = {"conn_type": "postgres", "host": "localhost", "password": "own"}
            stack.put_secret(_ENVIRONMENT, f"kitchens/{name}/{_TOOL}", fields)
    return tasks


@contextmanager
def _installation() -> Iterator[EmbeddedStack]:
    """PostgreSQL with Airflow's tables and a vault; this process is configured for both."""
    with ExitStack() as at_end:
        place = Path(at_end.enter_context(tempfile.TemporaryDirectory()))
        place.chmod(0o711)  # root's PostgreSQL runs as another user, who has to pass
        stack = at_end.enter_context(EmbeddedStack(place / "stack", [_ENVIRONMENT]))
        where = stack.start()
        environments = place / "environments.yaml"
        environments.write_text(_with_stored_logins(where.environments_file.read_text()))
        os.environ.update(
            {
                "AIRFLOW_HOME": str(place / "airflow"),
                "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
                "AIRFLOW__CORE__FERNET_KEY": "",
                "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": where.metadata_url,
                "AIRFLOW__DATAOPS__ENVIRONMENTS_FILE": str(environments),
                "AIRFLOW__LOGGING__LOGGING_LEVEL": "ERROR",
                "PYTHONWARNINGS": "ignore",
            }
        )
        command = [sys.executable, "-m", "airflow", "db", "migrate"]
        subprocess.run(command, check=True, capture_output=True)
        import airflow
        from airflow import settings

        airflow.initialize() if hasattr(airflow, "initialize") else settings.initialize()
        at_end.callback(settings.dispose_orm)
        yield stack


def _with_stored_logins(environments: str) -> str:
    """An environments file in which the vault keeps the warehouse's login instead of issuing it."""
    import yaml

    declared = yaml.safe_load(environments)
    for project in declared["projects"].values():
        project["environments"][_ENVIRONMENT]["tools"][_TOOL].pop("dynamic", None)
    return yaml.safe_dump(declared)


if __name__ == "__main__":
    main()
