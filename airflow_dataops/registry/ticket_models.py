"""The table of what tickets were told, as SQLAlchemy sees it; see ``models``."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from airflow_dataops.registry.models import Base


class TicketRow(Base):
    """How far a ticket was told of the work of a kitchen, and who tells it now."""

    __tablename__ = "dataops_ticket"

    kitchen_id: Mapped[str] = mapped_column(ForeignKey("dataops_kitchen.id"), primary_key=True)
    ticket: Mapped[str] = mapped_column(String(200))
    entry: Mapped[int | None]
    step: Mapped[str | None] = mapped_column(String(20))
    assignee: Mapped[str | None] = mapped_column(String(250))
    attempts: Mapped[int]
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    # What it said when it was read or told last, and how often it was changed beside us.
    status: Mapped[str | None] = mapped_column(String(250))
    account: Mapped[str | None] = mapped_column(String(250))
    asked: Mapped[int] = mapped_column(default=0)
    looked: Mapped[int] = mapped_column(default=0)
    held_by: Mapped[str | None] = mapped_column(String(100))
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
