"""Merges of kitchens, and what people decided about their conflicts, in our tables."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import Choice, KitchenMerge, MergeState, Resolution
from airflow_dataops.errors import KitchenBusy
from airflow_dataops.registry.held_rows import changed_one, hold_living
from airflow_dataops.registry.merge_models import MergeRow, ResolutionRow
from airflow_dataops.registry.rows import audit_row

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import ColumnElement, Engine, Update

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen

_MOST_SHOWN = 200


class MergeTable:
    """Merges in Airflow's metadata database; implements ``MergeBook``."""

    def __init__(self, engine: Engine) -> None:
        """Work on Airflow's metadata database."""
        self._sessions = sessionmaker(engine)

    def under_way(self, kitchen: Kitchen, other: Kitchen) -> KitchenMerge | None:
        """The merge of the other into the kitchen that is not over."""
        query = select(MergeRow).where(
            MergeRow.kitchen_id == kitchen.id,
            MergeRow.other_id == other.id,
            MergeRow.ended_at.is_(None),
        )
        with self._sessions() as session:
            row = session.scalars(query).first()
            if row is None:
                return None
            given = select(ResolutionRow).where(ResolutionRow.merge_id == row.id)
            return merge_of(row, session.scalars(given.order_by(ResolutionRow.id)))

    def one(self, kitchen: Kitchen, merge_id: str) -> KitchenMerge | None:
        """A merge into the kitchen by its id, without its resolutions; None where none has it."""
        query = select(MergeRow).where(MergeRow.kitchen_id == kitchen.id, MergeRow.id == merge_id)
        with self._sessions() as session:
            row = session.scalars(query).first()
            return merge_of(row, ()) if row is not None else None

    def of(self, kitchen: Kitchen) -> list[KitchenMerge]:
        """Merges into the kitchen, the last one first, without their resolutions."""
        query = (
            select(MergeRow)
            .where(MergeRow.kitchen_id == kitchen.id)
            .order_by(MergeRow.opened_at.desc(), MergeRow.id)
            .limit(_MOST_SHOWN)
        )
        with self._sessions() as session:
            return [merge_of(row, ()) for row in session.scalars(query)]

    def proposed(self) -> list[KitchenMerge]:
        """Merges that wait at a repository's host, of whatever kitchens."""
        query = select(MergeRow).where(MergeRow.state == MergeState.PROPOSED)
        with self._sessions() as session:
            return [merge_of(row, ()) for row in session.scalars(query.order_by(MergeRow.id))]

    def begin(
        self, merge: KitchenMerge, kitchen: Kitchen, *, audit: AuditEntry | None = None
    ) -> None:
        """Write down that a merge into a kitchen is under way.

        Raises:
            KitchenBusy: another one of the two is, or the kitchen is being deleted.
            KitchenNotFound: the kitchen is deleted.
        """
        try:
            with self._sessions.begin() as session:
                session.add(_row_of(merge))
                session.flush()
                hold_living(session, kitchen)
                if audit is not None:
                    session.add(audit_row(audit))
        except IntegrityError as error:
            what = "another merge of the two is under way; see `airflow dataops merge status`"
            raise KitchenBusy(kitchen.name, "being merged into", what) from error

    def resolve(self, merge: KitchenMerge, given: Sequence[Resolution]) -> bool:
        """Add decisions, unless the merge has come further meanwhile: then False, and none."""
        still = select(MergeRow.id).where(*_as_it_was(merge)).with_for_update(read=True)
        with self._sessions() as session:
            session.add_all(
                ResolutionRow(
                    merge_id=merge.id,
                    path=one.path,
                    region=one.region,
                    choice=one.choice,
                    text=one.text,
                    by=one.by,
                    at=one.at,
                )
                for one in given
            )
            # The write comes first: SQLite locks no rows, only who writes first.
            session.flush()
            is_ours = session.scalars(still).first() is not None
            if is_ours:
                session.commit()
        return is_ours

    def change(
        self, before: KitchenMerge, after: KitchenMerge, *, audit: AuditEntry | None = None
    ) -> bool:
        """Replace how far a merge has come, unless somebody did meanwhile: then False."""
        with self._sessions.begin() as session:
            is_ours = changed_one(session, change_of(before, after))
            if is_ours and audit is not None:
                session.add(audit_row(audit))
        return is_ours


def change_of(before: KitchenMerge, after: KitchenMerge) -> Update:
    """The replacement of how far a merge has come, if it has come there still."""
    return (
        update(MergeRow)
        .where(*_as_it_was(before))
        .values(
            ours=after.ours,
            theirs=after.theirs,
            state=after.state,
            ended_by=after.ended_by,
            ended_at=after.ended_at,
            commit_id=after.commit,
            reason=after.reason,
            details=dict(after.details) or None,
        )
    )


def _as_it_was(merge: KitchenMerge) -> tuple[ColumnElement[bool], ...]:
    """Conditions that the row of a merge meets unless somebody has brought it further."""
    return (
        MergeRow.id == merge.id,
        MergeRow.state == merge.state,
        MergeRow.ours == merge.ours,
        MergeRow.theirs == merge.theirs,
        MergeRow.commit_id.is_not_distinct_from(merge.commit),
    )


def _row_of(merge: KitchenMerge) -> MergeRow:
    return MergeRow(
        id=merge.id,
        kitchen_id=merge.kitchen_id,
        other_id=merge.other_id,
        direction=merge.direction,
        ours=merge.ours,
        theirs=merge.theirs,
        state=merge.state,
        opened_by=merge.opened_by,
        opened_at=merge.opened_at,
        ended_by=merge.ended_by,
        ended_at=merge.ended_at,
        commit_id=merge.commit,
        reason=merge.reason,
        details=dict(merge.details) or None,
    )


def merge_of(row: MergeRow, given: Iterable[ResolutionRow]) -> KitchenMerge:
    """The merge in a row, with the decisions about it."""
    return KitchenMerge(
        id=row.id,
        kitchen_id=row.kitchen_id,
        other_id=row.other_id,
        direction=Direction(row.direction),
        ours=row.ours,
        theirs=row.theirs,
        state=MergeState(row.state),
        opened_by=row.opened_by,
        opened_at=row.opened_at,
        ended_by=row.ended_by,
        ended_at=row.ended_at,
        commit=row.commit_id,
        reason=row.reason,
        details={name: str(value) for name, value in (row.details or {}).items()},
        resolutions=tuple(
            Resolution(
                path=one.path,
                region=one.region,
                choice=Choice(one.choice),
                text=one.text,
                by=one.by,
                at=one.at,
            )
            for one in given
        ),
    )
