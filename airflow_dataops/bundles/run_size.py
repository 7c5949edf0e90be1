"""How many tasks a run of a kitchen's DAG can come to: what its environment allows.

The scheduler reads every unfinished task of each run that it looks at, and writes all of a run's
when it begins: thousands of development's make production's wait for seconds, whatever pools and
queues they are in. The number is found in what was serialized, as the scheduler will read it: a
task counts as often as it is mapped, at most.
"""

from __future__ import annotations

import logging
from math import inf, prod
from typing import TYPE_CHECKING, Any

from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

log = logging.getLogger(__name__)


def objection(dag: Mapping[str, Any], environment: str) -> str | None:
    """Why a serialized DAG is too large for its environment; None where it is not."""
    from airflow.configuration import conf

    from airflow_dataops import config

    try:
        most = config.environments().environment(environment).max_tasks_per_run
    except DataOpsError as error:
        log.error("the size of %s is not limited: %s", dag["dag_id"], error)  # noqa: TRY400 - no bug
        return None
    if most is None:
        return None
    longest = conf.getint("core", "max_map_length", fallback=1024)
    found = most_tasks(dag, longest=longest)
    if found <= most:
        return None
    number = "any number of" if found == inf else f"{found:,.0f}"
    return (
        f"a run of it can come to {number} tasks, and environment {environment!r} allows {most:,}; "
        "split it, or map over less: a list that a task returns counts as "
        f"[core] max_map_length, {longest:,}"
    )


def most_tasks(dag: Mapping[str, Any], *, longest: int) -> float:
    """The most tasks that a run of a serialized DAG can have; infinite where nothing bounds them.

    Args:
        dag: as Airflow serializes it, or as a file that writes it itself pretends.
        longest: list to map over that Airflow takes from a task.
    """
    try:
        found = _Run(dag, longest=longest).tasks()
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        return inf  # nobody knows what Airflow will make of it
    return found if found >= 0 else inf  # nothing times no bound is not a number


class _Run:
    """A run of a DAG at its largest."""

    def __init__(self, dag: Mapping[str, Any], *, longest: int) -> None:
        self._longest = longest
        self._tasks = {task["__var"]["task_id"]: task["__var"] for task in dag["tasks"]}
        self._known: dict[str, float] = {}
        self._in_groups: dict[str, float] = {}
        for task_id, often in self._grouped(dag["task_group"], 1):
            self._in_groups[task_id] = max(often, self._in_groups.get(task_id, 0))

    def tasks(self) -> float:
        return sum(self._often(task_id) for task_id in self._tasks)

    def _often(self, task_id: str) -> float:
        if task_id not in self._known:
            self._known[task_id] = inf  # for one that is mapped over itself
            self._known[task_id] = self._in_groups.get(task_id, 1) * self._mapped(task_id)
        return self._known[task_id]

    def _mapped(self, task_id: str) -> float:
        task = self._tasks[task_id]
        return self._expanded(task[task["_expand_input_attr"]]) if task.get("_is_mapped") else 1

    def _grouped(self, group: Mapping[str, Any], often: float) -> Iterator[tuple[str, float]]:
        """Each task of a group with how often the groups around it have it run."""
        if "expand_input" in group:
            often *= self._expanded(group["expand_input"])
        for kind, child in group["children"].values():
            if kind == "operator":
                yield child, often
            else:
                yield from self._grouped(child, often)

    def _expanded(self, over: Mapping[str, Any]) -> float:
        if over["type"] == "list-of-dicts":
            return self._length(over["value"])
        if over["type"] == "dict-of-lists":
            return prod(self._length(value) for value in over["value"]["__var"].values())
        return inf

    def _length(self, value: Any) -> float:
        if isinstance(value, list):
            return len(value)
        if value["__type"] == "xcomref":
            return self._returned(value["__var"])
        return len(value["__var"])

    def _returned(self, argument: Mapping[str, Any]) -> float:
        kind = argument.get("type", "")
        if kind == "map":
            return self._returned(argument["arg"])
        if kind in {"concat", "zip"}:
            lengths = [self._returned(one) for one in argument["args"]]
            return sum(lengths) if kind == "concat" else max(lengths)
        if kind:
            return inf
        task_id = argument["task_id"]
        # Of a mapped task each has returned one.
        is_mapped = self._tasks[task_id].get("_is_mapped")
        return self._often(task_id) if is_mapped else self._longest
