"""Runs of kitchens' pipelines that are over, from Airflow's own tables.

Who says that a task succeeded is told apart here. Airflow writes an event when the task itself
reports its end, and no such event when a person marks it in the web views, by the REST API or on
the command line.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from airflow.utils.sqlalchemy import UtcDateTime
from sqlalchemy import Integer, Text, cast, column, func, or_, select, table
from sqlalchemy.orm import aliased

from airflow_dataops.domain import names
from airflow_dataops.domain.evidence import FinishedRun, RunKey, RunTask

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from sqlalchemy import ColumnElement, Connection, Engine, FromClause

    from airflow_dataops.domain.kitchen import Kitchen

_MOST_RUNS = 200
_LONGEST_VALUE = 200
# The scheduler itself ends a task of this operator.
_DOES_NOTHING = "EmptyOperator"
_OVER = ("success", "failed")
_SUCCESS = "success"

_run = table(
    "dag_run",
    *(column(name) for name in ("id", "dag_id", "run_id", "state", "bundle_version", "conf")),
    *(
        column(name, UtcDateTime)
        for name in ("logical_date", "run_after", "queued_at", "start_date", "end_date")
    ),
)
_task = table(
    "task_instance",
    *(column(n) for n in ("dag_id", "run_id", "task_id", "map_index", "try_number", "operator")),
    column("state"),
)
_log = table(
    "log",
    *(column(n) for n in ("dag_id", "run_id", "task_id", "map_index", "try_number", "event")),
    column("dttm", UtcDateTime),
)
_asset_event = table(
    "asset_event",
    *(column(name) for name in ("id", "asset_id", "source_dag_id", "source_run_id")),
)
_consumed = table("dagrun_asset_event", column("dag_run_id"), column("event_id"))
_asset = table("asset", column("id", Integer), column("uri"))


@dataclass(slots=True, kw_only=True)
class _Told:
    """What was written down about one run.

    Attributes:
        reported: when each try of a task said that it succeeded.
        cleared: when somebody had tasks run again.
    """

    reported: dict[tuple[str, int, int], datetime] = field(default_factory=dict)
    cleared: list[datetime] = field(default_factory=list)


class FinishedRuns:
    """Implements ``RunsOfKitchens`` on Airflow's metadata database."""

    def __init__(self, engine: Engine) -> None:
        """Read Airflow's metadata database."""
        self._engine = engine

    def over(self, kitchen: Kitchen) -> list[RunKey]:
        """A kitchen's runs that are over, the last one first."""
        namespace = names.dag_id(kitchen.name, "")
        query = (
            select(_run.c.dag_id, _run.c.run_id, _run.c.end_date)
            .where(
                func.substr(_run.c.dag_id, 1, len(namespace)) == namespace,
                _run.c.state.in_(_OVER),
                _run.c.end_date.is_not(None),
                _run.c.run_after >= kitchen.created_at,
            )
            .order_by(_run.c.end_date.desc())
            .limit(_MOST_RUNS)
        )
        with self._engine.connect() as connection:
            return [RunKey(*row) for row in connection.execute(query)]

    def told(self, runs: Sequence[RunKey]) -> list[FinishedRun]:
        """Runs with all that is known of them; those that begin anew meanwhile are left out."""
        if not runs:
            return []
        # As text: the databases keep it in types of their own.
        query = (
            select(_run, cast(_run.c.conf, Text).label("asked"))
            .where(_are_of(_run, runs), _run.c.state.in_(_OVER))
            .order_by(_run.c.end_date.desc())
        )
        wanted = set(runs)
        with self._engine.connect() as connection:
            found = [
                row
                for row in connection.execute(query)
                if RunKey(row.dag_id, row.run_id, row.end_date) in wanted
            ]
            return _with_tasks(connection, found) if found else []


def _with_tasks(connection: Connection, runs: Sequence[Any]) -> list[FinishedRun]:
    tasks: dict[tuple[str, str], list[Any]] = defaultdict(list)
    for row in connection.execute(select(_task).where(_are_of(_task, runs))):
        tasks[row.dag_id, row.run_id].append(row)
    told = _told(connection, runs)
    data = _data(connection, runs)
    return [
        _finished(run, tasks[run.dag_id, run.run_id], told[run.run_id, run.dag_id], data[run.id])
        for run in runs
    ]


