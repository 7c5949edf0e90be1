"""What a person asks for, on which occasion, and the places where it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import AuditEntry

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen, KitchenSettings
    from airflow_dataops.domain.release_environment import Projects
    from airflow_dataops.domain.staff import Member
    from airflow_dataops.ports import (
        AccessRoles,
        Hooks,
        KitchenRegistry,
        Operations,
        Repository,
        Runs,
        Workers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenRequest:
    """A kitchen that a person asks for; the ids come from whoever takes the request.

    Attributes:
        staff: besides the person who asks, who becomes head.
    """

    name: str
    parent: str | None
    environment: str | None
    settings: KitchenSettings
    staff: tuple[Member, ...] = ()
    kitchen_id: str
    operation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Who does something, when, why, and from where."""

    by: str
    now: datetime
    source: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of a kitchen are, and who makes them."""

    projects: Projects
    registry: KitchenRegistry
    operations: Operations
    repository: Repository
    access: AccessRoles
    runs: Runs
    workers: Workers
    hooks: Hooks


def entry(occasion: Occasion, action: str, kitchen: Kitchen, **details: str) -> AuditEntry:
    """What the audit trail keeps of a deed."""
    return AuditEntry(
        at=occasion.now,
        by=occasion.by,
        source=occasion.source,
        action=action,
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        reason=occasion.reason,
        details=details,
    )
