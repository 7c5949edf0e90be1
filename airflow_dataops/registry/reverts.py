"""What a revert puts back in our tables: all of it in one transaction, or nothing.

Nothing that somebody noted about a chart is removed: it is marked with the revert that took it
back, so that a revert of that one lets it count again.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Any, cast

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.results import ActKind, PipelineStage
from airflow_dataops.domain.revert import ChartsSince, channel_of
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.registry import rows, schedules
from airflow_dataops.registry.held_rows import changed_one, hold_living, living_row
from airflow_dataops.registry.merges import change_of
from airflow_dataops.registry.models import KitchenRow
from airflow_dataops.registry.result_models import ChartActRow, ResultRow
from airflow_dataops.registry.results import act_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, CursorResult, Engine, Update
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.domain.revert import PutBack


class RevertTable:
    """Implements ``RevertBook`` in Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def kitchen(self, kitchen_id: str) -> Kitchen:
        """A kitchen by its id, living or gone.

        Raises:
            KitchenNotFound: there never was one.
        """
        with self._sessions() as session:
            row = session.execute(rows.kitchens().where(KitchenRow.id == kitchen_id)).first()
        if row is None:
            raise KitchenNotFound(kitchen_id)
        return rows.kitchen_of(row)

    def charts_since(
        self, kitchen: Kitchen, pipelines: Collection[str], *, since: datetime, reverted: str
    ) -> ChartsSince:
        """What charts of some pipelines were told and measured since a merge."""
        acts = select(ChartActRow).where(*_learnt_anew(kitchen, pipelines, since))
        undone = select(func.count()).where(or_(*_marked(reverted)))
        with self._sessions() as session:
            return ChartsSince(
                learnt_anew=tuple(act_of(row) for row in session.scalars(acts)),
                measured=tuple(_stages(session, kitchen, pipelines, since)),
                came_back=session.scalar(undone) or 0,
            )

    def finish(
        self,
        pushing: KitchenMerge,
        done: KitchenMerge,
        kitchen: Kitchen,
        put_back: PutBack,
        *,
        audit: Sequence[AuditEntry],
    ) -> bool:
        """Put everything back and end the revert, unless somebody did meanwhile: then False.

        Raises:
            KitchenBusy: the kitchen is being deleted.
            KitchenNotFound: it is deleted.
        """
        with self._sessions.begin() as session:
            if not changed_one(session, change_of(pushing, done)):
                return False
            # The kitchen's own row first: two who share it would wait for each other to let go.
            if put_back.channel is not None:
                channel = channel_of(put_back.channel)
                session.execute(living_row(kitchen).values(slack_channel=channel))
            hold_living(session, kitchen)
            for pipeline, enabled in put_back.schedules.items():
                if enabled is None:
                    schedules.remove(session, kitchen, pipeline)
                else:
                    schedules.put(session, kitchen, enabled)
            _put_charts_back(session, done, kitchen, put_back)
            session.add_all(rows.audit_row(entry) for entry in audit)
        return True


def _put_charts_back(
    session: Session, done: KitchenMerge, kitchen: Kitchen, put_back: PutBack
) -> None:
    of_revert, of_reverted = _marked(put_back.reverted)
    learnt_anew = _learnt_anew(kitchen, put_back.pipelines, put_back.since)
    for change in (
        update(ChartActRow).where(of_revert).values(taken_back_with=None),
        update(ChartActRow).where(of_reverted).values(taken_back_with=done.id),
        update(ChartActRow).where(*learnt_anew).values(taken_back_with=done.id),
    ):
        _run(session, change)
    reason = (
        f"the merge was taken back: {done.reason}" if done.reason else "the merge was taken back"
    )
    session.add_all(
        ChartActRow(
            kitchen_id=kitchen.id,
            kind=ActKind.INCIDENT,
            pipeline=place.pipeline,
            stage=place.stage,
            since=first,
            until=last,
            reason=reason,
            by=done.ended_by or done.opened_by,
            at=done.ended_at or done.opened_at,
            noted_with=done.id,
        )
        for place, first, last in _spans(session, kitchen, put_back.pipelines, put_back.since)
    )


def _run(session: Session, change: Update) -> None:
    done = session.execute(change.execution_options(synchronize_session=False))
    cast("CursorResult[Any]", done).close()


def _marked(reverted: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """What an earlier revert took back, and what it noted itself and is not taken back."""
    noted = (ChartActRow.noted_with == reverted) & ChartActRow.taken_back_with.is_(None)
    return ChartActRow.taken_back_with == reverted, noted


def _learnt_anew(
    kitchen: Kitchen, pipelines: Collection[str], since: datetime
) -> tuple[ColumnElement[bool], ...]:
    return (
        ChartActRow.kitchen_id == kitchen.id,
        ChartActRow.pipeline.in_(list(pipelines)),
        ChartActRow.kind == ActKind.REBASELINE,
        ChartActRow.at >= since,
        ChartActRow.taken_back_with.is_(None),
    )


def _stages(
    session: Session, kitchen: Kitchen, pipelines: Collection[str], since: datetime
) -> Iterator[PipelineStage]:
    query = (
        select(ResultRow.pipeline, ResultRow.stage)
        .where(
            ResultRow.kitchen_id == kitchen.id,
            ResultRow.pipeline.in_(list(pipelines)),
            ResultRow.recorded_at >= since,
        )
        .distinct()
        .order_by(ResultRow.pipeline, ResultRow.stage)
    )
    for pipeline, stage in session.execute(query):
        yield PipelineStage(pipeline=pipeline, stage=stage)


def _spans(
    session: Session, kitchen: Kitchen, pipelines: Collection[str], since: datetime
) -> list[tuple[PipelineStage, datetime, datetime]]:
    """Stretches of each stage's points that were measured since, and none between them before.

    A run by hand can be about a day long past: what was measured for that day before still counts.
    """
    found = []
    for place in _stages(session, kitchen, pipelines, since):
        query = (
            select(ResultRow.at, func.max(ResultRow.recorded_at).label("recorded_at"))
            .where(
                ResultRow.kitchen_id == kitchen.id,
                ResultRow.pipeline == place.pipeline,
                ResultRow.stage == place.stage,
            )
            .group_by(ResultRow.at)
            .order_by(ResultRow.at)
        )
        points = session.execute(query).all()
        for is_new, stretch in groupby(points, key=lambda point: point.recorded_at >= since):
            if is_new:
                moments = [point.at for point in stretch]
                found.append((place, moments[0], moments[-1]))
    return found
