"""Which environment a version of a kitchens' bundle belongs to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite

from airflow_dataops.errors import BundleError
from airflow_dataops.registry.models import BundleVersionRow

if TYPE_CHECKING:
    from datetime import datetime

    from sqlalchemy.orm import Session


def record_version(
    session: Session,
    *,
    version: str,
    bundle_name: str,
    project: str,
    environment: str,
    now: datetime,
) -> None:
    """Note a version's environment; the same again is no error. The caller commits.

    Raises:
        BundleError: the version is recorded for another environment; roll back. A version names
            its environment in its content, so one of the two was not made by us.
    """
    values = {
        "version": version,
        "bundle_name": bundle_name,
        "project": project,
        "environment": environment,
        "recorded_at": now,
    }
    # Two dag-processors may see a version first: the row that is there already stays.
    insert = sqlite.insert if session.get_bind().dialect.name == "sqlite" else postgresql.insert
    session.execute(insert(BundleVersionRow).values(values).on_conflict_do_nothing())
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
