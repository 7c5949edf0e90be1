"""Which pools a kitchen's DAG may name: those that its environment declares.

The scheduler's hook gives each task an Airflow pool of its environment, whatever its DAG says. A
name that means nothing there is refused here as well, where the author sees it: a task that ran
without the limit it asked for would do the harm that the pool is for.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.release_environment import DEFAULT_POOL
from airflow_dataops.errors import DataOpsError

if TYPE_CHECKING:
    from collections.abc import Mapping

log = logging.getLogger(__name__)


def objection(dag: Mapping[str, Any], environment: str) -> str | None:
    """Why a serialized DAG may not have the pools that it names; None where it may."""
    named = {
        pool: about["task_id"]
        for about in reversed([task["__var"] for task in dag["tasks"]])
        if (pool := _pool(about)) != DEFAULT_POOL
    }
    if not named:
        return None
    from airflow_dataops import config

    try:
        declared = config.environments().environment(environment)
    except DataOpsError as error:
        # Its tasks wait in a queue that no worker serves until the file is right again.
        log.error("the pools of %s stay as they are: %s", dag["dag_id"], error)  # noqa: TRY400 - no bug
        return None
    for pool, task in named.items():
        if not declared.has_pool(pool):
            return (
                f"task {task!r} names pool {pool!r}, and environment {environment!r} declares "
                f"{_listed(declared.pools)}; leave the pool out, or have it declared under 'pools'"
            )
    return None


def _pool(task: Mapping[str, Any]) -> str:
    settings = task.get("partial_kwargs", {}) if task.get("_is_mapped") else task
    return str(settings.get("pool", DEFAULT_POOL))


def _listed(pools: Mapping[str, str]) -> str:
    return f"the pools {', '.join(sorted(pools))}" if pools else "no pool"
