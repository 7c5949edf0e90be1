"""Kitchens through the REST API of a live Airflow, and processes that are killed meanwhile."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

from tests.kitchen_sites import World
from tests.live_airflow import eventually

if TYPE_CHECKING:
    from tests.live_airflow import LiveAirflow

API = "/dataops/api/v1"
READY_SECONDS = 240


@dataclass(kw_only=True)
class Service:
    """What a person does with kitchens."""

    live: LiveAirflow
    person: httpx.Client

    def create(self, name: str, **wishes: Any) -> httpx.Response:
        return self.person.post(
            f"{API}/kitchens", json={"name": name, "parent": "demo_dev", **wishes}
        )

    def delete(self, name: str) -> httpx.Response:
        return self.person.delete(f"{API}/kitchens/{name}")

    def operation(self, operation_id: str) -> dict[str, Any]:
        answer = self.person.get(f"{API}/operations/{operation_id}").raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def done(self, answer: httpx.Response) -> dict[str, Any]:
        """An operation once it is over."""
        assert answer.status_code == 202, answer.text
        operation_id = answer.json()["id"]

        def over() -> dict[str, Any] | None:
            found = self.operation(operation_id)
            return found if found["ended_at"] else None

        what = f"end of {answer.json()['kind']} {answer.json()['kitchen']}"
        found: dict[str, Any] = eventually(what, over, seconds=READY_SECONDS, every=1)
        assert found["progress"] == "done", found
        return found

    def gone_on_with(self, ask: Any) -> dict[str, Any]:
        """An operation that is asked for again and again until it is over."""

        def over() -> dict[str, Any] | None:
            with suppress(httpx.TransportError):  # the server is being started
                answer = ask()
                if answer.status_code == 202 and answer.json()["ended_at"]:
                    return answer.json()
                if answer.status_code in (404, 409):
                    return {"over": answer.json()["detail"]}
            return None

        found: dict[str, Any] = eventually(
            "the operation is over", over, seconds=READY_SECONDS, every=1
        )
        return found

    def state(self) -> list[str]:
        """Everything that a kitchen of development could leave something in."""
        live = self.live
        dags = live.rows("select dag_id from dag where not is_stale")
        kitchens = live.rows("select name from dataops_kitchen where deleted_at is null")
        running = live.rows(
            "select dag_id, run_id from dag_run where state in ('queued', 'running') "
            "and dag_id not like 'dataops.%'"
        )
        branches = live.branches.names()
        lines = [
            *World(live.stack).state(),
            *(f"dag {row[0]}" for row in sorted(dags)),
            *(f"kitchen {row[0]}" for row in sorted(kitchens)),
            *(f"branch {name}" for name in sorted(branches)),
            *(f"run {row}" for row in sorted(running)),
        ]
        # Other tests' kitchen, in which work goes on.
        return [line for line in lines if "dev_kitchen" not in line]

    def task_pid(self, run_id: str) -> int | None:
        """Process id of the task of a provisioning run."""
        found = self.live.rows(
            "select pid from task_instance where run_id = :run and state = 'running'", run=run_id
        )
        return found[0][0] if found else None


def kill(pid: int) -> None:
    """End a process as the kernel does when memory is short."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def parent_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/stat").read_text()
    return int(status.rpartition(")")[2].split()[1])


def pids_below(pid: int) -> list[int]:
    """A process with its children and theirs."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(found for child in children for found in pids_below(int(child)))]


def kill_server(live: LiveAirflow) -> None:
    """End the API server and all that it started."""
    (server, *_) = live.airflow._processes
    for pid in reversed(pids_below(server._guard.pid)[1:]):
        kill(pid)


def start_server(live: LiveAirflow) -> None:
    """Start one in the place of a server that was killed."""
    airflow = live.airflow
    airflow._processes.pop(0).stop()
    airflow._start("api-server", "--port", str(airflow.port), "--host", "127.0.0.1")
    airflow._processes.insert(0, airflow._processes.pop())
    airflow.wait_until_serving()
