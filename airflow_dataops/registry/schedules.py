"""Schedules: those that were enabled, in our table; those that code declares, in Airflow's."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sqlalchemy import column, delete, func, select, table, update
from sqlalchemy.orm import sessionmaker

from airflow_dataops.domain import names, schedule
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.schedule import EnabledSchedule, PipelineSchedule, Schedule
from airflow_dataops.errors import ConfigurationError
from airflow_dataops.registry import rows
from airflow_dataops.registry.held_rows import changed_one, hold_first, hold_living, put_row
from airflow_dataops.registry.models import KitchenRow, ScheduleRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from sqlalchemy import Delete, Engine
    from sqlalchemy.orm import Session

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen

_dag = table(
    "dag",
    column("dag_id"),
    column("bundle_name"),
    column("is_stale"),
    column("is_paused"),
    column("next_dagrun_create_after"),
)
_tag = table("dag_tag", column("name"), column("dag_id"))


class ScheduleTable:
    """What kitchens' pipelines declare, and what was enabled; implements ``Schedules``.

    Args:
        engine: Airflow's metadata database.
        bundle_name: name of the bundle that serves an environment's kitchens.
    """

    def __init__(self, engine: Engine, *, bundle_name: Callable[[str], str]) -> None:
        self._sessions = sessionmaker(engine)
        self._bundle_name = bundle_name

    def of(self, kitchens: Iterable[Kitchen]) -> dict[str, list[PipelineSchedule]]:
        """Every pipeline with its schedule, by name, by the kitchen's id."""
        asked = {kitchen.id: kitchen for kitchen in kitchens}
        with self._sessions() as session:
            enabled = _enabled(session, asked)
            parsed = self._parsed(session, asked.values())
        return {
            kitchen.id: [
                PipelineSchedule(
                    pipeline=name,
                    declared=declared,
                    enabled=enabled[kitchen.id].get(name),
                    is_paused=is_paused,
                )
                for name, (declared, is_paused) in sorted(
                    # In the code no more, and enabled still.
                    (dict.fromkeys(enabled[kitchen.id], (None, False)) | parsed[kitchen.id]).items()
                )
            ]
            for kitchen in asked.values()
        }

    def enabled_in(self, kitchen: str, *, environment: str) -> dict[str, EnabledSchedule]:
        """What is enabled in the living kitchen of this name, by pipeline; none in another's."""
        query = (
            select(ScheduleRow)
            .join(KitchenRow, KitchenRow.id == ScheduleRow.kitchen_id)
            .where(
                KitchenRow.name == kitchen,
                KitchenRow.environment == environment,
                KitchenRow.deleted_at.is_(None),
                KitchenRow.state != KitchenState.DELETING,
            )
        )
        with self._sessions() as session:
            return {row.pipeline: _enabled_of(row) for row in session.scalars(query)}

    def enable(self, kitchen: Kitchen, enabled: EnabledSchedule, *, audit: AuditEntry) -> None:
        """Write down that a schedule is enabled, in place of what was enabled before.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """
        with self._sessions.begin() as session:
            put(session, kitchen, enabled)
            session.add(rows.audit_row(audit))

    def disable(self, kitchen: Kitchen, pipeline: str, *, audit: AuditEntry) -> bool:
        """Forget that a schedule is enabled; False where it was not.

        Raises:
            KitchenNotFound: the kitchen is deleted.
            KitchenBusy: it is being deleted.
        """
        with self._sessions.begin() as session:
            if not remove(session, kitchen, pipeline):
                return False
            session.add(rows.audit_row(audit))
            return True

    def _parsed(
        self, session: Session, kitchens: Iterable[Kitchen]
    ) -> dict[str, dict[str, tuple[Schedule | None, bool]]]:
        """What Airflow has read: of each pipeline what it declares, and whether it is paused."""
        by_place = {}
        for kitchen in kitchens:
            # Of an environment that no bundle serves, nothing was read.
            with suppress(ConfigurationError):
                by_place[self._bundle_name(kitchen.environment), kitchen.name] = kitchen.id
        query = (
            select(_dag.c.dag_id, _dag.c.bundle_name, _dag.c.is_paused, _tag.c.name)
            .select_from(_dag.outerjoin(_tag, _tag.c.dag_id == _dag.c.dag_id))
            .where(
                _dag.c.bundle_name.in_({bundle for bundle, _ in by_place}),
                _dag.c.is_stale.is_(False),
            )
        )
        if len(by_place) == 1:
            # Its environment may have thousands of pipelines. Compared letter by letter: LIKE
            # takes an underscore for any letter.
            [(_, only)] = by_place
            namespace = names.dag_id(only, "")
            query = query.where(func.substr(_dag.c.dag_id, 1, len(namespace)) == namespace)
        tags: dict[tuple[str, str, bool], list[str]] = defaultdict(list)
        for row in session.execute(query):
            place = (row.bundle_name, names.kitchen_of_dag(row.dag_id) or "")
            if place in by_place:
                pipeline = row.dag_id.partition(".")[2]
                tags[by_place[place], pipeline, bool(row.is_paused)].append(row.name or "")
        found: dict[str, dict[str, tuple[Schedule | None, bool]]] = defaultdict(dict)
        for (kitchen_id, pipeline, is_paused), written in tags.items():
            found[kitchen_id][pipeline] = (schedule.declared_by(written), is_paused)
        return found


