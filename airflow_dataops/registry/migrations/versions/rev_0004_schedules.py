"""Which schedules somebody has enabled.

Revision ID: 0004
Revises: 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dataops_schedule",
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("pipeline", sa.String(250), nullable=False),
        sa.Column("cron", sa.String(100), nullable=False),
        sa.Column("timezone", sa.String(100), nullable=False),
        sa.Column("enabled_by", sa.String(250), nullable=False),
        sa.Column("enabled_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kitchen_id", "pipeline", name="dataops_schedule_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["dataops_kitchen.id"], name="dataops_schedule_kitchen_id_fkey"
        ),
    )


def downgrade() -> None:
    """Drop the table: nothing is enabled any more."""
    op.drop_table("dataops_schedule")
