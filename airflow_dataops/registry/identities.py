"""What the tables say about a task instance, in one round trip.

Asked for each credential that a task wants, on the API server.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import String, Uuid, and_, bindparam, column, exists, select, table
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction

from airflow_dataops.domain import names
from airflow_dataops.domain.identity import TaskFacts
from airflow_dataops.errors import BundleError
from airflow_dataops.registry.models import BundleVersionRow, KitchenRow
from airflow_dataops.registry.single_reads import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine
    from sqlalchemy.sql.compiler import SQLCompiler


def look_up(engine: Engine, task_instance_id: str) -> TaskFacts | None:
    """The facts by which a task's kitchen is decided; None where there is no such task instance.

    Args:
        engine: of Airflow's metadata database.
        task_instance_id: the id in the task's validated token.

    Raises:
        BundleError: the run's version is recorded for several environments.
    """
    try:
        asked = UUID(task_instance_id)
    except ValueError:
        return None
    rows = rows_of(engine, _FACTS, task_instance_id=asked)
    return _facts(rows) if rows else None


def kitchen_environments(connection: Connection, kitchens: Iterable[str]) -> dict[str, str]:
    """Environment of each of these kitchens that lives."""
    asked = sorted(set(kitchens))
    if not asked:
        return {}
    rows = connection.execute(_ENVIRONMENTS, {"names": asked})
    return {row.name: row.environment for row in rows}


class namespace_of(GenericFunction[str]):  # noqa: N801 - reads as the SQL function it is
    """The part of a dag_id before its first dot; matches no kitchen where there is no dot."""

    type = String()
    inherit_cache = True
    name = "dataops_namespace"


@compiles(namespace_of)
@compiles(namespace_of, "postgresql")
def _split_part(element: namespace_of, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"nullif(split_part({dag_id}, '.', 1), {dag_id})"


@compiles(namespace_of, "sqlite")
def _substr(element: namespace_of, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"substr({dag_id}, 1, instr({dag_id}, '.') - 1)"


@compiles(namespace_of, "mysql")
def _substring_index(element: namespace_of, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"nullif(substring_index({dag_id}, '.', 1), {dag_id})"


_OF_THE_TASK = ("dag_id", "run_id", "task_id", "map_index", "try_number", "state")

# Airflow's tables by their columns: importing its models costs a worker two seconds.
_task_instance = table(
    "task_instance",
    column("id", Uuid()),
    *(column(name) for name in _OF_THE_TASK),
)
_dag_run = table("dag_run", column("dag_id"), column("run_id"), column("bundle_version"))
_dag = table("dag", column("dag_id"), column("bundle_name"))
_version = BundleVersionRow.__table__.alias("version")
_any_version = BundleVersionRow.__table__.alias("any_version")
_kitchen = KitchenRow.__table__.alias("kitchen")

# PostgreSQL plans this anew each time. Joining Airflow's tables took it 0.9 ms, most of it for
# their many foreign keys; looked up one by one, apart from our tables, they take it 0.3 ms.
_task = (
    select(
        _task_instance,
        select(_dag_run.c.bundle_version)
        .where(
            _dag_run.c.dag_id == _task_instance.c.dag_id,
            _dag_run.c.run_id == _task_instance.c.run_id,
        )
        .scalar_subquery()
        .label("run_version"),
        select(_dag.c.bundle_name)
        .where(_dag.c.dag_id == _task_instance.c.dag_id)
        .scalar_subquery()
        .label("dag_bundle"),
        namespace_of(_task_instance.c.dag_id).label("namespace"),
    )
    .where(_task_instance.c.id == bindparam("task_instance_id", type_=Uuid()))
    .cte("task")
    .prefix_with("MATERIALIZED", dialect="postgresql")
)

_FACTS = (
    select(
        *(_task.c[name] for name in (*_OF_THE_TASK, "run_version", "dag_bundle")),
        exists()
        .where(_any_version.c.bundle_name == _task.c.dag_bundle)
        .label("is_kitchens_bundle"),
        _version.c.bundle_name.label("version_bundle"),
        _version.c.environment.label("version_environment"),
        _kitchen.c.id.label("kitchen_id"),
        _kitchen.c.environment.label("kitchen_environment"),
        _kitchen.c.state.label("kitchen_state"),
    )
    .select_from(_task)
    .outerjoin(_version, _version.c.version == _task.c.run_version)
    .outerjoin(
        _kitchen,
        and_(_kitchen.c.name == _task.c.namespace, _kitchen.c.deleted_at.is_(None)),
    )
)

_ENVIRONMENTS = select(_kitchen.c.name, _kitchen.c.environment).where(
    _kitchen.c.deleted_at.is_(None), _kitchen.c.name.in_(bindparam("names", expanding=True))
)


def _facts(rows: Sequence[Any]) -> TaskFacts:
    if len({row.version_environment for row in rows}) > 1:
        message = (
            f"version {rows[0].run_version} of the run {rows[0].run_id} is recorded for several "
            "environments; nothing it asks for can be answered"
        )
        raise BundleError(message)
    # One row for each bundle that has this version; that of the DAG's own bundle says most.
    row = next((row for row in rows if row.version_bundle == row.dag_bundle), rows[0])
    in_kitchen = names.kitchen_of_dag(row.dag_id) is not None
    return TaskFacts(
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        state=row.state,
        run_version=row.run_version,
        dag_bundle=row.dag_bundle,
        is_kitchens_bundle=bool(row.is_kitchens_bundle),
        version_bundle=row.version_bundle,
        version_environment=row.version_environment,
        kitchen_id=row.kitchen_id if in_kitchen else None,
        kitchen_environment=row.kitchen_environment if in_kitchen else None,
        kitchen_state=row.kitchen_state if in_kitchen else None,
    )
