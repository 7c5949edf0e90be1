"""Which environment a version of a kitchens' bundle belongs to, and which commits it shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import func, select

from airflow_dataops.errors import BundleError
from airflow_dataops.registry.held_rows import adding
from airflow_dataops.registry.models import BundleVersionRow, KitchenCommitRow

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from sqlalchemy.orm import Session

    from airflow_dataops.domain.manifest import Manifest


def record_version(
    session: Session,
    *,
    version: str,
    bundle_name: str,
    manifest: Manifest,
    now: datetime,
) -> None:
    """Note a version's environment and commits; the same again is no error. The caller commits.

    Raises:
        BundleError: the version is recorded for another environment; roll back. A version names
            its environment in its content, so one of the two was not made by us.
    """
    project, environment = manifest.project, manifest.environment
    values = {
        "version": version,
        "bundle_name": bundle_name,
        "project": project,
        "environment": environment,
        "recorded_at": now,
    }
    # Two dag-processors may see a version first: the row that is there already stays.
    added = adding(session)(BundleVersionRow).values(values).on_conflict_do_nothing()
    is_new = session.execute(added.returning(BundleVersionRow.version)).first() is not None
    recorded = session.execute(
        select(BundleVersionRow.project, BundleVersionRow.environment)
        .where(BundleVersionRow.version == version)
        .distinct()
    )
    for row in recorded:
        if (row.project, row.environment) != (project, environment):
            message = (
                f"version {version} of bundle {bundle_name!r} is recorded for environment "
                f"{row.environment!r} already and cannot belong to {environment!r} too"
            )
            raise BundleError(message)
    if is_new:
        commits = {kitchen.id: kitchen.commit for kitchen in manifest.kitchens.values()}
        _record_changed(session, version, commits, now)


def _record_changed(
    session: Session, version: str, commits: Mapping[str, str], now: datetime
) -> None:
    """Note the kitchens whose commit is another than before; most versions change one."""
    place = func.row_number().over(
        partition_by=KitchenCommitRow.kitchen_id, order_by=KitchenCommitRow.shown_at.desc()
    )
    ranked = select(
        KitchenCommitRow.kitchen_id, KitchenCommitRow.commit_id, place.label("place")
    ).subquery()
    newest = select(ranked.c.kitchen_id, ranked.c.commit_id).where(ranked.c.place == 1)
    before = {row.kitchen_id: row.commit_id for row in session.execute(newest)}
    changed = [
        {"kitchen_id": kitchen, "version": version, "commit_id": commit, "shown_at": now}
        for kitchen, commit in commits.items()
        if before.get(kitchen) != commit
    ]
    if changed:
        # Bundles of two hosts may see the same version; each records it under its own name.
        session.execute(adding(session)(KitchenCommitRow).on_conflict_do_nothing(), changed)
