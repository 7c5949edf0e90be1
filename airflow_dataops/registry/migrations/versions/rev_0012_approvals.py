"""What waits for somebody's approval.

Revision ID: 0012
Revises: 0011
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_IS_OPEN = sa.text("is_open")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dataops_approval",
        *(sa.Column(name, sa.String(36), nullable=False) for name in ("id", "kitchen_id")),
        sa.Column("of", sa.String(20), nullable=False),
        sa.Column("subject", sa.String(250), nullable=False),
        sa.Column("exactly", sa.String(250), nullable=False),
        sa.Column("asked_by", sa.String(250), nullable=False),
        sa.Column("asked_at", _MOMENT, nullable=False),
        sa.Column("reason", sa.String(2000), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("answered_by", sa.String(250), nullable=True),
        sa.Column("answered_at", _MOMENT, nullable=True),
        sa.Column("comment", sa.String(2000), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_approval_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["dataops_kitchen.id"], name="dataops_approval_kitchen_id_fkey"
        ),
    )
    op.create_index(
        "idx_dataops_approval_open",
        "dataops_approval",
        ["kitchen_id", "of", "subject", "exactly"],
        unique=True,
        postgresql_where=_IS_OPEN,
        sqlite_where=_IS_OPEN,
    )


def downgrade() -> None:
    """Drop the table: nothing is approved any more."""
    op.drop_table("dataops_approval")
