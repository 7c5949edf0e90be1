"""From when on a kitchen's bundle showed which commit.

Revision ID: 0005
Revises: 0004
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dataops_kitchen_commit",
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("version", sa.String(250), nullable=False),
        sa.Column("commit_id", sa.String(64), nullable=False),
        sa.Column("shown_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("kitchen_id", "version", name="dataops_kitchen_commit_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["dataops_kitchen.id"], name="dataops_kitchen_commit_kitchen_id_fkey"
        ),
    )


def downgrade() -> None:
    """Drop the table: which run had which commit is known no more."""
    op.drop_table("dataops_kitchen_commit")
