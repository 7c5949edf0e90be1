"""What runs are evidence of, and who waits to be merged.

Revision ID: 0008
Revises: 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_KITCHEN = "dataops_kitchen.id"
_WAITS = sa.text("ended_at IS NULL")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "dataops_evidence",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("project", sa.String(48), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("kitchen", sa.String(48), nullable=False),
        sa.Column("pipeline", sa.String(250), nullable=False),
        *(sa.Column(name, sa.String(64), nullable=False) for name in ("input_tree", "commit_id")),
        *(sa.Column(name, sa.String(250), nullable=False) for name in _OF_THE_RUN),
        sa.Column("standing", sa.String(20), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in _AS_JSON),
        sa.Column("began_at", _MOMENT, nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="dataops_evidence_pkey"),
        sa.UniqueConstraint(
            "kitchen_id", "pipeline", "run_id", "ended_at", name="dataops_evidence_uq"
        ),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], [_KITCHEN], name="dataops_evidence_kitchen_id_fkey"
        ),
    )
    op.create_index(
        "idx_dataops_evidence_about", "dataops_evidence", ["project", "pipeline", "input_tree"]
    )
    _create_queue()


def downgrade() -> None:
    """Drop the tables: pipelines have to be tested anew before they are merged up."""
    op.drop_table("dataops_merge_queue")
    op.drop_table("dataops_evidence")


_OF_THE_RUN = ("version", "dag_id", "run_id")
_AS_JSON = ("reasons", "said", "parameters", "data")


def _create_queue() -> None:
    op.create_table(
        "dataops_merge_queue",
        sa.Column("id", sa.String(36), nullable=False),
        *(sa.Column(name, sa.String(36), nullable=False) for name in ("kitchen_id", "parent_id")),
        sa.Column("commit_id", sa.String(64), nullable=False),
        sa.Column("joined_by", sa.String(250), nullable=False),
        sa.Column("joined_at", _MOMENT, nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.String(250), nullable=True),
        sa.Column("ended_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_merge_queue_pkey"),
        *(
            sa.ForeignKeyConstraint(
                [f"{which}_id"], [_KITCHEN], name=f"dataops_merge_queue_{which}_id_fkey"
            )
            for which in ("kitchen", "parent")
        ),
    )
    op.create_index(
        "idx_dataops_merge_queue_waits",
        "dataops_merge_queue",
        ["kitchen_id"],
        unique=True,
        postgresql_where=_WAITS,
        sqlite_where=_WAITS,
    )
    op.create_index("idx_dataops_merge_queue_of", "dataops_merge_queue", ["parent_id", "joined_at"])
