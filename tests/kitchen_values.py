"""Kitchens, operations and audit entries for tests of whoever keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any
from uuid import uuid4

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import Kitchen, KitchenState
from airflow_dataops.domain.provisioning import (
    Operation,
    OperationKind,
    Part,
    PartKind,
    Progress,
    StepProgress,
)
from airflow_dataops.domain.staff import Member, Role

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
BRANCH = Part(kind=PartKind.BRANCH, tool=None, what="dev_kitchen")
SCHEMA = Part(kind=PartKind.SCHEMA, tool="redshift", what="dev_kitchen")
PADMA = Member(who="padma", role=Role.HEAD)
_ids = count(1)


@dataclass(frozen=True, kw_only=True)
class Records:
    """The three ports behind which an installation's kitchens are recorded."""

    kitchens: Any
    operations: Any
    audit: Any

    def add(self, *added, staff=()):
        """Record kitchens that are ready."""
        for each in added:
            operation = creation(each)
            entry = deed("create", each)
            self.kitchens.add(each, staff=staff, operation=operation, audit=entry)
            self.end(operation)

    def begin(self, kitchen, *, staff=()):
        """Record a kitchen that is being created; the operation."""
        operation = creation(kitchen)
        entry = deed("create", kitchen)
        self.kitchens.add(kitchen, staff=staff, operation=operation, audit=entry)
        return operation

    def mark_deleting(self, kitchen):
        """Begin to delete a kitchen; the operation."""
        operation = deletion(kitchen)
        self.kitchens.mark_deleting(kitchen, operation, audit=deed("delete", kitchen))
        return operation

    def remove(self, kitchen):
        """Delete a kitchen, from beginning to end."""
        self.end(self.mark_deleting(kitchen))

    def end(self, operation, *, by="padma"):
        """Do all steps of an operation."""
        for part in self.operations.operation(operation.id).left():
            self.operations.step(operation, part, Progress.DONE)
        entry = deed("end", operation.kitchen, by=by)
        self.operations.finish(operation, audit=entry)


def kitchen(name, *, parent=None, project="retail", environment="development", **others):
    """A kitchen that is not recorded yet."""
    return Kitchen(
        id=str(uuid4()),
        name=name,
        project=project,
        environment=environment,
        branch=name,
        parent=parent,
        created_at=NOON,
        created_by="padma",
        state=KitchenState.CREATING,
        **others,
    )


def creation(kitchen, **others):
    """How a kitchen is created: its branch, then its schema."""
    return _operation(OperationKind.CREATE, kitchen, **others)


def deletion(kitchen, **others):
    """How a kitchen is deleted."""
    return _operation(OperationKind.DELETE, kitchen, **others)


def deed(action, kitchen, *, by="padma", at=NOON, **others):
    """An audit entry about a kitchen."""
    return AuditEntry(
        at=at,
        by=by,
        source="api 10.0.0.7",
        action=action,
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        **others,
    )


def _operation(kind, kitchen, *, by="padma", reason="DATA-117", parts=(BRANCH, SCHEMA)):
    return Operation(
        id=f"operation-{next(_ids)}-{uuid4().hex[:8]}",
        kind=kind,
        kitchen=kitchen,
        by=by,
        reason=reason,
        began_at=NOON,
        steps=tuple(StepProgress(part=part) for part in parts),
    )
