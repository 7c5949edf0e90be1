"""Which revert noted something about a chart, or took back what somebody had noted.

Revision ID: 0010
Revises: 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_COLUMNS = ("noted_with", "taken_back_with")


def upgrade() -> None:
    """Add the marks."""
    for name in _COLUMNS:
        op.add_column("dataops_chart_act", sa.Column(name, sa.String(36), nullable=True))


def downgrade() -> None:
    """Drop them: what was taken back counts again."""
    for name in _COLUMNS:
        op.drop_column("dataops_chart_act", name)
