"""Kitchens, and which environment a version of a bundle belongs to.

Revision ID: 0001
Revises: nothing, it is the first.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_LIVING = sa.text("deleted_at IS NULL")


def upgrade() -> None:
    """Create both tables."""
    op.create_table(
        "dataops_kitchen",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("name", sa.String(48), nullable=False),
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("branch", sa.String(250), nullable=False),
        sa.Column("parent_id", sa.String(36), nullable=True),
        sa.Column("created_at", _MOMENT, nullable=False),
        sa.Column("created_by", sa.String(250), nullable=False),
        sa.Column("deleted_at", _MOMENT, nullable=True),
        sa.Column("deleted_by", sa.String(250), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_kitchen_pkey"),
        sa.ForeignKeyConstraint(
            ["parent_id"], ["dataops_kitchen.id"], name="dataops_kitchen_parent_id_fkey"
        ),
    )
    op.create_index("idx_dataops_kitchen_parent_id", "dataops_kitchen", ["parent_id"])
    op.create_index(
        "idx_dataops_kitchen_living_name",
        "dataops_kitchen",
        ["name"],
        unique=True,
        postgresql_where=_LIVING,
        sqlite_where=_LIVING,
    )
    op.create_table(
        "dataops_bundle_version",
        sa.Column("version", sa.String(250), nullable=False),
        sa.Column("bundle_name", sa.String(250), nullable=False),
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("version", "bundle_name", name="dataops_bundle_version_pkey"),
    )
    op.create_index(
        "idx_dataops_bundle_version_bundle_name", "dataops_bundle_version", ["bundle_name"]
    )


def downgrade() -> None:
    """Drop both tables, and with them the record of all kitchens."""
    op.drop_table("dataops_bundle_version")
    op.drop_table("dataops_kitchen")
