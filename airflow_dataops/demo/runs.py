"""Start the demo's runs through Airflow's REST API and watch them to their end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FINISHED = {"success", "failed"}
_LONGEST_SECONDS = 420
# Airflow makes its execution API at the first request to it, and answers nobody meanwhile.
_LONGEST_ANSWER_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    """One week of a pipeline in a kitchen."""

    dag_id: str
    run_date: str

    @property
    def run_id(self) -> str:
        """The run's id in Airflow; the same at every start, so that it runs once."""
        return f"demo__{self.run_date}"

    def __str__(self) -> str:
        return f"{self.dag_id} for {self.run_date}"


class AirflowApi:
    """Airflow's REST API as one of its users."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=_LONGEST_ANSWER_SECONDS)
        login = {"username": user, "password": password}
        token = self._client.post("/auth/token", json=login).raise_for_status().json()
        self._client.headers["Authorization"] = f"Bearer {token['access_token']}"

    def wait_for_dags(self, dag_ids: Sequence[str], *, seconds: float = 120) -> None:
        """Return when all these DAGs are there.

        Raises:
            OutsideSystemError: one is still missing when the time is over; says which and why.
        """
        deadline = time.monotonic() + seconds
        while missing := [dag_id for dag_id in dag_ids if not self._has_dag(dag_id)]:
            if time.monotonic() > deadline:
                errors = [e["stack_trace"] for e in self._get("/importErrors")["import_errors"]]
                message = f"DAG {missing[0]} did not appear; import errors: {errors or 'none'}"
                raise OutsideSystemError(message)
            time.sleep(0.5)

    def start(self, run: DemoRun) -> None:
        """Start a run, unless an earlier start of the demo did."""
        body = {"dag_run_id": run.run_id, "logical_date": None, "conf": {"run_date": run.run_date}}
        answer = self._client.post(f"/api/v2/dags/{run.dag_id}/dagRuns", json=body)
        if answer.status_code != httpx.codes.CONFLICT:
            answer.raise_for_status()

    def watch(self, runs: Sequence[DemoRun], say: Callable[[str], None]) -> list[DemoRun]:
        """Tell of each task as it ends, until all runs are finished.

        Returns:
            The runs that did not succeed.

        Raises:
            OutsideSystemError: they take longer than seven minutes.
        """
        told: set[tuple[str, str, str]] = set()
        deadline = time.monotonic() + _LONGEST_SECONDS
        while True:
            states = [self._get(f"/dags/{r.dag_id}/dagRuns/{r.run_id}")["state"] for r in runs]
            for run in runs:
                self._tell(run, told, say)
            if all(state in _FINISHED for state in states):
                pairs = zip(runs, states, strict=True)
                return [run for run, state in pairs if state != "success"]
            if time.monotonic() > deadline:
                message = f"the runs are not finished after {_LONGEST_SECONDS} seconds: {states}"
                raise OutsideSystemError(message)
            time.sleep(1)

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _tell(
        self, run: DemoRun, told: set[tuple[str, str, str]], say: Callable[[str], None]
    ) -> None:
        path = f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances"
        for task in self._get(path)["task_instances"]:
            news = (str(run), task["task_id"], task["state"])
            if task["state"] in {*_FINISHED, "upstream_failed"} and news not in told:
                told.add(news)
                say(f"{run}: {task['task_id']} {task['state']}")

    def _has_dag(self, dag_id: str) -> bool:
        answer = self._client.get(f"/api/v2/dags/{dag_id}")
        return bool(answer.status_code == httpx.codes.OK and not answer.json()["is_stale"])

    def _get(self, path: str) -> Any:
        return self._client.get(f"/api/v2{path}").raise_for_status().json()
