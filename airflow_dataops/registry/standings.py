"""How kitchens stand: what their data tests and runs came to last, counted by the database."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import ColumnElement, and_, column, func, select, table, true

from airflow_dataops.domain import names
from airflow_dataops.domain.data_tests import Outcome
from airflow_dataops.domain.overview import LastRuns, OpenMerge
from airflow_dataops.registry.among import among, each_of
from airflow_dataops.registry.merge_models import MergeRow
from airflow_dataops.registry.models import KitchenCommitRow, KitchenRow
from airflow_dataops.registry.result_models import ResultRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, FromClause

dag = table("dag", column("dag_id"), column("bundle_name"), column("is_stale"))
_run = table(
    "dag_run",
    column("id"),
    column("dag_id"),
    column("state"),
    column("run_after", UtcDateTime),
)
# Between the kitchen and the pipeline in a DAG's id.
_DOT = names.dag_id("", "")


def verdict_counts(connection: Connection, kitchen_ids: list[str]) -> dict[str, dict[Outcome, int]]:
    """How many data tests said what in their last run, by kitchen id.

    Tests of pipelines that are in the code no more do not count: nobody could make them pass.
    """
    counted = (
        select(
            ResultRow.kitchen_id,
            ResultRow.pipeline,
            ResultRow.outcome,
            func.count().label("number"),
        )
        .where(among(ResultRow.kitchen_id, kitchen_ids), ResultRow.is_latest)
        .group_by(ResultRow.kitchen_id, ResultRow.pipeline, ResultRow.outcome)
        .subquery()
    )
    is_its_dag = dag.c.dag_id == KitchenRow.name + _DOT + counted.c.pipeline
    query = (
        select(counted.c.kitchen_id, counted.c.outcome, func.sum(counted.c.number).label("number"))
        .select_from(counted)
        .join(KitchenRow, KitchenRow.id == counted.c.kitchen_id)
        .join(dag, and_(is_its_dag, dag.c.is_stale.is_(False)))
        .group_by(counted.c.kitchen_id, counted.c.outcome)
    )
    found: dict[str, dict[Outcome, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.kitchen_id][Outcome(row.outcome)] = int(row.number)
    return dict(found)


def verdicts_by_pipeline(connection: Connection, kitchen_id: str) -> dict[str, dict[Outcome, int]]:
    """How many data tests of a kitchen said what in their last run, by pipeline."""
    query = (
        select(ResultRow.pipeline, ResultRow.outcome, func.count().label("number"))
        .where(ResultRow.kitchen_id == kitchen_id, ResultRow.is_latest)
        .group_by(ResultRow.pipeline, ResultRow.outcome)
    )
    found: dict[str, dict[Outcome, int]] = defaultdict(dict)
    for row in connection.execute(query):
        found[row.pipeline][Outcome(row.outcome)] = row.number
    return dict(found)


def shown_commits(connection: Connection, kitchen_ids: list[str]) -> dict[str, str]:
    """The commit that Airflow shows of each kitchen, by kitchen id."""
    place = func.row_number().over(
        partition_by=KitchenCommitRow.kitchen_id, order_by=KitchenCommitRow.shown_at.desc()
    )
    ranked = (
        select(KitchenCommitRow.kitchen_id, KitchenCommitRow.commit_id, place.label("place"))
        .where(among(KitchenCommitRow.kitchen_id, kitchen_ids))
        .subquery()
    )
    query = select(ranked.c.kitchen_id, ranked.c.commit_id).where(ranked.c.place == 1)
    return {row.kitchen_id: row.commit_id for row in connection.execute(query)}


def open_merges(connection: Connection, kitchen_ids: list[str]) -> list[OpenMerge]:
    """Merges between some kitchens that are not over, the oldest first."""
    query = (
        select(MergeRow.kitchen_id, MergeRow.other_id, MergeRow.opened_by, MergeRow.opened_at)
        .where(
            MergeRow.ended_at.is_(None),
            among(MergeRow.kitchen_id, kitchen_ids),
            among(MergeRow.other_id, kitchen_ids),
        )
        .order_by(MergeRow.opened_at)
    )
    return [
        OpenMerge(
            kitchen_id=row.kitchen_id,
            other_id=row.other_id,
            opened_by=row.opened_by,
            opened_at=row.opened_at,
        )
        for row in connection.execute(query)
    ]


def last_runs(
    connection: Connection,
    dag_ids: Sequence[str],
    kitchen_of: Callable[[ColumnElement[Any]], ColumnElement[str]],
    ids: Mapping[str, str],
) -> dict[str, LastRuns]:
    """What the last run of each pipeline came to, summed up by kitchen id.

    Args:
        connection: to Airflow's metadata database.
        dag_ids: of the pipelines.
        kitchen_of: name of a DAG's kitchen, from its id.
        ids: ids of the kitchens, by name.
    """
    listed = each_of(dag_ids, connection.dialect)
    newest = (
        select(_run.c.id, _run.c.state, _run.c.run_after)
        .where(_run.c.dag_id == listed.c.value)
        .order_by(_run.c.run_after.desc(), _run.c.id.desc())
        .limit(1)
        .correlate(listed)
    )
    if connection.dialect.name == "postgresql":
        # Looked up for each DAG; a join by id has all runs of Airflow read.
        run: FromClause = newest.lateral()
        joined = listed.join(run, true())
    else:
        run = _run
        newest_id = newest.with_only_columns(_run.c.id).scalar_subquery()
        joined = listed.join(run, run.c.id == newest_id)
    last = select(kitchen_of(listed.c.value).label("kitchen"), run.c.state, run.c.run_after)
    last_run = last.select_from(joined).subquery()
    query = select(
        last_run.c.kitchen,
        last_run.c.state,
        func.count().label("number"),
        func.max(last_run.c.run_after, type_=UtcDateTime).label("at"),
    ).group_by(last_run.c.kitchen, last_run.c.state)
    by_kitchen: dict[str, list[Any]] = defaultdict(list)
    for row in connection.execute(query):
        by_kitchen[row.kitchen].append(row)
    pipelines = Counter(dag_id.partition(_DOT)[0] for dag_id in dag_ids)
    return {
        ids[kitchen]: LastRuns(
            pipelines=number,
            at=max((row.at for row in by_kitchen[kitchen]), default=None),
            states={row.state: row.number for row in by_kitchen[kitchen]},
        )
        for kitchen, number in pipelines.items()
    }
