"""The tables, as SQLAlchemy sees them.

``airflow db migrate`` creates a fresh database from here and changes an existing one through
``migrations/``; a test keeps the two equal.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import ForeignKey, Index, MetaData, String, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from airflow_dataops.domain.names import MAX_KITCHEN_NAME

_LIVING = text("deleted_at IS NULL")


class Base(DeclarativeBase):
    """Our tables, apart from Airflow's own."""

    metadata = MetaData(
        naming_convention={
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "ix": "idx_%(table_name)s_%(column_0_name)s",
            "pk": "%(table_name)s_pkey",
        }
    )


class KitchenRow(Base):
    """A kitchen, living or deleted; its id is never used again."""

    __tablename__ = "dataops_kitchen"
    __table_args__ = (
        Index(
            "idx_dataops_kitchen_living_name",
            "name",
            unique=True,
            postgresql_where=_LIVING,
            sqlite_where=_LIVING,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    project: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    branch: Mapped[str] = mapped_column(String(250))
    parent_id: Mapped[str | None] = mapped_column(ForeignKey("dataops_kitchen.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    created_by: Mapped[str] = mapped_column(String(250))
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_by: Mapped[str | None] = mapped_column(String(250))


class BundleVersionRow(Base):
    """Which environment a version of a kitchens' bundle belongs to.

    Written by the dag-processor's manager process alone: no code of a kitchen runs there.
    """

    __tablename__ = "dataops_bundle_version"

    version: Mapped[str] = mapped_column(String(250), primary_key=True)
    bundle_name: Mapped[str] = mapped_column(String(250), primary_key=True, index=True)
    project: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
