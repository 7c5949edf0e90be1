"""A page of the list of all schedules: its keys are chosen by the database, then read in full."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Select, column, func, or_, select, table, union

from airflow_dataops.domain import names, schedule
from airflow_dataops.domain.overview import (
    ListedSchedule,
    ScheduleCounts,
    ScheduleFilter,
    SchedulePage,
    ScheduleQuery,
)
from airflow_dataops.domain.schedule import EnabledSchedule, PipelineSchedule, Schedule
from airflow_dataops.registry.among import among
from airflow_dataops.registry.models import KitchenRow, ScheduleRow

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sqlalchemy import Connection

_dag = table(
    "dag", column("dag_id"), column("bundle_name"), column("is_stale"), column("is_paused")
)
_tag = table("dag_tag", column("name"), column("dag_id"))
# Between the kitchen and the pipeline in a DAG's id.
_DOT = names.dag_id("", "")


def read(
    connection: Connection,
    asked: ScheduleQuery,
    *,
    kitchen_ids: Sequence[str],
    is_visible: Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]],
) -> SchedulePage:
    """The part that is asked for, and how many there are.

    Args:
        connection: to Airflow's metadata database.
        asked: which part.
        kitchen_ids: kitchens whose enabled schedules count.
        is_visible: whether the DAG of an id, from a bundle, is one of their pipelines.
    """
    parsed = (_dag.c.is_stale.is_(False), is_visible(_dag.c.dag_id, _dag.c.bundle_name))
    keys = _keys(asked, kitchen_ids, parsed).subquery()
    # Counted in the same read: most of its time goes into finding them.
    found = select(keys.c.dag_id, func.count().over().label("total"))
    if asked.words:
        found = found.where(
            func.lower(keys.c.dag_id).contains(asked.words.lower(), autoescape=True)
        )
    part = found.order_by(keys.c.dag_id).offset(asked.first).limit(asked.at_most)
    rows = connection.execute(part).all()
    # Behind the end of the list no row says how many there are.
    total = rows[0].total if rows else _total(connection, found)
    dag_ids = [row.dag_id for row in rows]
    return SchedulePage(
        listed=tuple(_listed(connection, dag_ids, kitchen_ids, parsed)), total=total
    )


def count(
    connection: Connection,
    *,
    kitchen_ids: Sequence[str],
    is_visible: Callable[[ColumnElement[Any], ColumnElement[Any]], ColumnElement[bool]],
) -> ScheduleCounts:
    """How many there are, of which nothing else is read; arguments as for ``read``."""
    parsed = (_dag.c.is_stale.is_(False), is_visible(_dag.c.dag_id, _dag.c.bundle_name))
    enabled = _enabled_keys(kitchen_ids).cte()
    waiting = _declared_keys(parsed).where(_dag.c.dag_id.not_in(select(enabled.c.dag_id)))
    numbers = [
        select(func.count()).select_from(keys).scalar_subquery()
        for keys in (enabled, waiting.subquery())
    ]
    row = connection.execute(select(*numbers)).one()
    return ScheduleCounts(enabled=row[0], waiting=row[1])


def _total(connection: Connection, found: Select[Any]) -> int:
    return connection.scalar(select(func.count()).select_from(found.subquery())) or 0


def _keys(
    asked: ScheduleQuery, kitchen_ids: Sequence[str], parsed: Sequence[ColumnElement[bool]]
) -> Any:
    """Ids of the DAGs that are listed; of pipelines that are in the code no more, too."""
    enabled = _enabled_keys(kitchen_ids)
    if asked.only is ScheduleFilter.ENABLED:
        return enabled
    declared = _declared_keys(parsed)
    if asked.only is ScheduleFilter.WAITING:
        return declared.where(_dag.c.dag_id.not_in(enabled))
    return union(declared, enabled)


def _enabled_keys(kitchen_ids: Sequence[str]) -> Select[Any]:
    return (
        select(_dag_id().label("dag_id"))
        .select_from(ScheduleRow)
        .join(KitchenRow, KitchenRow.id == ScheduleRow.kitchen_id)
        .where(among(ScheduleRow.kitchen_id, kitchen_ids))
    )


def _declared_keys(parsed: Sequence[ColumnElement[bool]]) -> Select[Any]:
    has_tag = select(_tag.c.dag_id).where(_tag.c.dag_id == _dag.c.dag_id, _declares()).exists()
    return select(_dag.c.dag_id).where(*parsed, has_tag)


def _declares() -> ColumnElement[bool]:
    return or_(*(_tag.c.name.startswith(prefix) for prefix in schedule.TAG_PREFIXES))


def _dag_id() -> ColumnElement[str]:
    return KitchenRow.name + _DOT + ScheduleRow.pipeline


def _listed(
    connection: Connection,
    dag_ids: Sequence[str],
    kitchen_ids: Sequence[str],
    parsed: Sequence[ColumnElement[bool]],
) -> list[ListedSchedule]:
    tags, paused = _declared(connection, dag_ids, parsed)
    enabled = _enabled(connection, dag_ids, kitchen_ids)
    listed = []
    for dag_id in dag_ids:
        kitchen, _, pipeline = dag_id.partition(_DOT)
        one = PipelineSchedule(
            pipeline=pipeline,
            declared=schedule.declared_by(tags[dag_id]),
            enabled=enabled.get(dag_id),
            is_paused=dag_id in paused,
        )
        listed.append(ListedSchedule(kitchen=kitchen, schedule=one))
    return listed


def _declared(
    connection: Connection, dag_ids: Sequence[str], parsed: Sequence[ColumnElement[bool]]
) -> tuple[dict[str, list[str]], set[str]]:
    query = (
        select(_dag.c.dag_id, _dag.c.is_paused, _tag.c.name)
        .select_from(_dag.outerjoin(_tag, _tag.c.dag_id == _dag.c.dag_id))
        .where(_dag.c.dag_id.in_(dag_ids), *parsed)
    )
    tags: dict[str, list[str]] = defaultdict(list)
    paused = set()
    for row in connection.execute(query):
        tags[row.dag_id].append(row.name or "")
        if row.is_paused:
            paused.add(row.dag_id)
    return tags, paused


def _enabled(
    connection: Connection, dag_ids: Sequence[str], kitchen_ids: Sequence[str]
) -> dict[str, EnabledSchedule]:
    query = (
        select(
            _dag_id().label("dag_id"),
            ScheduleRow.pipeline,
            ScheduleRow.cron,
            ScheduleRow.timezone,
            ScheduleRow.enabled_by,
            ScheduleRow.enabled_at,
        )
        .join(KitchenRow, KitchenRow.id == ScheduleRow.kitchen_id)
        .where(among(ScheduleRow.kitchen_id, kitchen_ids), _dag_id().in_(dag_ids))
    )
    return {
        row.dag_id: EnabledSchedule(
            pipeline=row.pipeline,
            schedule=Schedule(cron=row.cron, timezone=row.timezone),
            enabled_by=row.enabled_by,
            enabled_at=row.enabled_at,
        )
        for row in connection.execute(query)
    }
