"""A DAG that was written for all of Airflow is moved into a kitchen.

What the kitchen decides (id, schedule, versioning, executor) is set; what the author decided
(parameters, callbacks, macros, defaults) stays.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk.definitions.mappedoperator import MappedOperator

from airflow_dataops.dag_factory import templates
from airflow_dataops.dag_factory.assets import keep_assets_in_kitchen
from airflow_dataops.dag_factory.references import keep_references_in_kitchen
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from pathlib import Path

    from airflow.sdk import DAG

    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse

_LONGEST_TAG = 100
# Airflow's own default of [operators] default_owner: nobody chose it.
_NOBODY = "airflow"


def move_into_kitchen(dag: DAG, kitchen: KitchenAtParse, *, code: Path, at_task: bool) -> None:
    """Make an ordinary DAG one of a kitchen's.

    Args:
        dag: as its file made it; changed in place.
        kitchen: where it goes.
        code: the kitchen's files.
        at_task: one of its tasks is about to run in this process.
    """
    own_id = dag.dag_id
    dag.dag_id = names.in_kitchen(own_id, kitchen.name)
    if dag.dag_display_name == own_id:
        dag.dag_display_name = dag.dag_id
    _add_tags(dag, kitchen)
    _make_inert(dag)
    dag.disable_bundle_versioning = False
    dag.access_control = None
    dag.user_defined_macros = {
        **templates.kitchen_macros(kitchen),
        **(dag.user_defined_macros or {}),
    }
    jinja = dag.jinja_environment_kwargs or {}
    extensions = [*jinja.get("extensions", []), templates.EXTENSION]
    dag.jinja_environment_kwargs = {**jinja, "extensions": extensions}
    dag.template_searchpath = (
        *(dag.template_searchpath or ()),
        str(code / kitchen.dags_folder),
        str(code),
    )
    for task in dag.tasks:
        _settle(task, kitchen.owner)
    keep_references_in_kitchen(dag, kitchen)
    if not at_task:
        keep_assets_in_kitchen(dag, kitchen.name)


def described_schedule(dag: DAG) -> str | None:
    """A DAG's own schedule in words; None where it has none."""
    schedule: Any = dag.schedule
    if schedule is None:
        return None
    if isinstance(schedule, str):
        return f"{' '.join(schedule.split())} {dag.timezone}"
    return _shown(schedule) if schedule is not dag.timetable else _timetable(schedule)


def _timetable(timetable: Any) -> str:
    from airflow.sdk import CronTriggerTimetable

    if isinstance(timetable, CronTriggerTimetable) and not timetable.interval:
        return f"{' '.join(timetable.expression.split())} {timetable.timezone}"
    return type(timetable).__name__


def _shown(schedule: Any) -> str:
    from airflow.sdk.definitions.asset import BaseAsset

    is_assets = isinstance(schedule, (BaseAsset, list, tuple, set))
    return "assets" if is_assets else str(schedule)


def _make_inert(dag: DAG) -> None:
    """Nothing starts by itself until a person enables it here; by hand it can always be run."""
    from airflow.sdk.definitions.timetables.simple import NullTimetable

    dag.timetable = NullTimetable()
    # The attribute refuses to be set: its timetable would be left behind, here it is not.
    vars(dag)["schedule"] = None
    dag.allowed_run_types = None
    dag.catchup = False
    dag.is_paused_upon_creation = False


def _add_tags(dag: DAG, kitchen: KitchenAtParse) -> None:
    dag.tags |= {f"kitchen:{kitchen.name}", f"environment:{kitchen.environment}"}
    if schedule := described_schedule(dag):
        dag.tags.add(f"inert schedule: {schedule}"[:_LONGEST_TAG])


def _settle(task: Any, owner: str) -> None:
    settings = task.partial_kwargs if isinstance(task, MappedOperator) else vars(task)
    # Airflow refuses a file that names an executor it lacks; the environment's decides anyway.
    for name in ("executor", "run_as_user"):
        if settings.get(name) is not None:
            settings[name] = None
    if settings.get("owner", _NOBODY) == _NOBODY:
        task.owner = owner
