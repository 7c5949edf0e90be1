"""Which results are of the last run of the task that tests.

Revision ID: 0009
Revises: 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_IS_LATEST = sa.text("is_latest")
_OF_TASK = ("kitchen_id", "pipeline", "stage", "task_id")


def upgrade() -> None:
    """Add the mark, and set it where it belongs."""
    op.add_column(
        "dataops_result",
        sa.Column("is_latest", sa.Boolean(), nullable=False, server_default=sa.false()),
    )
    _mark()
    op.create_index(
        "idx_dataops_result_latest",
        "dataops_result",
        ["kitchen_id", "pipeline", "outcome"],
        postgresql_where=_IS_LATEST,
        sqlite_where=_IS_LATEST,
    )


def downgrade() -> None:
    """Drop the mark: it says nothing that the results do not."""
    op.drop_index("idx_dataops_result_latest", "dataops_result")
    op.drop_column("dataops_result", "is_latest")


def _mark() -> None:
    names = ("id", *_OF_TASK, "run_id", "at", "is_latest")
    result = sa.table("dataops_result", *(sa.column(name) for name in names))
    of_task = [result.c[name] for name in _OF_TASK]
    place = sa.func.row_number().over(
        partition_by=of_task, order_by=(result.c.at.desc(), result.c.id.desc())
    )
    ranked = sa.select(*of_task, result.c.run_id, place.label("place")).subquery()
    last = sa.select(sa.literal(1)).where(
        ranked.c.place == 1,
        ranked.c.run_id == result.c.run_id,
        *(ranked.c[name] == result.c[name] for name in _OF_TASK),
    )
    op.execute(sa.update(result).where(last.exists()).values(is_latest=sa.true()))
