"""Rows of our own tables in any state, written without the way that leads there."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import update
from sqlalchemy.orm import Session

from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest
from airflow_dataops.registry.bundle_versions import record_version
from airflow_dataops.registry.models import KitchenRow

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def add_kitchen(engine, name, environment="development", *, branch=None, state="ready"):
    """A living kitchen; its id."""
    kitchen_id = str(uuid4())
    with Session(engine) as session, session.begin():
        session.add(
            KitchenRow(
                id=kitchen_id,
                name=name,
                project="retail",
                environment=environment,
                branch=branch or name,
                created_at=NOON,
                created_by="padma",
                state=state,
            )
        )
    return kitchen_id


def change_kitchen(engine, kitchen_id, **values):
    """Give a kitchen's row other values, such as a state."""
    with Session(engine) as session, session.begin():
        session.execute(update(KitchenRow).where(KitchenRow.id == kitchen_id).values(**values))


def remove_kitchen(engine, kitchen_id):
    """A kitchen that was deleted; its name is free again."""
    change_kitchen(engine, kitchen_id, deleted_at=NOON, deleted_by="padma")


def record(engine, version, *, bundle, environment, commits=None, now=NOON):
    """Note which environment a version of a bundle belongs to, and which commits it shows."""
    with Session(engine) as session, session.begin():
        record_version(
            session,
            version=version,
            bundle_name=bundle,
            manifest=Manifest(
                project="retail",
                environment=environment,
                tools={},
                kitchens={
                    kitchen: KitchenAtCommit(id=kitchen, commit=commit, owner="padma")
                    for kitchen, commit in (commits or {}).items()
                },
            ),
            now=now,
        )
