"""The two DAGs with which an environment's own workers make and look after its kitchens.

Called by the loader in the bundle's folder ``dataops``. No code of any kitchen is in them.
"""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import pendulum
from airflow.sdk import DAG

from airflow_dataops.domain import names
from airflow_dataops.operators.janitor import JanitorOperator
from airflow_dataops.operators.provision import ProvisionOperator

# The guard knows this schedule, too: it lets the janitor have no other.
HOURLY = "0 * * * *"
_KITCHEN_FILE = "kitchen.json"
_EPOCH = pendulum.datetime(2000, 1, 1)
_AT_ONCE = 64
# A tool that hangs must not hold up its kitchen for ever; a schema of many tables takes its time.
_LONGEST_TRY = timedelta(minutes=30)


def platform_dags(loader_file: str) -> dict[str, DAG]:
    """Build the DAGs of the environment whose loader asks.

    Args:
        loader_file: the loader's ``__file__``; the environment's name lies beside it.
    """
    about = json.loads((Path(loader_file).parent / _KITCHEN_FILE).read_text(encoding="utf-8"))
    environment = about["environment"]
    dags = (_provision(environment), _janitor(environment))
    return {dag.dag_id: dag for dag in dags}


def _provision(environment: str) -> DAG:
    with DAG(
        names.provision_dag(environment),
        description=f"Makes and unmakes the kitchens of {environment}; started by our own API",
        schedule=None,
        max_active_runs=_AT_ONCE,
        max_active_tasks=_AT_ONCE,
        start_date=_EPOCH,
        catchup=False,
        is_paused_upon_creation=False,
        auto_register=False,
        tags={f"environment:{environment}", names.PLATFORM},
    ) as dag:
        ProvisionOperator(
            task_id="work",
            retries=3,
            retry_delay=timedelta(seconds=10),
            execution_timeout=_LONGEST_TRY,
        )
    return dag


def _janitor(environment: str) -> DAG:
    from airflow.sdk import CronTriggerTimetable

    with DAG(
        names.janitor_dag(environment),
        description=f"Warns about kitchens of {environment} that reach their end, deletes those "
        "past it",
        schedule=CronTriggerTimetable(HOURLY, timezone="UTC"),
        max_active_runs=1,
        start_date=_EPOCH,
        catchup=False,
        is_paused_upon_creation=False,
        auto_register=False,
        tags={f"environment:{environment}", names.PLATFORM},
    ) as dag:
        JanitorOperator(task_id="round", retries=2, retry_delay=timedelta(minutes=1))
    return dag
