"""Many kitchens at once, for pages: a fixed number of statements, whatever their number."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import ColumnElement, and_, column, false, func, or_, select, table

from airflow_dataops.domain import names
from airflow_dataops.domain.overview import OperationSummary, RunSummary
from airflow_dataops.domain.provisioning import OperationKind, Progress
from airflow_dataops.errors import ConfigurationError
from airflow_dataops.registry import listed_schedules, standings, weekly_runs
from airflow_dataops.registry.among import among
from airflow_dataops.registry.models import OperationRow
from airflow_dataops.registry.standings import dag as _dag

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Sequence
    from datetime import datetime

    from sqlalchemy import Engine

    from airflow_dataops.domain.data_tests import Outcome
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import (
        LastRuns,
        OpenMerge,
        ScheduleCounts,
        SchedulePage,
        ScheduleQuery,
    )

_run = table(
    "dag_run",
    column("dag_id"),
    column("run_id"),
    column("state"),
    column("bundle_version"),
    column("start_date", UtcDateTime),
    column("run_after", UtcDateTime),
)
# Between the kitchen and the pipeline in a DAG's id.
_DOT = names.dag_id("", "")


class OverviewTable:
    """Reads of many kitchens; implements ``Overview``.

    Args:
        engine: Airflow's metadata database.
        bundle_name: name of the bundle that serves an environment's kitchens.
    """

    def __init__(self, engine: Engine, *, bundle_name: Callable[[str], str]) -> None:
        self._engine = engine
        self._bundle_name = bundle_name

    def latest_operations(
        self, kitchens: Iterable[Kitchen], *, only: Progress | None = None
    ) -> dict[str, OperationSummary]:
        """The last operation on each kitchen, by the kitchen's id; or those of them that are so."""
        is_deletion = OperationRow.kind == OperationKind.DELETE
        place = func.row_number().over(
            partition_by=OperationRow.kitchen_id,
            # One that is deleted in the moment of its creation was created first.
            order_by=(OperationRow.began_at.desc(), is_deletion.desc()),
        )
        ranked = (
            select(
                OperationRow.kitchen_id,
                OperationRow.id,
                OperationRow.kind,
                OperationRow.progress,
                OperationRow.by,
                OperationRow.began_at,
                OperationRow.ended_at,
                place.label("place"),
            )
            .where(among(OperationRow.kitchen_id, (kitchen.id for kitchen in kitchens)))
            .subquery()
        )
        query = select(ranked).where(ranked.c.place == 1)
        if only is not None:
            query = query.where(ranked.c.progress == only)
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return {
            row.kitchen_id: OperationSummary(
                id=row.id,
                kind=OperationKind(row.kind),
                progress=Progress(row.progress),
                by=row.by,
                began_at=row.began_at,
                ended_at=row.ended_at,
            )
            for row in found
        }

    def pipeline_counts(self, kitchens: Iterable[Kitchen]) -> dict[str, int]:
        """How many pipelines Airflow has of each kitchen, by the kitchen's id."""
        asked = list(kitchens)
        kitchen = self._kitchen_of(_dag.c.dag_id)
        query = (
            select(kitchen.label("kitchen"), func.count().label("number"))
            .where(
                self._is_of(asked, _dag.c.dag_id, _dag.c.bundle_name), _dag.c.is_stale.is_(False)
            )
            .group_by(kitchen)
        )
        ids = {one.name: one.id for one in asked}
        with self._engine.connect() as connection:
            found = connection.execute(query).all()
        return {ids[row.kitchen]: row.number for row in found}

    def recent_runs(self, dag_ids: Sequence[str], *, at_most: int) -> dict[str, list[RunSummary]]:
        """The last runs of each DAG, the newest first, by the DAG's id."""
        place = func.row_number().over(partition_by=_run.c.dag_id, order_by=_run.c.run_after.desc())
        ranked = (
            select(_run, place.label("place")).where(_run.c.dag_id.in_(list(dag_ids))).subquery()
        )
        query = (
            select(ranked)
            .where(ranked.c.place <= at_most)
            .order_by(ranked.c.dag_id, ranked.c.place)
        )
        found: dict[str, list[RunSummary]] = defaultdict(list)
        with self._engine.connect() as connection:
            for row in connection.execute(query):
                found[row.dag_id].append(
                    RunSummary(
                        dag_id=row.dag_id,
                        run_id=row.run_id,
                        state=row.state,
                        began_at=row.start_date,
                        version=row.bundle_version,
                    )
                )
        return found

    def last_runs(self, kitchens: Iterable[Kitchen]) -> dict[str, LastRuns]:
        """What the last run of each pipeline came to, by the id of a kitchen that has some."""
        asked = list(kitchens)
        are_theirs = self._is_of(asked, _dag.c.dag_id, _dag.c.bundle_name)
        dag_ids = select(_dag.c.dag_id).where(are_theirs, _dag.c.is_stale.is_(False))
        with self._engine.connect() as connection:
            return standings.last_runs(
                connection,
                connection.scalars(dag_ids).all(),
                self._kitchen_of,
                {one.name: one.id for one in asked},
            )

    def run_counts(
        self, kitchens: Iterable[Kitchen], *, since: datetime, until: datetime
    ) -> dict[str, dict[str, Counter[str]]]:
        """Runs that were due in a time, by state, by pipeline, by the kitchen's id."""
        asked = list(kitchens)
        with self._engine.connect() as connection:
            return weekly_runs.run_counts(
                connection,
                self._is_of(asked, _dag.c.dag_id, _dag.c.bundle_name),
                {one.name: one.id for one in asked},
                since=since,
                until=until,
            )

    def verdict_counts(self, kitchens: Iterable[Kitchen]) -> dict[str, dict[Outcome, int]]:
        """How many data tests said what in their last run, by the kitchen's id."""
        with self._engine.connect() as connection:
            return standings.verdict_counts(connection, [kitchen.id for kitchen in kitchens])

    def verdicts_by_pipeline(self, kitchen: Kitchen) -> dict[str, dict[Outcome, int]]:
        """The same of one kitchen, by pipeline, whether it is in the code or not."""
        with self._engine.connect() as connection:
            return standings.verdicts_by_pipeline(connection, kitchen.id)

    def shown_commits(self, kitchens: Iterable[Kitchen]) -> dict[str, str]:
        """The commit that Airflow shows of each kitchen, by the kitchen's id."""
        with self._engine.connect() as connection:
            return standings.shown_commits(connection, [kitchen.id for kitchen in kitchens])

    def open_merges(self, kitchens: Iterable[Kitchen]) -> list[OpenMerge]:
        """Merges of one of these kitchens into another that are not over, the oldest first."""
        with self._engine.connect() as connection:
            return standings.open_merges(connection, [kitchen.id for kitchen in kitchens])

    def schedules(self, kitchens: Iterable[Kitchen], asked: ScheduleQuery) -> SchedulePage:
        """Pipelines that have a schedule, or of which one is enabled, by kitchen and name."""
        visible = list(kitchens)
        with self._engine.connect() as connection:
            return listed_schedules.read(
                connection,
                asked,
                kitchen_ids=[kitchen.id for kitchen in visible],
                is_visible=lambda dag_id, bundle: self._is_of(visible, dag_id, bundle),
            )

    def schedule_counts(self, kitchens: Iterable[Kitchen]) -> ScheduleCounts:
        """How many schedules are enabled, and how many wait to be, in one read."""
        visible = list(kitchens)
        with self._engine.connect() as connection:
            return listed_schedules.count(
                connection,
                kitchen_ids=[kitchen.id for kitchen in visible],
                is_visible=lambda dag_id, bundle: self._is_of(visible, dag_id, bundle),
            )

    def _is_of(
        self, kitchens: Sequence[Kitchen], dag_id: ColumnElement[Any], bundle: ColumnElement[Any]
    ) -> ColumnElement[bool]:
        """Whether a DAG is one of these kitchens', read from the bundle that serves them."""
        by_environment: dict[str, list[str]] = defaultdict(list)
        for kitchen in kitchens:
            by_environment[kitchen.environment].append(kitchen.name)
        are_theirs: list[ColumnElement[bool]] = [false()]
        for environment, found in by_environment.items():
            # Of an environment that no bundle serves, nothing was read.
            with suppress(ConfigurationError):
                is_served = bundle == self._bundle_name(environment)
                are_theirs.append(and_(is_served, among(self._kitchen_of(dag_id), found)))
        return or_(*are_theirs)

    def _kitchen_of(self, dag_id: ColumnElement[Any]) -> ColumnElement[str]:
        """What ``names.kitchen_of_dag`` says, said by the database."""
        find = func.strpos if self._engine.dialect.name == "postgresql" else func.instr
        return func.substr(dag_id, 1, find(dag_id, _DOT) - 1)
