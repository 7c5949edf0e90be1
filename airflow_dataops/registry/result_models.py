"""The tables of data tests' results, as SQLAlchemy sees them; see ``models``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import JSON, Float, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from airflow_dataops.domain.audit import LONGEST_REASON
from airflow_dataops.registry.models import Base

_KITCHEN = "dataops_kitchen.id"
_IS_LATEST = text("is_latest")


class ResultRow(Base):
    """The verdict of one data test in one run; a later try takes its place.

    ``is_latest`` marks those of the last run of each task that tests: lists of hundreds of kitchens
    sum them up, which takes too long to be looked for in all that there ever were.
    """

    __tablename__ = "dataops_result"
    __table_args__ = (
        UniqueConstraint(
            "kitchen_id", "pipeline", "stage", "test", "run_id", "map_index",
            name="dataops_result_uq",
        ),
        Index("idx_dataops_result_at", "kitchen_id", "pipeline", "stage", "at"),
        Index("idx_dataops_result_run", "kitchen_id", "run_id"),
        Index(
            "idx_dataops_result_latest", "kitchen_id", "pipeline", "outcome",
            postgresql_where=_IS_LATEST, sqlite_where=_IS_LATEST,
        ),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    pipeline: Mapped[str] = mapped_column(String(200))
    stage: Mapped[str] = mapped_column(String(100))
    test: Mapped[str] = mapped_column(String(250))
    run_id: Mapped[str] = mapped_column(String(250))
    map_index: Mapped[int]
    task_id: Mapped[str] = mapped_column(String(250))
    try_number: Mapped[int]
    version: Mapped[str | None] = mapped_column(String(250))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
    outcome: Mapped[str] = mapped_column(String(20))
    holds: Mapped[bool | None]
    measured: Mapped[float | None] = mapped_column(Float(53))
    low: Mapped[float | None] = mapped_column(Float(53))
    high: Mapped[float | None] = mapped_column(Float(53))
    detail: Mapped[str] = mapped_column(Text)
    rule: Mapped[str] = mapped_column(String(50))
    model: Mapped[str] = mapped_column(String(250))
    baseline: Mapped[str] = mapped_column(String(250))
    numbers: Mapped[list[object]] = mapped_column(JSON)
    seconds: Mapped[float | None] = mapped_column(Float(53))
    sampled: Mapped[float] = mapped_column(Float(53), default=1.0, server_default=text("1"))
    is_latest: Mapped[bool] = mapped_column(default=False, server_default=false())


class ChartActRow(Base):
    """What somebody said about a test's points, and why.

    ``noted_with`` and ``taken_back_with`` are ids of reverts; what is taken back counts no more.
    """

    __tablename__ = "dataops_chart_act"
    __table_args__ = (Index("idx_dataops_chart_act_of", "kitchen_id", "pipeline", "stage"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN))
    kind: Mapped[str] = mapped_column(String(20))
    pipeline: Mapped[str] = mapped_column(String(200))
    stage: Mapped[str] = mapped_column(String(100))
    test: Mapped[str | None] = mapped_column(String(250))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    reason: Mapped[str] = mapped_column(String(LONGEST_REASON))
    by: Mapped[str] = mapped_column(String(250))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    noted_with: Mapped[str | None] = mapped_column(String(36))
    taken_back_with: Mapped[str | None] = mapped_column(String(36))
