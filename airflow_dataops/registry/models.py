"""The tables, as SQLAlchemy sees them.

``airflow db migrate`` creates a fresh database from here and changes an existing one through
``migrations/``; a test keeps the two equal.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - SQLAlchemy reads annotations at run time

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import (
    DDL,
    JSON,
    ForeignKey,
    Index,
    MetaData,
    String,
    Text,
    event,
    false,
    text,
    true,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from airflow_dataops.domain.audit import LONGEST_REASON
from airflow_dataops.domain.names import MAX_KITCHEN_NAME

_LIVING = text("deleted_at IS NULL")
_UNDER_WAY = text("ended_at IS NULL")
_KITCHEN = "dataops_kitchen.id"


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
    state: Mapped[str] = mapped_column(String(20), server_default="ready")
    ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    warned_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    pinned: Mapped[bool] = mapped_column(server_default=false())
    shared: Mapped[bool] = mapped_column(server_default=true())
    ticket: Mapped[str | None] = mapped_column(String(200))
    slack_channel: Mapped[str | None] = mapped_column(String(81))
    pipelines: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))


class MemberRow(Base):
    """Somebody on a kitchen's staff."""

    __tablename__ = "dataops_member"

    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), primary_key=True)
    who: Mapped[str] = mapped_column(String(250), primary_key=True)
    role: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    added_by: Mapped[str] = mapped_column(String(250))


class OperationRow(Base):
    """The creation or deletion of a kitchen; at most one of a kitchen is under way."""

    __tablename__ = "dataops_operation"
    __table_args__ = (
        Index(
            "idx_dataops_operation_under_way",
            "kitchen_id",
            unique=True,
            postgresql_where=_UNDER_WAY,
            sqlite_where=_UNDER_WAY,
        ),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    by: Mapped[str] = mapped_column(String(250))
    reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempt: Mapped[int]
    attempt_began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    run_id: Mapped[str | None] = mapped_column(String(250))
    progress: Mapped[str] = mapped_column(String(20))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)


class StepRow(Base):
    """One part of a kitchen within an operation. The last deletion's steps are the inventory."""

    __tablename__ = "dataops_step"

    operation_id: Mapped[str] = mapped_column(ForeignKey("dataops_operation.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(20))
    tool: Mapped[str | None] = mapped_column(String(100))
    what: Mapped[str] = mapped_column(String(500))
    progress: Mapped[str] = mapped_column(String(20))
    detail: Mapped[str] = mapped_column(Text, server_default="")
    began_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class AuditRow(Base):
    """Who did what to which kitchen. Rows are added, never changed; the database sees to it."""

    __tablename__ = "dataops_audit"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    by: Mapped[str] = mapped_column(String(250))
    source: Mapped[str] = mapped_column(String(250))
    action: Mapped[str] = mapped_column(String(50))
    project: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    kitchen_id: Mapped[str | None] = mapped_column(String(36), index=True)
    kitchen: Mapped[str | None] = mapped_column(String(MAX_KITCHEN_NAME))
    reason: Mapped[str | None] = mapped_column(String(LONGEST_REASON))
    details: Mapped[dict[str, object] | None] = mapped_column(JSON(none_as_null=True))


class LeaseRow(Base):
    """A login that a vault issued to one try of a task, or to a person, until it is revoked."""

    __tablename__ = "dataops_lease"

    lease_id: Mapped[str] = mapped_column(String(250), primary_key=True)
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME))
    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), index=True)
    tool: Mapped[str] = mapped_column(String(100))
    task_instance: Mapped[str | None] = mapped_column(String(36), index=True)
    person: Mapped[str | None] = mapped_column(String(250))
    issued_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class IncidentRow(Base):
    """A task's trouble from its first failure or warning until it succeeds: one thread."""

    __tablename__ = "dataops_incident"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME), index=True)
    kitchen_id: Mapped[str | None] = mapped_column(ForeignKey(_KITCHEN), index=True)
    dag_id: Mapped[str] = mapped_column(String(250))
    task_id: Mapped[str] = mapped_column(String(250))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    last_at: Mapped[datetime] = mapped_column(UtcDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    channel: Mapped[str | None] = mapped_column(String(100))
    thread: Mapped[str | None] = mapped_column(String(100))
    last_post_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MessageRow(Base):
    """An event that is to be told, or was; the key keeps it from being told twice."""

    __tablename__ = "dataops_message"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    key: Mapped[str] = mapped_column(String(100), unique=True)
    kind: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME), index=True)
    kitchen_id: Mapped[str | None] = mapped_column(ForeignKey(_KITCHEN), index=True)
    kitchen: Mapped[str | None] = mapped_column(String(MAX_KITCHEN_NAME))
    task_instance: Mapped[str | None] = mapped_column(String(36), index=True)
    event: Mapped[dict[str, object]] = mapped_column(JSON)
    incident_id: Mapped[str | None] = mapped_column(ForeignKey("dataops_incident.id"), index=True)
    state: Mapped[str] = mapped_column(String(20), index=True)
    channel: Mapped[str | None] = mapped_column(String(100))
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class WatchRow(Base):
    """How far an environment's events were seen, and who tells of them now."""

    __tablename__ = "dataops_watch"

    environment: Mapped[str] = mapped_column(String(MAX_KITCHEN_NAME), primary_key=True)
    since: Mapped[datetime] = mapped_column(UtcDateTime)
    seen_until: Mapped[datetime] = mapped_column(UtcDateTime)
    wait_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    setbacks: Mapped[int] = mapped_column(default=0)
    held_by: Mapped[str | None] = mapped_column(String(100))
    held_until: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ScheduleRow(Base):
    """A schedule that somebody has enabled in a kitchen, until it is disabled."""

    __tablename__ = "dataops_schedule"

    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), primary_key=True)
    pipeline: Mapped[str] = mapped_column(String(250), primary_key=True)
    cron: Mapped[str] = mapped_column(String(100))
    timezone: Mapped[str] = mapped_column(String(100))
    enabled_by: Mapped[str] = mapped_column(String(250))
    enabled_at: Mapped[datetime] = mapped_column(UtcDateTime)


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


