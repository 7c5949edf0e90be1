"""Which commit of a kitchen Airflow shows, from our versions and Airflow's own tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import column, func, select, table

from airflow_dataops.domain import names
from airflow_dataops.domain.shown_code import ShownCode, ShownPipeline
from airflow_dataops.registry.models import BundleVersionRow, KitchenCommitRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Connection, Engine, ScalarSelect, Select

    from airflow_dataops.domain.kitchen import Kitchen

_dag = table(
    "dag",
    column("dag_id"),
    column("bundle_name"),
    column("bundle_version"),
    column("is_stale"),
    column("last_parsed_time", UtcDateTime),
)
_import_error = table(
    "import_error",
    column("bundle_name"),
    column("filename"),
    column("stacktrace"),
    column("timestamp", UtcDateTime),
)


class ShownCodeTable:
    """What Airflow has of kitchens' code, for the API server.

    Args:
        engine: Airflow's metadata database.
        bundle_name: name of the bundle that serves an environment's kitchens.
    """

    def __init__(self, engine: Engine, *, bundle_name: Callable[[str], str]) -> None:
        self._engine = engine
        self._bundle_name = bundle_name

    def of(self, kitchen: Kitchen) -> ShownCode:
        """The code that Airflow has of a kitchen now."""
        bundle = self._bundle_name(kitchen.environment)
        newest = _commits_of(kitchen).limit(1)
        failed = (
            select(_import_error.c.stacktrace, _import_error.c.timestamp)
            .where(
                _import_error.c.bundle_name == bundle,
                _import_error.c.filename == names.loader_file(kitchen.name),
            )
            .order_by(_import_error.c.timestamp.desc())
            .limit(1)
        )
        with self._engine.connect() as connection:
            error = connection.execute(failed).first()
            return ShownCode(
                commit=connection.scalar(newest),
                pipelines=_pipelines(kitchen, bundle, connection),
                error=error.stacktrace if error else None,
                error_at=error.timestamp if error else None,
            )

    def commits(self, kitchen: Kitchen, versions: Iterable[str]) -> dict[str, str]:
        """The kitchen's commit in each of these versions of its bundle, by version."""
        bundle = self._bundle_name(kitchen.environment)
        query = select(BundleVersionRow.version, _commit_then(kitchen).label("commit_id")).where(
            BundleVersionRow.bundle_name == bundle, BundleVersionRow.version.in_(set(versions))
        )
        with self._engine.connect() as connection:
            found = connection.execute(query)
            return {row.version: row.commit_id for row in found if row.commit_id}


def _pipelines(kitchen: Kitchen, bundle: str, connection: Connection) -> tuple[ShownPipeline, ...]:
    namespace = names.dag_id(kitchen.name, "")
    read_from = _commit_then(kitchen)
    its_version = (BundleVersionRow.version == _dag.c.bundle_version) & (
        BundleVersionRow.bundle_name == bundle
    )
    query = (
        select(_dag.c.dag_id, _dag.c.last_parsed_time, read_from.label("commit_id"))
        .select_from(_dag.outerjoin(BundleVersionRow, its_version))
        .where(
            _dag.c.bundle_name == bundle,
            # Compared letter by letter: LIKE takes an underscore for any letter.
            func.substr(_dag.c.dag_id, 1, len(namespace)) == namespace,
            _dag.c.is_stale.is_(False),
        )
        .order_by(_dag.c.dag_id)
    )
    return tuple(
        ShownPipeline(
            name=row.dag_id.removeprefix(namespace),
            dag_id=row.dag_id,
            commit=row.commit_id,
            parsed_at=row.last_parsed_time,
        )
        for row in connection.execute(query)
    )


def _commit_then(kitchen: Kitchen) -> ScalarSelect[Any]:
    """The commit of a kitchen in the bundle's version that is selected."""
    return (
        _commits_of(kitchen)
        .where(KitchenCommitRow.shown_at <= BundleVersionRow.recorded_at)
        .limit(1)
        .correlate(BundleVersionRow)
        .scalar_subquery()
    )


def _commits_of(kitchen: Kitchen) -> Select[Any]:
    """Commits that a kitchen's bundle showed, the newest first."""
    return (
        select(KitchenCommitRow.commit_id)
        .where(KitchenCommitRow.kitchen_id == kitchen.id)
        .order_by(KitchenCommitRow.shown_at.desc())
    )
