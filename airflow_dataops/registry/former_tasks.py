"""Tokens of what is no task instance: a try that is over, a callback, a connection test.

A retry or a clear gives a task instance a new id, and whoever kept the old token may still use it
for minutes. Such a token must not pass for an ordinary DAG's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import (
    String,
    Uuid,
    and_,
    bindparam,
    cast,
    column,
    exists,
    literal,
    null,
    or_,
    select,
    table,
    union_all,
)

from airflow_dataops.domain import names
from airflow_dataops.domain.identity import OtherWork
from airflow_dataops.registry.identities import namespace_of
from airflow_dataops.registry.models import BundleVersionRow, KitchenRow

if TYPE_CHECKING:
    from sqlalchemy import Connection


def look_up(connection: Connection, token_id: str) -> list[OtherWork]:
    """What Airflow knows under an id that is no task instance's; empty where it knows nothing."""
    try:
        asked = UUID(token_id)
    except ValueError:
        return []
    rows: Any = connection.execute(_OTHERS, {"asked": asked})
    return [
        OtherWork(
            kind=row.kind,
            dag_id=row.dag_id,
            is_kitchens=bool(row.is_kitchens) or _is_platforms(row.dag_id),
        )
        for row in rows
    ]


def _is_platforms(dag_id: str | None) -> bool:
    return dag_id is not None and names.is_in_namespace(dag_id, names.PLATFORM)


_asked = bindparam("asked", type_=Uuid())
_history = table("task_instance_history", column("task_instance_id", Uuid()), column("dag_id"))
_callback = table("callback", column("id", Uuid()))
_deadline = table("deadline", column("callback_id", Uuid()), column("dagrun_id"))
_dag_run = table("dag_run", column("id"), column("dag_id"))
_connection_test = table("connection_test_request", column("id", Uuid()))
_dag = table("dag", column("dag_id"), column("bundle_name"))

_others = union_all(
    select(literal("a try that is over").label("kind"), _history.c.dag_id).where(
        _history.c.task_instance_id == _asked
    ),
    select(literal("a callback"), _dag_run.c.dag_id)
    .select_from(_callback)
    .outerjoin(_deadline, _deadline.c.callback_id == _callback.c.id)
    .outerjoin(_dag_run, _dag_run.c.id == _deadline.c.dagrun_id)
    .where(_callback.c.id == _asked),
    select(literal("a connection test"), cast(null(), String)).where(
        _connection_test.c.id == _asked
    ),
).cte("others")

_is_kitchens = or_(
    exists().where(
        and_(
            KitchenRow.name == namespace_of(_others.c.dag_id),
            KitchenRow.deleted_at.is_(None),
        )
    ),
    exists().where(
        and_(
            _dag.c.dag_id == _others.c.dag_id,
            BundleVersionRow.bundle_name == _dag.c.bundle_name,
        )
    ),
)
_OTHERS = select(_others.c.kind, _others.c.dag_id, _is_kitchens.label("is_kitchens"))
