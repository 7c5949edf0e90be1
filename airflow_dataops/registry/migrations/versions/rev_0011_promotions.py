"""What repositories knew of merges.

Revision ID: 0011
Revises: 0010
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dataops_promotion",
        sa.Column("merge_id", sa.String(36), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("written_at", sa.TIMESTAMP(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("merge_id", name="dataops_promotion_pkey"),
        sa.ForeignKeyConstraint(
            ["merge_id"], ["dataops_merge.id"], name="dataops_promotion_merge_id_fkey"
        ),
    )


def downgrade() -> None:
    """Drop the table: it is read from the repository again, as long as that has the commits."""
    op.drop_table("dataops_promotion")
