"""How much of the data was there when a test measured it.

Revision ID: 0014
Revises: 0013
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the share; what there is was measured on all of its data."""
    op.add_column(
        "dataops_result",
        sa.Column("sampled", sa.Float(53), nullable=False, server_default=sa.text("1")),
    )


def downgrade() -> None:
    """Drop the share: points of samples are compared as if they were none."""
    op.drop_column("dataops_result", "sampled")
