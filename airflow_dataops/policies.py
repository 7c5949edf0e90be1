"""Cluster policies: where a kitchen's tasks run, whatever its DAGs say.

``task_instance_mutation_hook`` runs in the scheduler, the API server and the CLI, so it holds
against any DAG code; ``dag_policy`` runs while files are parsed, so it is a guardrail with a
friendly message, no boundary (the guard in ``bundles`` is).

Airflow skips a mutation hook that comes from an entry point unless a flag of its own is cleared,
which it does only after importing ``airflow_local_settings``; this module clears it on import.
"""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING

from airflow.policies import hookimpl

if TYPE_CHECKING:
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    from airflow_dataops.domain.release_environment import ReleaseEnvironment

log = logging.getLogger(__name__)

UNKNOWN_QUEUE = "dataops-environment-unknown"
# The scheduler starts tasks by weight, whatever pool they are in: those of an environment that is
# not protected stand behind all of those that are, in the order that they want among themselves.
_HIGHEST_WEIGHT = 1000


@hookimpl
def task_instance_mutation_hook(task_instance: TaskInstance, dag_run: DagRun | None) -> None:
    """Give a kitchen's task its environment's queue and pool, take away its executor and user.

    Where the environment is not protected, its tasks start after those of all others.

    The platform's own tasks, which make kitchens, have a queue that no kitchen's task gets.

    Which environment it is comes from the bundle that declares the DAG. Airflow calls this with
    no run, too: before a new task is bound to one (and then again with it), and when a stored
    task takes its settings from the DAG once more (then the task's own session can tell).
    """
    from airflow.configuration import conf

    from airflow_dataops import config
    from airflow_dataops.errors import DataOpsError

    bundles = config.kitchen_bundles()
    if not bundles:
        return
    bundle = _bundle_of_run(dag_run) or _bundle_of_stored(task_instance)
    if bundle is None or bundle not in bundles:
        return
    task_instance.executor = None
    task_instance.executor_config = {}
    task_instance.run_as_user = None
    try:
        environment = config.environments().environment(bundles[bundle])
        queue = _queue(task_instance.dag_id, environment)
        if not _is_platforms(task_instance.dag_id, environment):
            task_instance.pool = environment.airflow_pool(task_instance.pool)
            if not environment.protected:
                _step_back(task_instance)
    except DataOpsError:
        # An exception here would stop the scheduler for everybody; no worker serves this queue.
        log.exception("no queue is known for the kitchens of %s", bundles[bundle])
        queue = UNKNOWN_QUEUE
    # An environment without a queue has the cluster's default one, never one that a DAG chose.
    task_instance.queue = queue or conf.get("operators", "default_queue")


def _step_back(task_instance: TaskInstance) -> None:
    from airflow_dataops.domain.release_environment import DEFAULT_POOL

    weight = task_instance.priority_weight or 0
    # What was set back once is not set back again: Airflow asks for stored tasks, too.
    if weight > 0:
        task_instance.priority_weight = min(weight, _HIGHEST_WEIGHT) - _HIGHEST_WEIGHT
    if task_instance.pool == DEFAULT_POOL:
        task_instance.pool_slots = 1  # everybody's pool


def _queue(dag_id: str, environment: ReleaseEnvironment) -> str | None:
    if not _is_platforms(dag_id, environment):
        return environment.queue
    return environment.provision_queue or (environment.queue and f"{environment.queue}-provision")


def _is_platforms(dag_id: str, environment: ReleaseEnvironment) -> bool:
    from airflow_dataops.domain import names

    return dag_id in {names.provision_dag(environment.name), names.janitor_dag(environment.name)}


def _bundle_of_run(dag_run: DagRun | None) -> str | None:
    dag_model = dag_run.dag_model if dag_run is not None else None
    return dag_model.bundle_name if dag_model is not None else None


def _bundle_of_stored(task_instance: TaskInstance) -> str | None:
    from sqlalchemy import select
    from sqlalchemy.orm import object_session

    from airflow_dataops.domain import names

    session = object_session(task_instance)
    if session is None or names.kitchen_of_dag(task_instance.dag_id) is None:
        return None
    from airflow.models.dag import DagModel

    # The scheduler forbids to commit here, and an early flush would write a half-made task.
    with session.no_autoflush:
        statement = select(DagModel.bundle_name).where(DagModel.dag_id == task_instance.dag_id)
        bundle: str | None = session.scalar(statement)
    return bundle


def _put_in_force() -> None:
    settings = sys.modules["airflow.settings"]
    settings.task_instance_mutation_hook.is_noop = False


_put_in_force()
