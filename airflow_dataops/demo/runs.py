"""Start the demo's runs through Airflow's REST API and watch them to their end."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx

from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_FINISHED = {"success", "failed"}
_LONGEST_SECONDS = 900
_LOOKS_EVERY_SECONDS = 2
_OVERLAP = timedelta(seconds=10)
_PAGE = 100
# Airflow makes its execution API at the first request to it, and answers nobody meanwhile.
_LONGEST_ANSWER_SECONDS = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoRun:
    """One run of a pipeline in a kitchen.

    Attributes:
        passes: whether it is to succeed; the run of a corrupted file is not.
    """

    dag_id: str
    run_date: str
    passes: bool = True

    @property
    def run_id(self) -> str:
        """The run's id in Airflow; the same at every start, so that it runs once."""
        return f"demo__{self.run_date}"

    def __str__(self) -> str:
        return f"{self.dag_id} for {self.run_date}"


class AirflowApi:
    """Airflow's REST API as one of its users."""

    def __init__(self, url: str, *, user: str, password: str) -> None:
        self._told: set[tuple[str, str, str]] = set()
        self._client = httpx.Client(base_url=url, timeout=_LONGEST_ANSWER_SECONDS)
        login = {"username": user, "password": password}
        answer = self._client.post("/auth/token", json=login).raise_for_status().json()
        self.token = str(answer["access_token"])
        self._client.headers["Authorization"] = f"Bearer {self.token}"

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

    def start(self, run: DemoRun) -> bool:
        """Start a run; whether it is a new one, which an earlier start of the demo had not made."""
        body = {"dag_run_id": run.run_id, "logical_date": None, "conf": {"run_date": run.run_date}}
        answer = self._client.post(f"/api/v2/dags/{run.dag_id}/dagRuns", json=body)
        if answer.status_code == httpx.codes.CONFLICT:
            return False
        answer.raise_for_status()
        return True

    def watch(self, runs: Sequence[DemoRun], say: Callable[[str], None]) -> list[str]:
        """Tell of each task as it ends, until all runs are finished.

        Returns:
            Of each run that did not end as it was to, a sentence.

        Raises:
            OutsideSystemError: they take longer than a quarter of an hour.
        """
        wrong: list[str] = []
        open_runs, seen_open = list(runs), set[DemoRun]()
        deadline, since = time.monotonic() + _LONGEST_SECONDS, None
        while open_runs:
            look = datetime.now(tz=UTC)
            states = self._states(open_runs)
            seen_open |= {run for run in open_runs if states[run] not in _FINISHED}
            # What an earlier start of the demo had finished was told by it.
            self._tell([run for run in open_runs if run in seen_open], since, say)
            for run in [run for run in open_runs if states[run] in _FINISHED]:
                open_runs.remove(run)
                if (states[run] == "success") != run.passes:
                    wrong.append(f"{run} ended as {states[run]}")
            if open_runs and time.monotonic() > deadline:
                message = (
                    f"{len(open_runs)} runs are not finished after {_LONGEST_SECONDS} seconds,"
                    f" among them {open_runs[0]}"
                )
                raise OutsideSystemError(message)
            if open_runs:
                since = look
                time.sleep(_LOOKS_EVERY_SECONDS)
        return wrong

    def failed_tasks(self, run: DemoRun) -> list[str]:
        """Tasks of a run that failed, by their ids."""
        found = self._get(f"/dags/{run.dag_id}/dagRuns/{run.run_id}/taskInstances")
        return sorted(t["task_id"] for t in found["task_instances"] if t["state"] == "failed")

    def schedules(self) -> list[dict[str, Any]]:
        """The kitchens' schedules, as our own API tells them."""
        found: list[dict[str, Any]] = (
            self._client.get("/dataops/api/v1/schedules").raise_for_status().json()
        )
        return found

    def merges(self, kitchen: str) -> list[dict[str, Any]]:
        """Merges into a kitchen and their reverts, the last one first."""
        path = f"/dataops/api/v1/kitchens/{kitchen}/merges"
        found: list[dict[str, Any]] = self._client.get(path).raise_for_status().json()
        return found

    def close(self) -> None:
        """End the connection."""
        self._client.close()

    def _states(self, runs: Sequence[DemoRun]) -> dict[DemoRun, str]:
        asked = {"dag_ids": sorted({run.dag_id for run in runs})}
        found = {
            (one["dag_id"], one["dag_run_id"]): str(one["state"])
            for one in self._all("/dags/~/dagRuns/list", "dag_runs", asked)
        }
        return {run: found[run.dag_id, run.run_id] for run in runs}

    def _tell(
        self, runs: Sequence[DemoRun], since: datetime | None, say: Callable[[str], None]
    ) -> None:
        """Say which tasks ended since then; whoever asks for less is answered with less work."""
        by_id = {(run.dag_id, run.run_id): run for run in runs}
        if not by_id:
            return
        asked: dict[str, Any] = {
            "dag_ids": sorted({run.dag_id for run in runs}),
            "dag_run_ids": sorted({run.run_id for run in runs}),
            "state": [*sorted(_FINISHED), "upstream_failed"],
        }
        if since is not None:
            # What ended while the last look was under way was told then, or is told now.
            asked["end_date_gte"] = (since - _OVERLAP).isoformat()
        for task in self._all("/dags/~/dagRuns/~/taskInstances/list", "task_instances", asked):
            run = by_id.get((task["dag_id"], task["dag_run_id"]))
            news = (str(run), task["task_id"], task["state"])
            if run is not None and news not in self._told:
                self._told.add(news)
                say(f"{run}: {task['task_id']} {task['state']}")

    def _all(self, path: str, key: str, asked: dict[str, Any]) -> list[dict[str, Any]]:
        """Everything that a list has, page by page."""
        found: list[dict[str, Any]] = []
        while True:
            body = {**asked, "page_limit": _PAGE, "page_offset": len(found)}
            answer = self._client.post(f"/api/v2{path}", json=body).raise_for_status().json()
            found += answer[key]
            if len(found) >= answer["total_entries"] or not answer[key]:
                return found

    def _has_dag(self, dag_id: str) -> bool:
        answer = self._client.get(f"/api/v2/dags/{dag_id}")
        return bool(answer.status_code == httpx.codes.OK and not answer.json()["is_stale"])

    def _get(self, path: str) -> Any:
        return self._client.get(f"/api/v2{path}").raise_for_status().json()
