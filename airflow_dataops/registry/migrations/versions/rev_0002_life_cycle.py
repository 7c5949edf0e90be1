"""What kitchens need to be worked in: settings, staff, operations, audit trail, leases.

Revision ID: 0002
Revises: 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from airflow_dataops.registry.models import APPEND_ONLY, DROP_APPEND_ONLY

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_UNDER_WAY = sa.text("ended_at IS NULL")
_KITCHEN = "dataops_kitchen.id"
_SETTINGS: tuple[sa.Column[object], ...] = (
    sa.Column("state", sa.String(20), nullable=False, server_default="ready"),
    sa.Column("ends_at", _MOMENT, nullable=True),
    sa.Column("warned_at", _MOMENT, nullable=True),
    sa.Column("pinned", sa.Boolean(), nullable=False, server_default=sa.false()),
    sa.Column("shared", sa.Boolean(), nullable=False, server_default=sa.true()),
    sa.Column("ticket", sa.String(200), nullable=True),
    sa.Column("slack_channel", sa.String(81), nullable=True),
    sa.Column("pipelines", sa.JSON(), nullable=True),
)


def upgrade() -> None:
    """Add the columns and the tables."""
    for column in _SETTINGS:
        op.add_column("dataops_kitchen", column.copy())
    _create_member()
    _create_operation()
    _create_step()
    _create_audit()
    _create_lease()


def downgrade() -> None:
    """Drop the tables, and with them staff, audit trail and inventories."""
    for table in ("lease", "audit", "step", "operation", "member"):
        op.drop_table(f"dataops_{table}")
    if op.get_context().dialect.name == "postgresql":
        op.execute(DROP_APPEND_ONLY)
    for column in reversed(_SETTINGS):
        op.drop_column("dataops_kitchen", column.name)


def _create_member() -> None:
    op.create_table(
        "dataops_member",
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("who", sa.String(250), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("added_by", sa.String(250), nullable=False),
        sa.PrimaryKeyConstraint("kitchen_id", "who", name="dataops_member_pkey"),
        sa.ForeignKeyConstraint(["kitchen_id"], [_KITCHEN], name="dataops_member_kitchen_id_fkey"),
    )


def _create_operation() -> None:
    op.create_table(
        "dataops_operation",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("by", sa.String(250), nullable=False),
        sa.Column("reason", sa.String(2000), nullable=True),
        sa.Column("began_at", _MOMENT, nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("attempt_began_at", _MOMENT, nullable=False),
        sa.Column("run_id", sa.String(250), nullable=True),
        sa.Column("progress", sa.String(20), nullable=False),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_operation_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], [_KITCHEN], name="dataops_operation_kitchen_id_fkey"
        ),
    )
    op.create_index("idx_dataops_operation_kitchen_id", "dataops_operation", ["kitchen_id"])
    op.create_index(
        "idx_dataops_operation_under_way",
        "dataops_operation",
        ["kitchen_id"],
        unique=True,
        postgresql_where=_UNDER_WAY,
        sqlite_where=_UNDER_WAY,
    )


def _create_step() -> None:
    op.create_table(
        "dataops_step",
        sa.Column("operation_id", sa.String(36), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("tool", sa.String(100), nullable=True),
        sa.Column("what", sa.String(500), nullable=False),
        sa.Column("progress", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False, server_default=""),
        sa.Column("began_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("operation_id", "position", name="dataops_step_pkey"),
        sa.ForeignKeyConstraint(
            ["operation_id"], ["dataops_operation.id"], name="dataops_step_operation_id_fkey"
        ),
    )


def _create_audit() -> None:
    op.create_table(
        "dataops_audit",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("by", sa.String(250), nullable=False),
        sa.Column("source", sa.String(250), nullable=False),
        sa.Column("action", sa.String(50), nullable=False),
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=True),
        sa.Column("kitchen", sa.String(48), nullable=True),
        sa.Column("reason", sa.String(2000), nullable=True),
        sa.Column("details", sa.JSON(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_audit_pkey"),
    )
    op.create_index("idx_dataops_audit_at", "dataops_audit", ["at"])
    op.create_index("idx_dataops_audit_kitchen_id", "dataops_audit", ["kitchen_id"])
    for statement in APPEND_ONLY.get(op.get_context().dialect.name, ()):
        op.execute(statement)


def _create_lease() -> None:
    op.create_table(
        "dataops_lease",
        sa.Column("lease_id", sa.String(250), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("tool", sa.String(100), nullable=False),
        sa.Column("task_instance", sa.String(36), nullable=True),
        sa.Column("person", sa.String(250), nullable=True),
        sa.Column("issued_at", _MOMENT, nullable=False),
        sa.Column("expires_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("lease_id", name="dataops_lease_pkey"),
        sa.ForeignKeyConstraint(["kitchen_id"], [_KITCHEN], name="dataops_lease_kitchen_id_fkey"),
    )
    for column in ("kitchen_id", "task_instance", "expires_at"):
        op.create_index(f"idx_dataops_lease_{column}", "dataops_lease", [column])
