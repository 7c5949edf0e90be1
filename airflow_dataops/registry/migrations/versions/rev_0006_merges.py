"""Merges of kitchens, and what people decided about their conflicts.

Revision ID: 0006
Revises: 0005
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_UNDER_WAY = sa.text("ended_at IS NULL")
_KITCHEN = "dataops_kitchen.id"


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "dataops_merge",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("other_id", sa.String(36), nullable=False),
        sa.Column("direction", sa.String(10), nullable=False),
        sa.Column("ours", sa.String(64), nullable=False),
        sa.Column("theirs", sa.String(64), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("opened_by", sa.String(250), nullable=False),
        sa.Column("opened_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.Column("ended_by", sa.String(250)),
        sa.Column("ended_at", sa.TIMESTAMP(timezone=True)),
        sa.Column("commit_id", sa.String(64)),
        sa.Column("reason", sa.String(2000)),
        sa.Column("details", sa.JSON),
        sa.PrimaryKeyConstraint("id", name="dataops_merge_pkey"),
        sa.ForeignKeyConstraint(["kitchen_id"], [_KITCHEN], name="dataops_merge_kitchen_id_fkey"),
        sa.ForeignKeyConstraint(["other_id"], [_KITCHEN], name="dataops_merge_other_id_fkey"),
    )
    op.create_index("idx_dataops_merge_kitchen_id", "dataops_merge", ["kitchen_id"])
    op.create_index("idx_dataops_merge_other_id", "dataops_merge", ["other_id"])
    op.create_index(
        "idx_dataops_merge_under_way",
        "dataops_merge",
        ["kitchen_id", "other_id"],
        unique=True,
        postgresql_where=_UNDER_WAY,
        sqlite_where=_UNDER_WAY,
    )
    op.create_table(
        "dataops_resolution",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=True),
        sa.Column("merge_id", sa.String(36), nullable=False),
        sa.Column("path", sa.JSON, nullable=False),
        sa.Column("region", sa.Integer),
        sa.Column("choice", sa.String(10), nullable=False),
        sa.Column("text", sa.JSON),
        sa.Column("by", sa.String(250), nullable=False),
        sa.Column("at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="dataops_resolution_pkey"),
        sa.ForeignKeyConstraint(
            ["merge_id"], ["dataops_merge.id"], name="dataops_resolution_merge_id_fkey"
        ),
    )
    op.create_index("idx_dataops_resolution_merge_id", "dataops_resolution", ["merge_id"])


def downgrade() -> None:
    """Drop the tables: merges that are made stay in the repository, drafts are lost."""
    op.drop_table("dataops_resolution")
    op.drop_table("dataops_merge")
