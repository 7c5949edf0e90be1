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

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from sqlalchemy import Connection, Engine, Row
    from sqlalchemy.sql.compiler import SQLCompiler


def without_transactions(engine: Engine) -> Engine:
    """The same pool for single reads: saves a BEGIN and a ROLLBACK around each look-up."""
    return engine.execution_options(isolation_level="AUTOCOMMIT")


def look_up(connection: Connection, task_instance_id: str) -> TaskFacts | None:
    """The facts by which a task's kitchen is decided; None where there is no such task instance.

    Args:
        connection: best one of ``without_transactions(engine)``.
        task_instance_id: the id in the task's validated token.

    Raises:
        BundleError: the run's version is recorded for several environments.
    """
    try:
        asked = UUID(task_instance_id)
    except ValueError:
        return None
    rows = connection.execute(_FACTS, {"task_instance_id": asked}).all()
    return _facts(rows) if rows else None


def kitchen_environments(connection: Connection, kitchens: Iterable[str]) -> dict[str, str]:
    """Environment of each of these kitchens that lives."""
    asked = sorted(set(kitchens))
    if not asked:
        return {}
    rows = connection.execute(_ENVIRONMENTS, {"names": asked})
    return {row.name: row.environment for row in rows}


class _Namespace(GenericFunction[str]):
    """The part of a dag_id before its first dot; matches no kitchen where there is no dot."""

    type = String()
    inherit_cache = True
    name = "dataops_namespace"


@compiles(_Namespace)
@compiles(_Namespace, "postgresql")
def _split_part(element: _Namespace, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"nullif(split_part({dag_id}, '.', 1), {dag_id})"


@compiles(_Namespace, "sqlite")
def _substr(element: _Namespace, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"substr({dag_id}, 1, instr({dag_id}, '.') - 1)"


@compiles(_Namespace, "mysql")
def _substring_index(element: _Namespace, compiler: SQLCompiler, **options: object) -> str:
    dag_id = compiler.process(element.clauses, **options)
    return f"nullif(substring_index({dag_id}, '.', 1), {dag_id})"


# Airflow's tables by their columns: importing its models costs a worker two seconds.
_task_instance = table(
    "task_instance",
    column("id", Uuid()),
    *(column(name) for name in ("dag_id", "run_id", "task_id", "map_index", "try_number", "state")),
)
_dag_run = table("dag_run", column("dag_id"), column("run_id"), column("bundle_version"))
_dag = table("dag", column("dag_id"), column("bundle_name"))
_version = BundleVersionRow.__table__.alias("version")
_any_version = BundleVersionRow.__table__.alias("any_version")
_kitchen = KitchenRow.__table__.alias("kitchen")

_FACTS = (
    select(
        _task_instance.c.dag_id,
        _task_instance.c.run_id,
        _task_instance.c.task_id,
        _task_instance.c.map_index,
        _task_instance.c.try_number,
        _task_instance.c.state,
        _dag_run.c.bundle_version,
        _dag.c.bundle_name,
        exists().where(_any_version.c.bundle_name == _dag.c.bundle_name).label("is_kitchens"),
        _version.c.bundle_name.label("version_bundle"),
        _version.c.environment.label("version_environment"),
        _kitchen.c.id.label("kitchen_id"),
        _kitchen.c.environment.label("kitchen_environment"),
    )
    .select_from(_task_instance)
    .join(
        _dag_run,
        and_(
            _dag_run.c.dag_id == _task_instance.c.dag_id,
            _dag_run.c.run_id == _task_instance.c.run_id,
        ),
    )
    .outerjoin(_dag, _dag.c.dag_id == _task_instance.c.dag_id)
    .outerjoin(_version, _version.c.version == _dag_run.c.bundle_version)
    .outerjoin(
        _kitchen,
        and_(
            _kitchen.c.name == _Namespace(_task_instance.c.dag_id),
            _kitchen.c.deleted_at.is_(None),
        ),
    )
    .where(_task_instance.c.id == bindparam("task_instance_id", type_=Uuid()))
)

_ENVIRONMENTS = select(_kitchen.c.name, _kitchen.c.environment).where(
    _kitchen.c.deleted_at.is_(None), _kitchen.c.name.in_(bindparam("names", expanding=True))
)


def _facts(rows: Sequence[Row[Any]]) -> TaskFacts:
    if len({row.version_environment for row in rows}) > 1:
        message = (
            f"version {rows[0].bundle_version} of the run {rows[0].run_id} is recorded for several "
            "environments; nothing it asks for can be answered"
        )
        raise BundleError(message)
    # One row for each bundle that has this version; that of the DAG's own bundle says most.
    row = next((row for row in rows if row.version_bundle == row.bundle_name), rows[0])
    is_in_kitchen = names.kitchen_of_dag(row.dag_id) is not None
    return TaskFacts(
        dag_id=row.dag_id,
        run_id=row.run_id,
        task_id=row.task_id,
        map_index=row.map_index,
        try_number=row.try_number,
        state=row.state,
        run_version=row.bundle_version,
        dag_bundle=row.bundle_name,
        is_kitchens_bundle=bool(row.is_kitchens),
        version_bundle=row.version_bundle,
        version_environment=row.version_environment,
        kitchen_id=row.kitchen_id if is_in_kitchen else None,
        kitchen_environment=row.kitchen_environment if is_in_kitchen else None,
    )
