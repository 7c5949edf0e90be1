"""Follow a run of a pipeline: what each task came to, and what it said where that matters."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from airflow_dataops.cli.api_models import RunAnswer, TaskAnswer
from airflow_dataops.cli.patience import ask_patiently
from airflow_dataops.errors import ApiUnreachable, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.cli.api_client import ApiClient
    from airflow_dataops.cli.run_display import RunDisplay

_OVER = frozenset({"success", "failed", "skipped", "upstream_failed", "removed"})
_FAILED = frozenset({"failed", "up_for_retry"})
_TESTS = "data_tests"
_TAIL = 25


@dataclass(kw_only=True)
class Following:
    """One run, watched through Airflow's own API.

    Attributes:
        run: as it was last seen.
        pause, server_patience: seconds between two looks, and until a server that does not
            answer any more is given up.
    """

    api: ApiClient
    display: RunDisplay
    run: RunAnswer
    pause: float = 0.4
    server_patience: float = 60.0
    _told: set[tuple[str, int, int]] = field(default_factory=set)

    def to_its_end(self) -> RunAnswer:
        """Watch until the run is over.

        Raises:
            ApiUnreachable: the server does not answer for too long.
            RequestRefused: the run is not to be seen any more.
        """
        while True:
            # The run first: what was over by then is seen among the tasks that are read next.
            self.run = self._patiently(lambda: self.api.read(RunAnswer, self._get("")))
            tasks = self._patiently(self._tasks)
            for task in sorted(tasks, key=lambda task: (task.end_date or "", task.task_id)):
                self._tell(task)
            if self.run.state in {"success", "failed"}:
                self.display.ended(self.run)
                return self.run
            running = [task.shown_as for task in tasks if task.state == "running"]
            done = sum(task.state in _OVER for task in tasks)
            doing = ", ".join(running) or "waiting for a worker"
            self.display.now(f"{doing}: {done} of {len(tasks)} tasks done")
            time.sleep(self.pause)

    def _tasks(self) -> list[TaskAnswer]:
        found: list[TaskAnswer] = []
        while True:
            page = self._get("/taskInstances", limit="100", offset=str(len(found)))
            rows = page.get("task_instances", [])
            found += [self.api.read(TaskAnswer, row) for row in rows]
            if not rows or len(found) >= page.get("total_entries", 0):
                return found

    def _tell(self, task: TaskAnswer) -> None:
        """Tell of a try that has ended, once."""
        is_over = task.state in _OVER or task.state == "up_for_retry"
        this_try = (task.task_id, task.map_index, task.try_number)
        if not is_over or this_try in self._told:
            return
        self._told.add(this_try)
        said: list[str] = []
        if task.state in _FAILED:
            said = self._log_of(task)[-_TAIL:]
        elif task.task_id.rpartition(".")[2] == _TESTS and task.state == "success":
            said = self._log_of(task, logger=_TESTS)
        self.display.task(task, said)

    def _log_of(self, task: TaskAnswer, *, logger: str = "") -> list[str]:
        """Lines of a try's log; none where it cannot be read, which is no reason to stop."""
        path = f"/taskInstances/{quote(task.task_id, safe='')}/logs/{task.try_number}"
        try:
            answer = self._get(path, map_index=str(task.map_index), full_content="true")
        except (ApiUnreachable, RequestRefused):
            return []
        content = answer.get("content") if isinstance(answer, dict) else None
        rows = content if isinstance(content, list) else []
        said = [row for row in rows if isinstance(row, dict) and row.get("level")]
        if logger:
            said = [row for row in said if logger in str(row.get("logger", ""))]
        return [line for row in said for line in _lines_of(row)]

    def _get(self, path: str, **query: str) -> Any:
        run = f"/api/v2/dags/{self.run.dag_id}/dagRuns/{quote(self.run.dag_run_id, safe='')}"
        return self.api.request("GET", f"{run}{path}", query=query or None)

    def _patiently(self, ask: Callable[[], Any]) -> Any:
        return ask_patiently(
            ask, seconds=self.server_patience, pause=self.pause, note=self.display.note
        )


def _lines_of(row: dict[str, Any]) -> list[str]:
    """What one entry of a log says, with the error that it carries."""
    lines = str(row.get("event", "")).splitlines()
    for error in row.get("error_detail") or []:
        if isinstance(error, dict):
            lines.append(f"{error.get('exc_type')}: {error.get('exc_value')}")
    return lines
