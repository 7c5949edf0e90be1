"""Airflow's DAG runs, through its own tables: on the API server and the command line alone.

A run is ended in the database. The scheduler leaves a finished run alone, and the supervisor of
a running task learns at its next heartbeat (five seconds) that it has to kill it.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_dataops.domain import names
from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager

    from airflow.models.dagrun import DagRun
    from sqlalchemy import ColumnElement
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.provisioning import Operation

log = logging.getLogger(__name__)

Found = TypeVar("Found")
# A supervisor says every five seconds that its task is alive; one of a busy host may be late.
SIGN_OF_LIFE = timedelta(seconds=30)
_LOOKS_AGAIN_AFTER_SECONDS = 0.5


def provisioning_run_id(operation: Operation) -> str:
    """The run of one attempt; asked for twice, it is the same run."""
    kitchen = operation.kitchen.name
    return f"{operation.kind}-{kitchen}-{operation.id}-{operation.attempt}"


class AirflowRuns:
    """Runs of kitchens' DAGs; implements the port ``Runs``."""

    def cancel_all(self, kitchen: Kitchen) -> int:
        """End every unfinished run of a kitchen's DAGs; gives their number."""
        from airflow.models.dagrun import DagRun

        ended = _transaction(lambda session: _end_runs(session, _lies_in(kitchen, DagRun.dag_id)))
        if ended:
            log.info("ended %d runs of kitchen %s", ended, kitchen.name)
        return ended

    def retire(self, kitchen: Kitchen, pipelines: Sequence[str]) -> int:
        """End the runs of pipelines that are gone, and let nobody begin others.

        The dag-processor makes their DAGs stale, too, once it has read the kitchen again.
        """
        from airflow.models.dag import DagModel
        from airflow.models.dagrun import DagRun
        from sqlalchemy import update

        dag_ids = [names.dag_id(kitchen.name, pipeline) for pipeline in pipelines]
        gone = (
            update(DagModel)
            .where(DagModel.dag_id.in_(dag_ids))
            .values(is_stale=True)
            .execution_options(synchronize_session=False)
        )

        def end(session: Session) -> int:
            session.execute(gone)
            return _end_runs(session, DagRun.dag_id.in_(dag_ids))

        ended = _transaction(end)
        if ended:
            shown = ", ".join(pipelines)
            log.info("ended %d runs in kitchen %s of what is gone: %s", ended, kitchen.name, shown)
        return ended

    def forget(self, kitchen: Kitchen) -> int:
        """Remove the DAGs, with their runs, that an earlier kitchen of this name left behind.

        Those that were parsed after this kitchen came are its own.
        """
        from airflow.models.dag import DagModel
        from airflow.models.dagrun import DagRun
        from sqlalchemy import or_, select

        is_left_behind = or_(
            DagModel.is_stale, DagModel.last_parsed_time < kitchen.created_at
        ) & _lies_in(kitchen, DagModel.dag_id)

        def remove(session: Session) -> int:
            dag_ids = list(session.scalars(select(DagModel.dag_id).where(is_left_behind)))
            if dag_ids:
                _end_runs(session, DagRun.dag_id.in_(dag_ids))
                session.flush()
            for dag_id in dag_ids:
                _delete_dag(dag_id, session)
            return len(dag_ids)

        removed = _transaction(remove)
        if removed:
            log.info("removed %d DAGs that an earlier kitchen %s left", removed, kitchen.name)
        return removed


