"""What a serialized DAG has called outside of its tasks, by Airflow's own processes.

Triggerer, scheduler and API server have Airflow's database and its keys. A DAG can name code that
they are to import and call: a trigger that a task starts from, a trigger that watches an asset, a
deadline's callback. Nobody's identity stands behind such a call, so none of a kitchen's DAGs has
one. What was serialized is looked at, not the operators: the process that parsed it may have
written anything into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow_dataops.domain import triggers

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEADLINE = "deadline_alert"
_STARTS = "start_from_trigger"
_INSTEAD = "set start_from_trigger=False, so that it starts on a worker"


def objection(data: Mapping[str, Any]) -> str | None:
    """Why a serialized DAG is refused; None where nothing of it is called elsewhere.

    Args:
        data: the whole of it, with the defaults that it declares for its tasks.
    """
    if data["dag"].get("deadline"):
        return "it has a deadline, whose callback no task of a kitchen would run"
    if any(node.get(_STARTS) for node in _nodes(data.get("client_defaults"))):
        return f"it has all its tasks start from a trigger; {_INSTEAD}"
    for node in _nodes(data):
        if node.get(_STARTS) and (trigger := _trigger(node)) not in triggers.FOR_TIMES:
            return f"a task starts from trigger {trigger!r}; {_INSTEAD}"
        if node.get("watchers") and "uri" in node:
            return f"asset {node.get('name')!r} has watchers, and a kitchen's assets have none"
        if node.get("__type") == _DEADLINE:
            return "it hides a deadline, whose callback no task of a kitchen would run"
    return None


def _trigger(task: Mapping[str, Any]) -> str:
    started = task.get("start_trigger_args")
    return str(started.get("trigger_cls") if isinstance(started, dict) else started)


def _nodes(data: object) -> Iterator[dict[str, Any]]:
    """Every JSON object of what was serialized."""
    waiting = [data]
    while waiting:
        found = waiting.pop()
        if isinstance(found, dict):
            yield found
            waiting.extend(found.values())
        elif isinstance(found, list):
            waiting.extend(found)