def _finished(run: Any, tasks: Iterable[Any], told: _Told, assets: Iterable[str]) -> FinishedRun:
    found = tuple(_run_task(task, told) for task in sorted(tasks, key=_place))
    about = [f"{name} {value}" for name, value in _days(run)]
    return FinishedRun(
        dag_id=run.dag_id,
        run_id=run.run_id,
        state=run.state,
        version=run.bundle_version,
        began_at=run.start_date,
        ended_at=run.end_date,
        tasks=found,
        parameters=_parameters(run.asked),
        data=(*about, *sorted(assets)),
        was_cleared=_was_cleared(found, told),
    )


def _place(task: Any) -> tuple[str, int]:
    return task.task_id, task.map_index


def _run_task(task: Any, told: _Told) -> RunTask:
    this_try = (task.task_id, task.map_index, task.try_number)
    return RunTask(
        task_id=task.task_id,
        map_index=task.map_index,
        try_number=task.try_number,
        state=task.state,
        has_reported=task.state == _SUCCESS and this_try in told.reported,
        does_nothing=task.operator == _DOES_NOTHING,
    )


def _was_cleared(tasks: Iterable[RunTask], told: _Told) -> bool:
    """Whether a task ended before others were begun anew: they may have run other files."""
    ends = [
        told.reported[this_try]
        for task in tasks
        if (this_try := (task.task_id, task.map_index, task.try_number)) in told.reported
    ]
    return bool(ends) and any(min(ends) < moment for moment in told.cleared)


def _told(connection: Connection, runs: Sequence[Any]) -> dict[tuple[str, str], _Told]:
    told: dict[tuple[str, str], _Told] = defaultdict(_Told)
    query = select(_log).where(_are_of(_log, runs), _log.c.event == _SUCCESS)
    for row in connection.execute(query):
        this_try = (row.task_id, row.map_index, row.try_number)
        told[row.run_id, row.dag_id].reported[this_try] = row.dttm
    # Whoever clears by days names no run: it counts for all that it can be about.
    query = select(_log.c.dag_id, _log.c.run_id, _log.c.dttm).where(
        _log.c.dag_id.in_({run.dag_id for run in runs}),
        _log.c.event.contains("clear", autoescape=True),
    )
    for row in connection.execute(query):
        for run in runs:
            if run.dag_id == row.dag_id and row.run_id in {None, run.run_id}:
                told[run.run_id, run.dag_id].cleared.append(row.dttm)
    return told


def _data(connection: Connection, runs: Sequence[Any]) -> dict[int, set[str]]:
    """Assets that each run made or was begun by."""
    found: dict[int, set[str]] = defaultdict(set)
    ids = {(run.dag_id, run.run_id): run.id for run in runs}
    event = aliased(_asset_event)
    made = (
        select(event.c.source_dag_id, event.c.source_run_id, _asset.c.uri)
        .join(_asset, _asset.c.id == event.c.asset_id)
        .where(event.c.source_run_id.in_([run.run_id for run in runs]))
    )
    for dag_id, run_id, uri in connection.execute(made):
        if (dag_id, run_id) in ids:
            found[ids[dag_id, run_id]].add(f"made {uri}")
    used = (
        select(_consumed.c.dag_run_id, _asset.c.uri)
        .join(event, event.c.id == _consumed.c.event_id)
        .join(_asset, _asset.c.id == event.c.asset_id)
        .where(_consumed.c.dag_run_id.in_(list(ids.values())))
    )
    for id_, uri in connection.execute(used):
        found[id_].add(f"used {uri}")
    return found


def _are_of(rows: FromClause, runs: Sequence[Any]) -> ColumnElement[bool]:
    by_dag: dict[str, list[str]] = defaultdict(list)
    for run in runs:
        by_dag[run.dag_id].append(run.run_id)
    return or_(*((rows.c.dag_id == dag) & rows.c.run_id.in_(ids) for dag, ids in by_dag.items()))


def _days(run: Any) -> Iterable[tuple[str, str]]:
    asked = _parameters(run.asked)
    if "run_date" in asked:
        yield "run_date", str(asked["run_date"])
    if run.logical_date is not None:
        yield "logical date", run.logical_date.isoformat()


def _parameters(text: str | None) -> Mapping[str, object]:
    """What a run was asked for; what looks like a secret is starred out."""
    from airflow.sdk.log import redact  # type: ignore[attr-defined]

    try:
        found = json.loads(text) if text else {}
    except ValueError:
        return {}
    shown = redact(found)
    if not isinstance(shown, dict):
        return {}
    return {
        str(name): value if isinstance(value, (int, float, bool, type(None))) else _short(value)
        for name, value in shown.items()
    }


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    return text[:_LONGEST_VALUE]
