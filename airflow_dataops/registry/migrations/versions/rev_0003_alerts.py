"""What is told to people: events, the incidents that they belong to, and how far they were seen.

Revision ID: 0003
Revises: 0002
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_MOMENT = sa.TIMESTAMP(timezone=True)
_KITCHEN = "dataops_kitchen.id"


def upgrade() -> None:
    """Add the tables."""
    _create_incident()
    _create_message()
    op.create_table(
        "dataops_watch",
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("since", _MOMENT, nullable=False),
        sa.Column("seen_until", _MOMENT, nullable=False),
        sa.Column("wait_until", _MOMENT, nullable=True),
        sa.Column("setbacks", sa.Integer(), nullable=False),
        sa.Column("held_by", sa.String(100), nullable=True),
        sa.Column("held_until", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("environment", name="dataops_watch_pkey"),
    )


def downgrade() -> None:
    """Drop the tables, and with them what nobody was told yet."""
    for table in ("watch", "message", "incident"):
        op.drop_table(f"dataops_{table}")


def _create_incident() -> None:
    op.create_table(
        "dataops_incident",
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=True),
        sa.Column("dag_id", sa.String(250), nullable=False),
        sa.Column("task_id", sa.String(250), nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("last_at", _MOMENT, nullable=False),
        sa.Column("closed_at", _MOMENT, nullable=True),
        sa.Column("channel", sa.String(100), nullable=True),
        sa.Column("thread", sa.String(100), nullable=True),
        sa.Column("last_post_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_incident_pkey"),
        sa.ForeignKeyConstraint(
            ["kitchen_id"], [_KITCHEN], name="dataops_incident_kitchen_id_fkey"
        ),
    )
    for column in ("environment", "kitchen_id"):
        op.create_index(f"idx_dataops_incident_{column}", "dataops_incident", [column])


def _create_message() -> None:
    op.create_table(
        "dataops_message",
        sa.Column("id", sa.Integer(), autoincrement=True, nullable=False),
        sa.Column("key", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("at", _MOMENT, nullable=False),
        sa.Column("environment", sa.String(48), nullable=False),
        sa.Column("kitchen_id", sa.String(36), nullable=True),
        sa.Column("kitchen", sa.String(48), nullable=True),
        sa.Column("task_instance", sa.String(36), nullable=True),
        sa.Column("event", sa.JSON(), nullable=False),
        sa.Column("incident_id", sa.String(36), nullable=True),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("channel", sa.String(100), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_try_at", _MOMENT, nullable=True),
        sa.Column("settled_at", _MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="dataops_message_pkey"),
        sa.UniqueConstraint("key", name="dataops_message_key_uq"),
        sa.ForeignKeyConstraint(["kitchen_id"], [_KITCHEN], name="dataops_message_kitchen_id_fkey"),
        sa.ForeignKeyConstraint(
            ["incident_id"], ["dataops_incident.id"], name="dataops_message_incident_id_fkey"
        ),
    )
    for column in ("environment", "kitchen_id", "task_instance", "incident_id", "state"):
        op.create_index(f"idx_dataops_message_{column}", "dataops_message", [column])
