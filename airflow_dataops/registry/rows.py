"""Rows become domain values, and domain values rows."""

from __future__ import annotations

from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from sqlalchemy import Row, Select, select
from sqlalchemy.orm import aliased

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings, KitchenState
from airflow_dataops.domain.provisioning import (
    Operation,
    OperationKind,
    Part,
    PartKind,
    Progress,
    StepProgress,
)
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.registry.models import (
    AuditRow,
    KitchenRow,
    OperationRow,
    StepRow,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

_Parent = aliased(KitchenRow)
_kitchen = KitchenRow.__table__
_parent = _kitchen.alias()
# What ``kitchen_from`` reads, in its order.
_ASKED_FOR = (
    "id",
    "name",
    "project",
    "environment",
    "branch",
    "created_at",
    "created_by",
    "state",
    "ends_at",
    "pinned",
    "shared",
    "ticket",
    "slack_channel",
    "pipelines",
)
_asked_for = attrgetter(*_ASKED_FOR)
# The same few people work in hundreds of kitchens.
_MOST_MEMBERS = 10_000


def kitchens() -> Select[KitchenRow, str]:
    """All kitchens that ever were, each with its parent's name: what ``kitchen_of`` reads."""
    return select(KitchenRow, _Parent.name).outerjoin(_Parent, KitchenRow.parent_id == _Parent.id)


def living_kitchens() -> Select[KitchenRow, str]:
    """Those of them that are not deleted."""
    return kitchens().where(KitchenRow.deleted_at.is_(None))


def living_kitchens_by_column() -> Select[Any]:
    """The same as plain rows, which takes a fraction of the time: lists have hundreds of them."""
    return (
        select(*(_kitchen.c[name] for name in _ASKED_FOR), _parent.c.name.label("parent_name"))
        .select_from(_kitchen.outerjoin(_parent, _kitchen.c.parent_id == _parent.c.id))
        .where(_kitchen.c.deleted_at.is_(None))
    )


def kitchen_of(row: Row[KitchenRow, str]) -> Kitchen:
    """The kitchen in a row of ``kitchens``."""
    found, parent = row
    return kitchen_from((*_asked_for(found), parent))


def kitchen_from(row: Iterable[Any]) -> Kitchen:
    """The kitchen in a row of ``living_kitchens_by_column``."""
    # By place: a name is looked up anew for each of hundreds of rows.
    (
        kitchen_id, name, project, environment, branch, created_at, created_by, state,
        ends_at, pinned, shared, ticket, slack_channel, pipelines, parent,
    ) = row  # fmt: skip
    settings = KitchenSettings(
        ends_at=ends_at,
        pinned=pinned,
        shared=shared,
        ticket=ticket,
        slack_channel=slack_channel,
        pipelines=None if pipelines is None else tuple(pipelines),
    )
    return Kitchen(
        id=kitchen_id,
        name=name,
        project=project,
        environment=environment,
        branch=branch,
        parent=parent,
        created_at=created_at,
        created_by=created_by,
        state=KitchenState(state),
        settings=settings,
    )


def kitchen_row(kitchen: Kitchen, *, parent_id: str | None) -> KitchenRow:
    """A living kitchen's row."""
    return KitchenRow(
        id=kitchen.id,
        name=kitchen.name,
        project=kitchen.project,
        environment=kitchen.environment,
        branch=kitchen.branch,
        parent_id=parent_id,
        created_at=kitchen.created_at,
        created_by=kitchen.created_by,
        state=kitchen.state,
        **settings_columns(kitchen.settings),
    )


def settings_columns(settings: KitchenSettings) -> dict[str, Any]:
    """A kitchen's settings, by column."""
    pipelines = None if settings.pipelines is None else list(settings.pipelines)
    return {
        "ends_at": settings.ends_at,
        "pinned": settings.pinned,
        "shared": settings.shared,
        "ticket": settings.ticket,
        "slack_channel": settings.slack_channel,
        "pipelines": pipelines,
    }


@lru_cache(maxsize=_MOST_MEMBERS)
def member(who: str, role: str) -> Member:
    """The member of staff in a row of these two."""
    return Member(who=who, role=Role(role))


def operation_of(row: OperationRow, kitchen: Kitchen, steps: Iterable[StepRow]) -> Operation:
    """The operation in a row, with its steps in their order."""
    return Operation(
        id=row.id,
        kind=OperationKind(row.kind),
        kitchen=kitchen,
        by=row.by,
        reason=row.reason,
        began_at=row.began_at,
        attempt=row.attempt,
        run_id=row.run_id,
        progress=Progress(row.progress),
        ended_at=row.ended_at,
        error=row.error,
        steps=tuple(_step_of(step) for step in steps),
    )


def operation_rows(operation: Operation) -> list[OperationRow | StepRow]:
    """A new operation's row, followed by its steps'."""
    row = OperationRow(
        id=operation.id,
        kitchen_id=operation.kitchen.id,
        kind=operation.kind,
        by=operation.by,
        reason=operation.reason,
        began_at=operation.began_at,
        attempt=operation.attempt,
        attempt_began_at=operation.began_at,
        progress=operation.progress,
    )
    steps = [
        StepRow(
            operation_id=operation.id,
            position=position,
            kind=step.part.kind,
            tool=step.part.tool,
            what=step.part.what,
            progress=step.progress,
            detail=step.detail,
        )
        for position, step in enumerate(operation.steps)
    ]
    return [row, *steps]


def is_of(row: StepRow, part: Part) -> bool:
    """Whether a step's row is about this part."""
    return (row.kind, row.tool, row.what) == (part.kind, part.tool, part.what)


def audit_row(entry: AuditEntry) -> AuditRow:
    """An audit entry's row."""
    return AuditRow(
        at=entry.at,
        by=entry.by,
        source=entry.source,
        action=entry.action,
        project=entry.project,
        environment=entry.environment,
        kitchen_id=entry.kitchen_id,
        kitchen=entry.kitchen,
        reason=entry.reason,
        details=dict(entry.details) or None,
    )


def audit_entry_of(row: AuditRow) -> AuditEntry:
    """The audit entry in a row."""
    details = {name: str(value) for name, value in (row.details or {}).items()}
    return AuditEntry(
        at=row.at,
        by=row.by,
        source=row.source,
        action=row.action,
        project=row.project,
        environment=row.environment,
        kitchen_id=row.kitchen_id,
        kitchen=row.kitchen,
        reason=row.reason,
        details=details,
        id=row.id,
    )


def _step_of(row: StepRow) -> StepProgress:
    return StepProgress(
        part=Part(kind=PartKind(row.kind), tool=row.tool, what=row.what),
        progress=Progress(row.progress),
        detail=row.detail,
        began_at=row.began_at,
        ended_at=row.ended_at,
    )
