"""What repositories knew of merges, in our tables; and which runs Airflow still has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import column, delete, or_, select, table
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.domain.promotion import PromotionFacts
from airflow_dataops.registry.evidence_models import PromotionRow
from airflow_dataops.registry.held_rows import adding
from airflow_dataops.registry.merge_models import MergeRow
from airflow_dataops.registry.merges import merge_of
from airflow_dataops.registry.models import KitchenRow

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from sqlalchemy import Engine

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge

_MOST_AT_ONCE = 50
_run = table("dag_run", column("dag_id"), column("run_id"))


class PromotionTable:
    """Implements ``PromotionBook`` in Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def unwritten(self, kitchen: Kitchen) -> list[KitchenMerge]:
        """Merges into a kitchen of which nothing is kept, the oldest first; some at a time."""
        kept = select(PromotionRow.merge_id)
        query = (
            select(MergeRow)
            .where(
                MergeRow.kitchen_id == kitchen.id,
                MergeRow.state == MergeState.DONE,
                MergeRow.commit_id.is_not(None),
                MergeRow.id.not_in(kept),
            )
            .order_by(MergeRow.ended_at)
            .limit(_MOST_AT_ONCE)
        )
        with self._sessions() as session:
            return [merge_of(row, ()) for row in session.scalars(query)]

    def write(self, merge: KitchenMerge, facts: PromotionFacts, *, now: datetime) -> None:
        """Keep what a repository knows of a merge; what is kept already stays as it is."""
        with self._sessions.begin() as session:
            put = adding(session)(PromotionRow).values(
                merge_id=merge.id, facts=facts.as_text(), written_at=now
            )
            session.execute(put.on_conflict_do_nothing(index_elements=["merge_id"]))

    def of(self, merge: KitchenMerge) -> PromotionFacts | None:
        """What is kept of a merge; None where nothing is."""
        with self._sessions() as session:
            row = session.get(PromotionRow, merge.id)
            return None if row is None or not row.facts else PromotionFacts.read(row.facts)

    def runs_there(self, runs: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of these runs, by DAG and run id, that Airflow still has."""
        if not runs:
            return set()
        asked = (
            (_run.c.dag_id == dag_id) & (_run.c.run_id == run_id) for dag_id, run_id in sorted(runs)
        )
        query = select(_run.c.dag_id, _run.c.run_id).where(or_(*asked))
        with self._sessions() as session:
            return {(row.dag_id, row.run_id) for row in session.execute(query)}

    def forget(self, environment: str, *, before: datetime) -> int:
        """Forget what is kept of merges into an environment's kitchens that ended before then."""
        kitchens = select(KitchenRow.id).where(KitchenRow.environment == environment)
        old = select(MergeRow.id).where(
            MergeRow.kitchen_id.in_(kitchens), MergeRow.ended_at < before
        )
        with self._sessions.begin() as session:
            gone = session.scalars(
                delete(PromotionRow)
                .where(PromotionRow.merge_id.in_(old), PromotionRow.facts != "")
                .returning(PromotionRow.merge_id)
                .execution_options(synchronize_session=False)
            ).all()
            # Otherwise the next round would read it from the repository again.
            session.add_all(PromotionRow(merge_id=one, facts="", written_at=before) for one in gone)
        return len(gone)
