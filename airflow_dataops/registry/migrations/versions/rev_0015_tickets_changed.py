"""What tickets said when they were read last, and how often they were changed at the tracker.

Revision ID: 0015
Revises: 0014
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the columns; tickets that were told before are read once."""
    with op.batch_alter_table("dataops_ticket") as table:
        table.add_column(sa.Column("status", sa.String(250), nullable=True))
        table.add_column(sa.Column("account", sa.String(250), nullable=True))
        table.add_column(sa.Column("asked", sa.Integer(), nullable=False, server_default="1"))
        table.add_column(sa.Column("looked", sa.Integer(), nullable=False, server_default="0"))


def downgrade() -> None:
    """Drop the columns."""
    with op.batch_alter_table("dataops_ticket") as table:
        for name in ("looked", "asked", "account", "status"):
            table.drop_column(name)
