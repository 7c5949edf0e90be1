"""The schedules of a kitchen's DAGs: none by themselves, those that somebody enabled here.

The guard has taken every schedule away before. What a DAG declares is read from its tags, which
its code can write as it likes: a schedule comes back only where it is, letter by letter, the one
that was enabled in this kitchen, and its timetable is written here. The set of those is asked of
the database by the process that runs nobody's code; beside the loader, where the code that is
being parsed could write, it would be that code's to say.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain import schedule
from airflow_dataops.domain.schedule import ScheduleState, state_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow.dag_processing.processor import DagFileParsingResult

    from airflow_dataops.domain.schedule import EnabledSchedule


def set_enabled(
    result: DagFileParsingResult, relative_fileloc: str | None, *, environment: str
) -> None:
    """Give the DAGs of a kitchen's parsing result the schedules that are enabled there.

    Args:
        result: as the guard leaves it: without any schedule, in the kitchen's namespace.
        relative_fileloc: the kitchen's loader, as the manager found it.
        environment: the bundle's release environment.
    """
    dags = [dag.data["dag"] for dag in result.serialized_dags]
    if not any(schedule.declared_by(_tags(dag)) for dag in dags):
        for dag in dags:
            _set(dag, None)
        return
    from airflow_dataops import bootstrap

    kitchen, *_ = Path(str(relative_fileloc)).parts
    enabled = bootstrap.schedules().enabled_in(kitchen, environment=environment)
    for dag in dags:
        _set(dag, enabled.get(dag["dag_id"].partition(".")[2]))


def _set(dag: dict[str, Any], enabled: EnabledSchedule | None) -> None:
    tags = _tags(dag)
    declared = schedule.declared_by(tags)
    state = state_of(declared, enabled)
    kept = schedule.without_claims(tags)
    if declared:
        kept.append(schedule.tag(state, declared))
    dag["tags"] = sorted(kept)
    if enabled is None or state is not ScheduleState.ENABLED:
        return
    from airflow_dataops.timetables import in_airflow

    dag["timetable"] = in_airflow(enabled)
    dag["catchup"] = False
    # The scheduler looks at such a DAG in every round when its runs are of no type that it makes,
    # and others could wait behind it.
    dag["allowed_run_types"] = None


def _tags(dag: Mapping[str, Any]) -> list[str]:
    return [str(one) for one in dag.get("tags") or ()]
