"""Results of data tests and what people said about them, in our tables."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import column, delete, func, select, table, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain import results
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.quality import Said
from airflow_dataops.domain.results import (
    ActKind,
    ChartAct,
    KitchenPast,
    PipelineStage,
    Result,
    TestingRun,
)
from airflow_dataops.errors import CredentialRefused
from airflow_dataops.registry.held_rows import hold_living
from airflow_dataops.registry.models import KitchenRow
from airflow_dataops.registry.result_models import ChartActRow, ResultRow
from airflow_dataops.registry.rows import audit_row

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Engine
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.identity import KitchenTask
    from airflow_dataops.domain.kitchen import Kitchen

# What fifty tests of a stage learn from: 120 runs.
_MOST_RESULTS = 6000
_LONGEST_TEST, _LONGEST_DETAIL, _LONGEST_WORDS = 250, 2000, 250
# Looked up for thousands of rows.
_OUTCOMES = {outcome.value: outcome for outcome in Outcome}
_dag_run = table(
    "dag_run",
    *(column(name) for name in ("dag_id", "run_id", "bundle_version")),
    *(column(name, UtcDateTime) for name in ("logical_date", "run_after")),
)


class ResultTable:
    """Implements the port ``ResultBook`` in Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._engine = engine
        self._sessions = sessionmaker(engine)

    def run_of(self, task: KitchenTask, *, map_index: int) -> TestingRun:
        """What the server knows of the run of tests that a task makes.

        Raises:
            CredentialRefused: the task runs no stage's tests.
        """
        stage = results.stage_of(task.task_id)
        if stage is None:
            message = f"{task.task_id} runs no stage's tests; only its data_tests have results"
            raise CredentialRefused(message)
        query = select(_dag_run).where(
            _dag_run.c.dag_id == task.dag_id, _dag_run.c.run_id == task.run_id
        )
        with self._sessions() as session:
            run = session.execute(query).one()
        return TestingRun(
            kitchen_id=task.kitchen_id,
            place=PipelineStage(pipeline=task.dag_id.partition(".")[2], stage=stage),
            run_id=task.run_id,
            task_id=task.task_id,
            map_index=map_index,
            try_number=task.try_number,
            at=run.logical_date or run.run_after,
            version=run.bundle_version,
        )

    def record(self, run: TestingRun, verdicts: Sequence[Verdict], *, now: datetime) -> bool:
        """Keep a try's verdicts in the place of an earlier try's; the first report of a try counts.

        Returns:
            Whether they are kept.
        """
        same = _same_task(run)
        try:
            with self._sessions.begin() as session:
                # One report of a kitchen after the other: two at once would both be the latest.
                session.execute(
                    select(KitchenRow.id)
                    .where(KitchenRow.id == run.kitchen_id)
                    .with_for_update(key_share=True)
                )
                known = session.scalar(select(func.max(ResultRow.try_number)).where(*same))
                if known is not None and known >= run.try_number:
                    return False
                session.execute(delete(ResultRow).where(*same))
                session.add_all(_row(run, verdict, now) for verdict in _by_name(verdicts))
                session.flush()
                _mark_latest(session, run)
        except IntegrityError:
            return False  # another report of the same try was a moment earlier
        return True

    def pasts(self, run: TestingRun) -> list[KitchenPast]:
        """Earlier results of a run's stage: its own kitchen's first, then its ancestors'."""
        earlier = (ResultRow.at < run.at, ResultRow.run_id != run.run_id)
        with self._sessions() as session:
            return _pasts(session, run.kitchen_id, run.place, *earlier)

    def past(self, kitchen: Kitchen, place: PipelineStage) -> list[KitchenPast]:
        """The same as ``pasts`` of a kitchen at this moment."""
        with self._sessions() as session:
            return _pasts(session, kitchen.id, place)

    def results(
        self, kitchen: Kitchen, *, place: PipelineStage | None = None, run_id: str | None = None
    ) -> list[Result]:
        """A kitchen's results, the last first."""
        query = select(ResultRow).where(ResultRow.kitchen_id == kitchen.id)
        if place is not None:
            query = query.where(*_at(place))
        if run_id is not None:
            query = query.where(ResultRow.run_id == run_id)
        query = query.order_by(ResultRow.at.desc(), ResultRow.id).limit(_MOST_RESULTS)
        with self._sessions() as session:
            return [_result(row) for row in session.scalars(query)]

    def said(self, kitchen: Kitchen, *, since: datetime) -> list[Said]:
        """What its tests said in runs about that moment and later ones."""
        columns = (
            ResultRow.pipeline, ResultRow.task_id, ResultRow.run_id,
            ResultRow.test, ResultRow.map_index, ResultRow.at, ResultRow.outcome,
        )  # fmt: skip
        query = select(*columns).where(ResultRow.kitchen_id == kitchen.id, ResultRow.at >= since)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        # By place: a page has thousands of them.
        return [
            Said(pipeline, task, run_id, test if index < 0 else f"{test} [{index}]", at, outcome)
            for pipeline, task, run_id, test, index, at, word in found
            for outcome in [_OUTCOMES[word]]
        ]

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove results of an environment's kitchens that were kept before then; their number."""
        kitchens = select(KitchenRow.id).where(KitchenRow.environment == environment)
        with self._sessions.begin() as session:
            done: Any = session.execute(
                delete(ResultRow)
                .where(ResultRow.kitchen_id.in_(kitchens), ResultRow.recorded_at < before)
                .execution_options(synchronize_session=False)
            )
            return int(done.rowcount)

    def latest(self, kitchen: Kitchen) -> list[Result]:
        """What each task that tests said in its last run, by pipeline, stage and test."""
        query = (
            select(*ResultRow.__table__.columns)
            .where(ResultRow.kitchen_id == kitchen.id, ResultRow.is_latest)
            .order_by(ResultRow.pipeline, ResultRow.stage, ResultRow.test, ResultRow.map_index)
            .limit(_MOST_RESULTS)
        )
        with self._engine.connect() as connection:
            return [_result(row) for row in connection.execute(query).all()]

    def note(self, kitchen: Kitchen, act: ChartAct, *, audit: AuditEntry) -> None:
        """Write down what somebody said about a chart.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """
        with self._sessions.begin() as session:
            hold_living(session, kitchen)
            session.add(_act_row(kitchen, act))
            session.add(audit_row(audit))


