"""How far tickets were told of their work.

Revision ID: 0013
Revises: 0012
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "dataops_ticket",
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("ticket", sa.String(200), nullable=False),
        sa.Column("entry", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(20), nullable=True),
        sa.Column("assignee", sa.String(250), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_try_at", _MOMENT, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("held_by", sa.String(100), nullable=True),
        sa.Column("held_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("kitchen_id", name="dataops_ticket_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], ["dataops_kitchen.id"], name="dataops_ticket_kitchen_id_fkey"
        ),
    )


def downgrade() -> None:
    """Drop the table: tickets are told anew, and what they say already moves nothing."""
    op.drop_table("dataops_ticket")
