"""Evidence of runs in our tables: added, never changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.evidence import Evidence, RunKey, Standing, TestSaid
from airflow_dataops.registry.evidence_models import EvidenceRow
from airflow_dataops.registry.held_rows import adding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import Engine, Select

    from airflow_dataops.domain.kitchen import Kitchen

_MOST_SHOWN = 500
_LONGEST_REASON = 500


class EvidenceTable:
    """Evidence in Airflow's metadata database; implements ``EvidenceBook``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def recorded(self, kitchen: Kitchen, *, since: datetime) -> set[RunKey]:
        """The runs of a kitchen that are in it and ended since a moment."""
        query = select(EvidenceRow.dag_id, EvidenceRow.run_id, EvidenceRow.ended_at).where(
            EvidenceRow.kitchen_id == kitchen.id, EvidenceRow.ended_at >= since
        )
        with self._sessions() as session:
            return {RunKey(*row) for row in session.execute(query)}

    def record(self, found: Sequence[Evidence]) -> None:
        """Write evidence down; what is there already stays as it is."""
        if not found:
            return
        with self._sessions.begin() as session:
            put = adding(session)(EvidenceRow).on_conflict_do_nothing()
            session.execute(put, [_values(one) for one in found])

    def about(self, project: str, inputs: Mapping[str, str]) -> dict[str, list[Evidence]]:
        """Evidence of a project by pipeline, about the input tree that each is asked for with."""
        listed: dict[str, list[Evidence]] = {name: [] for name in inputs}
        # An input tree is one pipeline's: its name is part of the id.
        query = _of_each_kitchen_the_last(project, inputs.values())
        with self._sessions() as session:
            for row in session.scalars(query):
                if inputs.get(row.pipeline) == row.input_tree:
                    listed[row.pipeline].append(_evidence(row))
        return listed

    def forget(self, environment: str, *, before: datetime) -> int:
        """Remove what runs in an environment that ended before then were evidence of."""
        old = (EvidenceRow.environment == environment, EvidenceRow.ended_at < before)
        with self._sessions.begin() as session:
            gone = delete(EvidenceRow).where(*old).returning(EvidenceRow.id)
            gone = gone.execution_options(synchronize_session=False)
            return len(session.scalars(gone).all())

    def of(self, kitchen: Kitchen, *, pipeline: str | None = None) -> list[Evidence]:
        """What runs of a kitchen were evidence of, the last one first."""
        query = select(EvidenceRow).where(EvidenceRow.kitchen_id == kitchen.id)
        if pipeline is not None:
            query = query.where(EvidenceRow.pipeline == pipeline)
        query = query.order_by(EvidenceRow.ended_at.desc(), EvidenceRow.id.desc())
        with self._sessions() as session:
            return [_evidence(row) for row in session.scalars(query.limit(_MOST_SHOWN))]


def _of_each_kitchen_the_last(project: str, inputs: Iterable[str]) -> Select[Any]:
    """Of each kitchen, input tree and standing, the last run: what decides is among them."""
    place = func.row_number().over(
        partition_by=(EvidenceRow.input_tree, EvidenceRow.kitchen_id, EvidenceRow.standing),
        order_by=(EvidenceRow.ended_at.desc(), EvidenceRow.id.desc()),
    )
    ranked = (
        select(EvidenceRow.id, place.label("place"))
        .where(EvidenceRow.project == project, EvidenceRow.input_tree.in_(list(inputs)))
        .subquery()
    )
    return (
        select(EvidenceRow)
        .join(ranked, ranked.c.id == EvidenceRow.id)
        .where(ranked.c.place == 1)
        .order_by(EvidenceRow.ended_at.desc(), EvidenceRow.id.desc())
    )


def _values(one: Evidence) -> dict[str, object]:
    return {
        "project": one.project,
        "environment": one.environment,
        "kitchen_id": one.kitchen_id,
        "kitchen": one.kitchen,
        "pipeline": one.pipeline,
        "input_tree": one.input_tree,
        "commit_id": one.commit,
        "version": one.version,
        "dag_id": one.dag_id,
        "run_id": one.run_id,
        "standing": one.standing.value,
        "reasons": [reason[:_LONGEST_REASON] for reason in one.reasons],
        "said": [
            {
                "stage": said.stage,
                "test": said.test,
                "outcome": said.outcome.value,
                "measured": said.measured,
                "detail": said.detail[:_LONGEST_REASON],
                "seconds": said.seconds,
            }
            for said in one.said
        ],
        "parameters": dict(one.parameters),
        "data": list(one.data),
        "began_at": one.began_at,
        "ended_at": one.ended_at,
        "recorded_at": one.recorded_at,
    }


def _evidence(row: EvidenceRow) -> Evidence:
    return Evidence(
        project=row.project,
        environment=row.environment,
        kitchen_id=row.kitchen_id,
        kitchen=row.kitchen,
        pipeline=row.pipeline,
        input_tree=row.input_tree,
        commit=row.commit_id,
        version=row.version,
        dag_id=row.dag_id,
        run_id=row.run_id,
        standing=Standing(row.standing),
        reasons=tuple(row.reasons),
        said=tuple(_said(one) for one in row.said),
        parameters=row.parameters,
        data=tuple(row.data),
        began_at=row.began_at,
        ended_at=row.ended_at,
        recorded_at=row.recorded_at,
    )


def _said(one: Mapping[str, object]) -> TestSaid:
    measured, seconds = one["measured"], one["seconds"]
    return TestSaid(
        stage=str(one["stage"]),
        test=str(one["test"]),
        outcome=Outcome(str(one["outcome"])),
        measured=float(measured) if isinstance(measured, (int, float)) else None,
        detail=str(one["detail"]),
        seconds=float(seconds) if isinstance(seconds, (int, float)) else None,
    )