def _pasts(
    session: Session, kitchen_id: str, place: PipelineStage, *earlier: ColumnElement[bool]
) -> list[KitchenPast]:
    found = []
    for kitchen in _with_ancestors(session, kitchen_id):
        query = (
            select(ResultRow)
            .where(ResultRow.kitchen_id == kitchen.id, *_at(place), *earlier)
            .order_by(ResultRow.at.desc(), ResultRow.id.desc())
            .limit(_MOST_RESULTS)
        )
        acts = select(ChartActRow).where(
            ChartActRow.kitchen_id == kitchen.id,
            ChartActRow.pipeline == place.pipeline,
            ChartActRow.stage == place.stage,
            ChartActRow.taken_back_with.is_(None),
        )
        found.append(
            KitchenPast(
                kitchen=kitchen.name,
                results=[_result(row) for row in session.scalars(query)][::-1],
                acts=[act_of(row) for row in session.scalars(acts.order_by(ChartActRow.id))],
            )
        )
    return found


def _with_ancestors(session: Session, kitchen_id: str) -> list[KitchenRow]:
    """A kitchen and those above it, as long as they are of its environment."""
    listed: list[KitchenRow] = []
    following: str | None = kitchen_id
    while following is not None:
        row = session.get(KitchenRow, following)
        if row is None or (listed and row.environment != listed[0].environment):
            break
        listed.append(row)
        following = row.parent_id
    return listed


def _at(place: PipelineStage) -> tuple[ColumnElement[bool], ...]:
    return ResultRow.pipeline == place.pipeline, ResultRow.stage == place.stage