class KitchenCommitRow(Base):
    """From when on a kitchen's bundle showed which commit; a row for each change."""

    __tablename__ = "dataops_kitchen_commit"

    kitchen_id: Mapped[str] = mapped_column(ForeignKey(_KITCHEN), primary_key=True)
    version: Mapped[str] = mapped_column(String(250), primary_key=True)
    commit_id: Mapped[str] = mapped_column(String(64))
    shown_at: Mapped[datetime] = mapped_column(UtcDateTime)


# In the database itself, so that no code path and no other client of it can rewrite history.
APPEND_ONLY = {
    "postgresql": (
        """CREATE OR REPLACE FUNCTION dataops_audit_is_append_only() RETURNS trigger AS
        $$ BEGIN RAISE EXCEPTION 'dataops_audit is append-only'; END $$ LANGUAGE plpgsql""",
        """CREATE OR REPLACE TRIGGER dataops_audit_append_only
        BEFORE UPDATE OR DELETE OR TRUNCATE ON dataops_audit
        FOR EACH STATEMENT EXECUTE FUNCTION dataops_audit_is_append_only()""",
    ),
    "sqlite": tuple(
        f"""CREATE TRIGGER IF NOT EXISTS dataops_audit_no_{what.lower()} BEFORE {what}
        ON dataops_audit BEGIN SELECT RAISE(ABORT, 'dataops_audit is append-only'); END"""
        for what in ("UPDATE", "DELETE")
    ),
}
DROP_APPEND_ONLY = "DROP FUNCTION IF EXISTS dataops_audit_is_append_only()"
for _dialect, _statements in APPEND_ONLY.items():
    for _statement in _statements:
        event.listen(
            AuditRow.__table__,
            "after_create",
            DDL(_statement.replace("%", "%%")).execute_if(dialect=_dialect),  # type: ignore[no-untyped-call]
        )
# A function belongs to no table, so that dropping all tables would leave it.
event.listen(
    AuditRow.__table__,
    "after_drop",
    DDL(DROP_APPEND_ONLY).execute_if(dialect="postgresql"),  # type: ignore[no-untyped-call]
)