class AirflowWorkers:
    """Runs of the provisioning DAGs; implements the port ``Workers``.

    Args:
        bundle_name: name of the bundle that serves an environment's kitchens.
        patience_seconds: how long a provisioning DAG that is not there yet is waited for.
        now: the clock.
    """

    def __init__(
        self,
        *,
        bundle_name: Callable[[str], str],
        patience_seconds: float = 15,
        now: Callable[[], datetime] = lambda: datetime.now(tz=UTC),
    ) -> None:
        self._bundle_name = bundle_name
        self._patience = patience_seconds
        self._now = now

    def start(self, operation: Operation) -> str:
        """Have the parts that are left made or unmade; gives the id of the run that does it.

        Raises:
            OutsideSystemError: the environment's provisioning DAG is not there.
        """
        environment = operation.kitchen.environment
        dag_id, run_id = names.provision_dag(environment), provisioning_run_id(operation)
        self._wait_for_dag(dag_id, environment)

        # One session for all of it. Airflow's own trigger_dag() takes a second one meanwhile,
        # so of many at once each would wait for a connection that another holds.
        def begin(session: Session) -> bool:
            return _run(session, operation) is not None or _begin_run(session, operation)

        if not _transaction(begin):
            raise _no_dag(dag_id, self._bundle_name(environment))
        log.info("run %s of %s is to %s the rest", run_id, dag_id, operation.kind)
        return run_id

    def is_working(self, operation: Operation) -> bool:
        """Whether an attempt waits for its turn or shows signs of life."""
        if operation.progress is Progress.FAILED:
            return False
        with _session() as session:
            run = _run(session, operation)
            if run is not None:
                return self._is_alive(run)
        # No run yet: the API server takes its own steps. One that died leaves no newer sign.
        moments = [operation.began_at]
        for step in operation.steps:
            moments += [moment for moment in (step.began_at, step.ended_at) if moment]
        return self._is_recent(max(moments))

    def stop(self, operation: Operation) -> None:
        """End what an attempt has running; nothing running is no error."""
        from airflow.models.dagrun import DagRun

        dag_id = names.provision_dag(operation.kitchen.environment)
        run_id = provisioning_run_id(operation)
        _transaction(
            lambda session: _end_runs(
                session, (DagRun.dag_id == dag_id) & (DagRun.run_id == run_id)
            )
        )

    def _is_alive(self, run: DagRun) -> bool:
        from airflow.utils.state import State, TaskInstanceState

        if run.state in State.finished_dr_states:
            return False
        running = [ti for ti in run.task_instances if ti.state == TaskInstanceState.RUNNING]
        if not running:
            return True  # a scheduler, a worker or the end of a pause between two tries is awaited
        signs = [ti.last_heartbeat_at or ti.start_date for ti in running]
        return any(sign is not None and self._is_recent(sign) for sign in signs)

    def _is_recent(self, moment: datetime) -> bool:
        return self._now() - moment < SIGN_OF_LIFE

    def _wait_for_dag(self, dag_id: str, environment: str) -> None:
        deadline = time.monotonic() + self._patience
        while not _is_there(dag_id):
            # Asked for again each time: a request is forgotten once it is served.
            _ask_for_parsing(self._bundle_name(environment))
            if time.monotonic() > deadline:
                raise _no_dag(dag_id, self._bundle_name(environment))
            time.sleep(_LOOKS_AGAIN_AFTER_SECONDS)


def _no_dag(dag_id: str, bundle: str) -> OutsideSystemError:
    return OutsideSystemError(
        f"DAG {dag_id!r}, which makes and unmakes kitchens, is not there; see that a "
        f"dag-processor serves bundle {bundle!r} without errors, then ask again: it goes on "
        "from here"
    )


def _session() -> AbstractContextManager[Session]:
    from airflow.utils.session import create_session

    # One of its own: the usual one is shared by a thread with whoever called us.
    return create_session(scoped=False)


def _transaction(deed: Callable[[Session], Found]) -> Found:
    """What came of a deed on Airflow's tables, done again where the database refused it.

    Schedulers and dag-processors take these rows, too, in orders of their own: of two who wait for
    each other, the database ends one. Of two who begin the same, the second finds it begun.
    """
    from airflow.utils.retries import run_with_db_retries

    def once() -> Found:
        with _session() as session:
            return deed(session)

    found: Found = run_with_db_retries()(once)
    return found


def _lies_in(kitchen: Kitchen, dag_id: Any) -> ColumnElement[bool]:
    from sqlalchemy import func

    namespace = names.dag_id(kitchen.name, "")
    # Compared letter by letter: LIKE takes an underscore for any letter.
    is_inside: ColumnElement[bool] = func.substr(dag_id, 1, len(namespace)) == namespace
    return is_inside