def _same_task(run: TestingRun) -> tuple[ColumnElement[bool], ...]:
    return (
        ResultRow.kitchen_id == run.kitchen_id,
        *_at(run.place),
        ResultRow.run_id == run.run_id,
        ResultRow.task_id == run.task_id,
        ResultRow.map_index == run.map_index,
    )


def _mark_latest(session: Session, run: TestingRun) -> None:
    """Mark the results of a task's last run, which is not always the one that reports last."""
    of_task = (
        ResultRow.kitchen_id == run.kitchen_id,
        *_at(run.place),
        ResultRow.task_id == run.task_id,
    )
    last = select(ResultRow.run_id).where(*of_task)
    run_id = session.scalar(last.order_by(ResultRow.at.desc(), ResultRow.id.desc()).limit(1))
    is_last = ResultRow.run_id == run_id
    for was, wanted in ((ResultRow.is_latest, ~is_last), (~ResultRow.is_latest, is_last)):
        session.execute(
            update(ResultRow)
            .where(*of_task, was, wanted)
            .values(is_latest=~ResultRow.is_latest)
            .execution_options(synchronize_session=False)
        )


def _by_name(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """One verdict per name: a stage has no two tests of the same."""
    return list({verdict.test[:_LONGEST_TEST]: verdict for verdict in verdicts}.values())


def _row(run: TestingRun, verdict: Verdict, now: datetime) -> ResultRow:
    return ResultRow(
        kitchen_id=run.kitchen_id,
        pipeline=run.place.pipeline,
        stage=run.place.stage,
        test=verdict.test[:_LONGEST_TEST],
        run_id=run.run_id,
        map_index=run.map_index,
        task_id=run.task_id,
        try_number=run.try_number,
        version=run.version,
        at=run.at,
        recorded_at=now,
        outcome=verdict.outcome,
        holds=verdict.holds,
        measured=_finite(verdict.measured),
        low=_finite(verdict.low),
        high=_finite(verdict.high),
        detail=verdict.detail[:_LONGEST_DETAIL],
        rule=verdict.rule[:50],
        model=verdict.model[:_LONGEST_WORDS],
        baseline=verdict.baseline[:_LONGEST_WORDS],
        numbers=[_plain(each) for each in verdict.numbers],
        seconds=_finite(verdict.seconds),
        sampled=verdict.sampled,
    )


def _result(row: Any) -> Result:
    return Result(
        run=TestingRun(
            kitchen_id=row.kitchen_id,
            place=PipelineStage(pipeline=row.pipeline, stage=row.stage),
            run_id=row.run_id,
            task_id=row.task_id,
            map_index=row.map_index,
            try_number=row.try_number,
            at=row.at,
            version=row.version,
        ),
        verdict=Verdict(
            test=row.test,
            outcome=_OUTCOMES[row.outcome],
            measured=row.measured,
            detail=row.detail,
            holds=row.holds,
            low=row.low,
            high=row.high,
            rule=row.rule,
            model=row.model,
            baseline=row.baseline,
            numbers=results.numbers_from(row.numbers),
            seconds=row.seconds,
            sampled=row.sampled,
        ),
        recorded_at=row.recorded_at,
    )


def _act_row(kitchen: Kitchen, act: ChartAct) -> ChartActRow:
    return ChartActRow(
        kitchen_id=kitchen.id,
        kind=act.kind,
        pipeline=act.place.pipeline,
        stage=act.place.stage,
        test=act.test,
        since=act.since,
        until=act.until,
        reason=act.reason,
        by=act.by,
        at=act.at,
    )


def act_of(row: ChartActRow) -> ChartAct:
    """What somebody said about a chart, in a row of it."""
    return ChartAct(
        kind=ActKind(row.kind),
        place=PipelineStage(pipeline=row.pipeline, stage=row.stage),
        test=row.test,
        since=row.since,
        until=row.until,
        reason=row.reason,
        by=row.by,
        at=row.at,
    )


def _plain(found: Any) -> Any:
    if isinstance(found, Mapping):
        return {group: _finite(value) or 0.0 for group, value in found.items()}
    return _finite(found)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
