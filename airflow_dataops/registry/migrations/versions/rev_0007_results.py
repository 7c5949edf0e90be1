"""What data tests said in each run, and what people said about their charts.

Revision ID: 0007
Revises: 0006
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_KITCHEN = "dataops_kitchen.id"


def upgrade() -> None:
    """Add the tables."""
    _create_result()
    op.create_table(
        "dataops_chart_act",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("pipeline", sa.String(200), nullable=False),
        sa.Column("stage", sa.String(100), nullable=False),
        sa.Column("test", sa.String(250), nullable=True),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("until", _MOMENT, nullable=True),
        sa.Column("reason", sa.String(2000), nullable=False),
        sa.Column("by", sa.String(250), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="dataops_chart_act_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], [_KITCHEN], name="dataops_chart_act_kitchen_id_fkey"
        ),
    )
    op.create_index(
        "idx_dataops_chart_act_of", "dataops_chart_act", ["kitchen_id", "pipeline", "stage"]
    )


def downgrade() -> None:
    """Drop the tables: charts begin anew."""
    op.drop_table("dataops_chart_act")
    op.drop_table("dataops_result")


def _create_result() -> None:
    op.create_table(
        "dataops_result",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=False),
        sa.Column("pipeline", sa.String(200), nullable=False),
        sa.Column("stage", sa.String(100), nullable=False),
        sa.Column("test", sa.String(250), nullable=False),
        sa.Column("run_id", sa.String(250), nullable=False),
        sa.Column("map_index", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.String(250), nullable=False),
        sa.Column("try_number", sa.Integer(), nullable=False),
        sa.Column("version", sa.String(250), nullable=True),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("recorded_at", _MOMENT, nullable=False),
        sa.Column("outcome", sa.String(20), nullable=False),
        sa.Column("holds", sa.Boolean(), nullable=True),
        *(sa.Column(name, sa.Float(53), nullable=True) for name in ("measured", "low", "high")),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("rule", sa.String(50), nullable=False),
        *(sa.Column(name, sa.String(250), nullable=False) for name in ("model", "baseline")),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("seconds", sa.Float(53), nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_result_pkey"),
        sa.UniqueConstraint(
            "kitchen_id", "pipeline", "stage", "test", "run_id", "map_index",
            name="dataops_result_uq",
        ),
        sa.ForeignKeyConstraint(["kitchen_id"], [_KITCHEN], name="dataops_result_kitchen_id_fkey"),
    )  # fmt: skip
    op.create_index(
        "idx_dataops_result_at", "dataops_result", ["kitchen_id", "pipeline", "stage", "at"]
    )
    op.create_index("idx_dataops_result_run", "dataops_result", ["kitchen_id", "run_id"])
