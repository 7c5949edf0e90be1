"""A whole Airflow with production, development and an attacker's kitchen."""

from __future__ import annotations

import json
import shutil
import subprocess
import time
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import jwt
import jwt.warnings
from sqlalchemy import create_engine, text

from airflow_dataops.demo.airflow_processes import BUNDLES, DemoAirflow
from airflow_dataops.demo.stack import EmbeddedStack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROJECT = Path(__file__).parent / "e2e" / "project"
_AUTHOR = ("-c", "user.name=Padma", "-c", "user.email=padma@example.com")


def eventually(
    what: str, found: Callable[[], Any], *, seconds: float = 60, every: float = 0.2
) -> Any:
    """The first true answer; fails with ``what`` was waited for when the time is over."""
    deadline = time.monotonic() + seconds
    while not (answer := found()):
        assert time.monotonic() < deadline, f"{what}: not within {seconds:g} s"
        time.sleep(every)
    return answer


class Branches:
    """The project's repository, as those who push to it see it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "repository.git"
        self._work = folder / "work"
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.path))
        self._git("init", "--quiet", "--initial-branch=main", str(self._work))

    def push(self, branch: str, files: Path) -> None:
        """Let a branch hold the files of a folder, and no others."""
        for old in self._work.iterdir():
            if old.name != ".git":
                shutil.rmtree(old)
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(files, self._work, dirs_exist_ok=True, ignore=ignored)
        self._commit(branch)

    def edit(self, branch: str, file: str, old: str, new: str) -> None:
        """Change one line of a file."""
        self._git("-C", str(self._work), "fetch", "--quiet", str(self.path), branch)
        self._git("-C", str(self._work), "checkout", "--quiet", "--detach", "FETCH_HEAD")
        changed = self._work / file
        changed.write_text(changed.read_text().replace(old, new))
        self._commit(branch)

    def names(self) -> set[str]:
        """The branches there are."""
        listed = self._git("-C", str(self.path), "for-each-ref", "--format=%(refname:lstrip=2)",
                           "refs/heads/")  # fmt: skip
        return set(listed.split())

    def _commit(self, branch: str) -> None:
        at = ("-C", str(self._work))
        self._git(*at, "add", "--all")
        self._git(*at, *_AUTHOR, "commit", "--quiet", "--allow-empty", "-m", "Change")
        self._git(*at, "push", "--quiet", "--force", str(self.path), f"HEAD:refs/heads/{branch}")

    def _git(self, *words: str) -> str:
        done = subprocess.run(["git", *words], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout


@dataclass(kw_only=True)
class LiveAirflow:
    """Airflow at work, from outside."""

    stack: EmbeddedStack
    airflow: DemoAirflow
    branches: Branches
    folder: Path

    def __post_init__(self) -> None:
        self._client = httpx.Client(base_url=self.airflow.url, timeout=180)
        login = {"username": "eric", "password": self.airflow.password("eric")}
        answer = self._client.post("/auth/token", json=login).raise_for_status()
        self._user = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        self.engine = create_engine(self.stack.addresses.metadata_url)

        self._people: list[httpx.Client] = []

    def person(self, name: str) -> httpx.Client:
        """A client that is logged in as one of the demo's users."""
        client = httpx.Client(base_url=self.airflow.url, timeout=180)
        login = {"username": name, "password": self.airflow.password(name)}
        token = client.post("/auth/token", json=login).raise_for_status().json()
        client.headers["Authorization"] = f"Bearer {token['access_token']}"
        self._people.append(client)
        return client

    def close(self) -> None:
        for client in (self._client, *self._people):
            client.close()
        self.engine.dispose()

    def api(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """A user's request."""
        return self._client.request(method, f"/api/v2{path}", json=body, headers=self._user)

    def get(self, path: str) -> Any:
        return self.api("GET", path).raise_for_status().json()

    def rows(self, query: str, **values: Any) -> list[Any]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(query), values)]

    def execution(
        self, task_instance: str, method: str, path: str, body: Any = None
    ) -> httpx.Response:
        """A task's request, with the token that Airflow gave to its supervisor."""
        now = int(time.time())
        claims = {
            "sub": task_instance,
            "aud": "urn:airflow.apache.org:task",
            "iat": now,
            "nbf": now,
            "exp": now + 600,
        }
        key = self.stack.home.secret("jwt_key")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", jwt.warnings.InsecureKeyLengthWarning)
            token = jwt.encode(claims, key, algorithm="HS512", headers={"kid": "not-used"})
        headers = {"Authorization": f"Bearer {token}"}
        return self._client.request(method, f"/execution{path}", json=body, headers=headers)

    def trigger(self, dag_id: str, run_id: str, **conf: Any) -> None:
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.api("POST", f"/dags/{dag_id}/dagRuns", body).raise_for_status()

    def task(self, dag_id: str, run_id: str, task_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self.get(f"/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}")
        return found

    def ended(self, dag_id: str, run_id: str, *, seconds: float = 120) -> str:
        """State of a run once it is finished."""

        def state() -> str | None:
            found: str = self.get(f"/dags/{dag_id}/dagRuns/{run_id}")["state"]
            return found if found in ("success", "failed") else None

        return str(eventually(f"end of {dag_id} {run_id}", state, seconds=seconds))

    def running_task(self, dag_id: str, run_id: str, task_id: str) -> str:
        """Id of a task instance once it runs."""

        def running() -> str | None:
            found = self.task(dag_id, run_id, task_id)
            return str(UUID(found["id"])) if found["state"] == "running" else None

        return str(eventually(f"{dag_id} {run_id} {task_id} is running", running, seconds=90))

    def has_dag(self, dag_id: str) -> bool:
        found = self.api("GET", f"/dags/{dag_id}")
        return found.status_code == 200 and not found.json()["is_stale"]

    def log(self, process: str) -> str:
        """What one of Airflow's processes has said."""
        return (self.stack.home.logs / f"airflow-{process}.log").read_text()

    def faults(self) -> str:
        """The last fault of each process, and what the database refused last."""
        found = []
        for log in sorted(self.stack.home.logs.glob("*.log")):
            said = log.read_text(errors="replace")
            if (at := said.rfind("Traceback")) >= 0:
                found.append(f"{log.name}:\n{said[max(0, at - 300) : at + 6_000]}")
        said = (self.stack.home.logs / "postgres.log").read_text(errors="replace")
        refused = [line for line in said.splitlines() if "ERROR:" in line or "FATAL:" in line]
        return "\n".join([*found, *refused[-5:]])

    def refresh(self, kitchen: str) -> None:
        """Have a kitchen read again, and wait until the dag-processor has done so."""
        from airflow_dataops.registry.kitchens import KitchenTable

        bundle_of = {environment: bundle for bundle, environment in BUNDLES.items()}
        table = KitchenTable(self.engine, bundle_name=bundle_of.__getitem__)
        before = self._parsed(kitchen)
        table.ask_for_parsing(table.kitchen(kitchen))
        eventually(f"{kitchen} is parsed again", lambda: self._parsed(kitchen) != before)

    def _parsed(self, kitchen: str) -> list[Any]:
        return self.rows(
            "select max(last_parsed_time) from dag where dag_id like :any", any=f"{kitchen}.%"
        )


def live_airflow(folder: Path) -> Iterator[LiveAirflow]:
    """Start everything, with the kitchens demo_production, demo_dev and dev_kitchen."""
    branches = Branches(folder)
    branches.push("main", PROJECT / "production")
    with EmbeddedStack(folder / "home", repository=branches.path) as stack:
        airflow = DemoAirflow(stack.home, stack.start())
        airflow.configure()
        airflow.migrate(lambda _: None)
        try:
            airflow.launch()
            airflow.run_several(
                [
                    ["dataops", "kitchen", "create", name, *parent, "--local"]
                    for name, *parent in (
                        ("demo_production",),
                        ("demo_dev", "--from", "demo_production"),
                        ("dev_kitchen", "--from", "demo_dev"),
                    )
                ]
            )
            airflow.wait_until_serving()
            live = LiveAirflow(stack=stack, airflow=airflow, branches=branches, folder=folder)
            try:
                eventually(
                    "kitchens are visible",
                    lambda: all(
                        live.has_dag(f"{kitchen}.profitability")
                        for kitchen in ("demo_production", "demo_dev", "dev_kitchen")
                    ),
                    seconds=120,
                )
                yield live
            finally:
                live.close()
        finally:
            airflow.stop()


def read_json(file: Path) -> Any:
    """Content of a report that a task wrote."""
    return json.loads(file.read_text())
