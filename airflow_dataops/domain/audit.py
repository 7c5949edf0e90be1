"""The audit trail: who did what to which kitchen, when, why, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One deed.

    Attributes:
        source: where it was asked: ``api 10.0.0.7``, ``cli --local on etl-1``, ``janitor``.
        action: what was done, in the words of ``domain.permissions`` and of operations.
        details: what else is to be known; never a secret.
    """

    at: datetime
    by: str
    source: str
    action: str
    project: str
    environment: str
    kitchen_id: str | None = None
    kitchen: str | None = None
    reason: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries are asked for; None stands for all.

    Attributes:
        since, until: from the first moment on, before the second.
        at_most: how many; the newest are given.
    """

    kitchen_id: str | None = None
    environments: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    at_most: int = 1000
