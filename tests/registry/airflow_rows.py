"""Rows of Airflow's own tables, written as Airflow writes them."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import insert
from sqlalchemy.orm import Session

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def add_dag(engine, dag_id, *, bundle, version=None, is_stale=False):
    """A row of ``dag``; again for the same DAG: the row points to the bundle now."""
    from airflow.models.dag import DagModel
    from airflow.models.dagbundle import DagBundleModel

    with Session(engine) as session, session.begin():
        session.merge(DagBundleModel(name=bundle))
        session.flush()
        session.merge(
            DagModel(dag_id=dag_id, bundle_name=bundle, bundle_version=version, is_stale=is_stale)
        )


def add_running_task(engine, dag_id, *, version, task_id="load"):
    """A run that is pinned to a version, or to none, and a running task; its id."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance

    task_instance_id, run_id = uuid4(), f"manual__{uuid4()}"
    with engine.begin() as connection:
        connection.execute(
            insert(DagRun.__table__).values(
                dag_id=dag_id,
                run_id=run_id,
                run_type="manual",
                run_after=NOON,
                state="running",
                bundle_version=version,
                log_template_id=1,
            )
        )
        connection.execute(
            insert(TaskInstance.__table__).values(
                id=task_instance_id,
                dag_id=dag_id,
                run_id=run_id,
                task_id=task_id,
                map_index=3,
                try_number=2,
                state="running",
                pool="default_pool",
            )
        )
    return str(task_instance_id)
