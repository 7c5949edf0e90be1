"""The tables of merges, as SQLAlchemy sees them; see ``models``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import JSON, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from airflow_dataops.domain.audit import LONGEST_REASON
from airflow_dataops.registry.models import Base

_UNDER_WAY = text("ended_at IS NULL")
_KITCHEN = "dataops_kitchen.id"


class MergeRow(Base):
    """A merge of one kitchen into another; at most one of a pair is under way.

    ``kitchen_id`` is the one merged into; ``ours`` and ``theirs`` are the commits that everybody
    who resolves has before them.
    """

    __tablename__ = "dataops_merge"
    __table_args__ = (
        Index(
            "idx_dataops_merge_under_way",
            "kitchen_id",
            "other_id",
            unique=True,
            postgresql_where=_UNDER_WAY,
            sqlite_where=_UNDER_WAY,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), index=True)
    other_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), index=True)
    direction: Mapped[str] = mapped_column(String(10))
    ours: Mapped[str] = mapped_column(String(64))
    theirs: Mapped[str] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(20))
    opened_by: Mapped[str] = mapped_column(String(250))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(250))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    commit_id: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    details: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class ResolutionRow(Base):
    """What somebody decided about a conflict. Rows are added; the last one of a place counts.

    Paths and texts are JSON: git's may hold what is no text of a database.
    """

    __tablename__ = "dataops_resolution"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    merge_id: Mapped[str] = mapped_column(ForeignKey("dataops_merge.id"), index=True)
    path: Mapped[str] = mapped_column(JSON)
    region: Mapped[int | None]
    choice: Mapped[str] = mapped_column(String(10))
    text: Mapped[str | None] = mapped_column(JSON(none_as_null=True))
    by: Mapped[str] = mapped_column(String(250))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