def _end_runs(session: Session, which: ColumnElement[bool]) -> int:
    """End unfinished runs with their tasks: those begun have failed, the others are skipped."""
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstance import TaskInstance
    from airflow.utils.state import DagRunState, State, TaskInstanceState
    from sqlalchemy import case, or_, select, update

    begun = (
        TaskInstanceState.RUNNING,
        TaskInstanceState.DEFERRED,
        TaskInstanceState.UP_FOR_RESCHEDULE,
        TaskInstanceState.AWAITING_INPUT,
    )
    now = datetime.now(tz=UTC)
    is_unfinished = DagRun.state.in_(State.unfinished_dr_states)
    # Locked like this by the scheduler as well, so that it starts no task of them meanwhile.
    runs = session.scalars(select(DagRun).where(which, is_unfinished).with_for_update()).all()
    for run in runs:
        session.execute(
            update(TaskInstance)
            .where(
                TaskInstance.dag_id == run.dag_id,
                TaskInstance.run_id == run.run_id,
                or_(
                    TaskInstance.state.is_(None), TaskInstance.state.in_(State.unfinished - {None})
                ),
            )
            .values(
                state=case(
                    (TaskInstance.state.in_(begun), TaskInstanceState.FAILED.value),
                    else_=TaskInstanceState.SKIPPED.value,
                ),
                end_date=now,
                trigger_id=None,
            )
            .execution_options(synchronize_session=False)
        )
        run.state = DagRunState.FAILED
        run.end_date = now
    return len(runs)


def _run(session: Session, operation: Operation) -> DagRun | None:
    from airflow.models.dagrun import DagRun
    from sqlalchemy import select

    found: DagRun | None = session.scalar(
        select(DagRun).where(
            DagRun.dag_id == names.provision_dag(operation.kitchen.environment),
            DagRun.run_id == provisioning_run_id(operation),
        )
    )
    return found


def _begin_run(session: Session, operation: Operation) -> bool:
    """Queue a run that carries out an operation; false where Airflow knows no such DAG."""
    from airflow.models.dagbag import DBDagBag
    from airflow.utils.state import DagRunState
    from airflow.utils.types import DagRunTriggeredByType, DagRunType

    dag_id = names.provision_dag(operation.kitchen.environment)
    dag = DBDagBag().get_latest_version_of_dag(dag_id, session=session)
    if dag is None:
        return False
    dag.create_dagrun(
        run_id=provisioning_run_id(operation),
        run_after=datetime.now(tz=UTC),
        conf={"operation": operation.id, "attempt": operation.attempt},
        run_type=DagRunType.MANUAL,
        triggered_by=DagRunTriggeredByType.REST_API,
        triggering_user_name=operation.by,
        state=DagRunState.QUEUED,
        session=session,
    )
    return True


def _is_there(dag_id: str) -> bool:
    from airflow.models.dag import DagModel
    from airflow.models.serialized_dag import SerializedDagModel
    from sqlalchemy import select

    with _session() as session:
        found = session.scalar(
            select(DagModel.dag_id)
            .join(SerializedDagModel, SerializedDagModel.dag_id == DagModel.dag_id)
            .where(DagModel.dag_id == dag_id, DagModel.is_stale.is_(False))
            .limit(1)
        )
    return found is not None


def _ask_for_parsing(bundle: str) -> None:
    from airflow.models.dagbag import DagPriorityParsingRequest
    from sqlalchemy.exc import IntegrityError

    try:
        with _session() as session:
            session.add(DagPriorityParsingRequest(bundle, names.loader_file(names.PLATFORM)))
    except IntegrityError:
        return  # the same request waits already


def _delete_dag(dag_id: str, session: Session) -> None:
    from airflow.api.common.delete_dag import delete_dag
    from airflow.exceptions import DagNotFound
    from airflow.sdk.exceptions import AirflowException

    try:
        delete_dag(dag_id, session=session)
    except DagNotFound:
        return
    except AirflowException as error:
        message = f"Airflow could not remove DAG {dag_id!r} of an earlier kitchen: {error}"
        raise OutsideSystemError(message) from error
