"""The tables of evidence and of the merge queue, as SQLAlchemy sees them; see ``models``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from airflow_dataops.domain.audit import LONGEST_REASON
from airflow_dataops.domain.names import MAX_KITCHEN_NAME
from airflow_dataops.registry.models import Base

_KITCHEN = "dataops_kitchen.id"
_IS_OPEN = text("is_open")
_WAITS = text("ended_at IS NULL")


class EvidenceRow(Base):
    """What one run said of the files that its pipeline was built from; written once."""

    __tablename__ = "dataops_evidence"
    __table_args__ = (
        UniqueConstraint(
            "kitchen_id", "pipeline", "run_id", "ended_at", name="dataops_evidence_uq"
        ),
        Index("idx_dataops_evidence_about", "project", "pipeline", "input_tree"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    project: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    kitchen: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    pipeline: Mapped[str] = mapped_column(String(250))
    input_tree: Mapped[str] = mapped_column(String(64))
    commit_id: Mapped[str] = mapped_column(String(64))
    version: Mapped[str] = mapped_column(String(250))
    dag_id: Mapped[str] = mapped_column(String(250))
    run_id: Mapped[str] = mapped_column(String(250))
    standing: Mapped[str] = mapped_column(String(20))
    reasons: Mapped[list[str]] = mapped_column(JSON)
    said: Mapped[list[dict[str, object]]] = mapped_column(JSON)
    parameters: Mapped[dict[str, object]] = mapped_column(JSON)
    data: Mapped[list[str]] = mapped_column(JSON)
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PromotionRow(Base):
    """What the repository knew of a merge; empty once that is forgotten."""

    __tablename__ = "dataops_promotion"

    merge_id: Mapped[str] = mapped_column(ForeignKey("dataops_merge.id"), primary_key=True)
    facts: Mapped[str] = mapped_column(Text)
    written_at: Mapped[datetime] = mapped_column(UtcDateTime)


class ApprovalRow(Base):
    """Something that waits for approval, or waited; of the same thing one is open at a time."""

    __tablename__ = "dataops_approval"
    __table_args__ = (
        Index(
            "idx_dataops_approval_open",
            "kitchen_id",
            "of",
            "subject",
            "exactly",
            unique=True,
            postgresql_where=_IS_OPEN,
            sqlite_where=_IS_OPEN,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    of: Mapped[str] = mapped_column(String(20))
    subject: Mapped[str] = mapped_column(String(250))
    exactly: Mapped[str] = mapped_column(String(250))
    asked_by: Mapped[str] = mapped_column(String(250))
    asked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    state: Mapped[str] = mapped_column(String(20))
    is_open: Mapped[bool]
    answered_by: Mapped[str | None] = mapped_column(String(250))
    answered_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    comment: Mapped[str | None] = mapped_column(String(LONGEST_REASON))


class QueueRow(Base):
    """A kitchen that waits to be merged into its parent, or waited; it waits in one place."""

    __tablename__ = "dataops_merge_queue"
    __table_args__ = (
        Index(
            "idx_dataops_merge_queue_waits",
            "kitchen_id",
            unique=True,
            postgresql_where=_WAITS,
            sqlite_where=_WAITS,
        ),
        Index("idx_dataops_merge_queue_of", "parent_id", "joined_at"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    parent_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    commit_id: Mapped[str] = mapped_column(String(64))
    joined_by: Mapped[str] = mapped_column(String(250))
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text)
    ended_by: Mapped[str | None] = mapped_column(String(250))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