def put(session: Session, kitchen: Kitchen, enabled: EnabledSchedule) -> None:
    """Have a schedule enabled, in place of what was enabled before.

    Raises:
        KitchenNotFound: the kitchen is deleted.
        KitchenBusy: it is being deleted.
    """
    values = {
        "cron": enabled.schedule.cron,
        "timezone": enabled.schedule.timezone,
        "enabled_by": enabled.enabled_by,
        "enabled_at": enabled.enabled_at,
    }
    hold_first(session, kitchen)
    put_row(session, kitchen, ScheduleRow, key={"pipeline": enabled.pipeline}, values=values)


def remove(session: Session, kitchen: Kitchen, pipeline: str) -> bool:
    """Have no schedule of a pipeline enabled; False where none was.

    Raises:
        KitchenNotFound: the kitchen is deleted.
        KitchenBusy: it is being deleted.
    """
    hold_first(session, kitchen)
    if not changed_one(session, _schedules_of(kitchen).where(ScheduleRow.pipeline == pipeline)):
        return False
    hold_living(session, kitchen)
    session.execute(_no_next_run(names.dag_id(kitchen.name, pipeline)))
    return True


def forget_schedules(session: Session, kitchen: Kitchen) -> None:
    """Forget what is enabled in a kitchen that goes."""
    session.execute(_schedules_of(kitchen))


def _schedules_of(kitchen: Kitchen) -> Delete:
    return delete(ScheduleRow).where(ScheduleRow.kitchen_id == kitchen.id)


def _no_next_run(dag_id: str) -> Any:
    """Have the scheduler wait for nothing more, which reading the code again does as well."""
    return update(_dag).where(_dag.c.dag_id == dag_id).values(next_dagrun_create_after=None)


def _enabled(
    session: Session, kitchen_ids: Iterable[str]
) -> defaultdict[str, dict[str, EnabledSchedule]]:
    found: defaultdict[str, dict[str, EnabledSchedule]] = defaultdict(dict)
    for row in session.scalars(select(ScheduleRow).where(ScheduleRow.kitchen_id.in_(kitchen_ids))):
        found[row.kitchen_id][row.pipeline] = _enabled_of(row)
    return found


def _enabled_of(row: ScheduleRow) -> EnabledSchedule:
    return EnabledSchedule(
        pipeline=row.pipeline,
        schedule=Schedule(cron=row.cron, timezone=row.timezone),
        enabled_by=row.enabled_by,
        enabled_at=row.enabled_at,
    )
