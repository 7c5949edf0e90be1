"""Rows of Airflow's own tables, written as Airflow writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
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


def add_finished_run(  # noqa: PLR0913 - each is a way in which runs differ
    engine,
    dag_id,
    *,
    version,
    state="success",
    tasks=("load.copy", "load.data_tests"),
    states=None,
    marked=(),
    tries=None,
    operators=None,
    conf=None,
    at=NOON,
):
    """A run with its tasks and what they reported of themselves; its id.

    ``marked`` are tasks that somebody marked as a success: they have reported nothing.
    """
    from airflow.models.dagrun import DagRun
    from airflow.models.log import Log
    from airflow.models.taskinstance import TaskInstance

    run_id = f"manual__{uuid4()}"
    end = at + timedelta(minutes=1)
    with engine.begin() as connection:
        connection.execute(
            insert(DagRun.__table__).values(
                dag_id=dag_id,
                run_id=run_id,
                run_type="manual",
                run_after=at,
                start_date=at,
                end_date=None if state == "running" else end,
                state=state,
                conf=conf,
                bundle_version=version,
                log_template_id=1,
            )
        )
        for task_id in tasks:
            said = (states or {}).get(task_id, "success")
            try_number = (tries or {}).get(task_id, 1)
            connection.execute(
                insert(TaskInstance.__table__).values(
                    id=uuid4(),
                    dag_id=dag_id,
                    run_id=run_id,
                    task_id=task_id,
                    map_index=-1,
                    try_number=try_number,
                    state=said,
                    operator=(operators or {}).get(task_id, "PythonOperator"),
                    pool="default_pool",
                )
            )
            if said == "success" and task_id not in marked:
                connection.execute(
                    insert(Log.__table__).values(
                        dttm=end,
                        event="success",
                        dag_id=dag_id,
                        run_id=run_id,
                        task_id=task_id,
                        map_index=-1,
                        try_number=try_number,
                    )
                )
    return run_id


def add_clearing(engine, dag_id, run_id, *, at):
    """What Airflow writes down of somebody who has tasks of a run begin anew; None: of a day's."""
    from airflow.models.log import Log

    with engine.begin() as connection:
        connection.execute(
            insert(Log.__table__).values(
                dttm=at,
                event="post_clear_task_instances",
                dag_id=dag_id,
                run_id=run_id,
                extra=str(uuid4()),
            )
        )
