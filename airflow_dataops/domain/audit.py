"""The audit trail: who did what to which kitchen, when, why, and from where."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One deed.

    Attributes:
        source: where it was asked: ``api 10.0.0.7``, ``cli --local on etl-1``, ``janitor``.
        action: what was done, in the words of ``domain.permissions`` and of operations.
        details: what else is to be known; never a secret.
        id: rises in the order of writing; None for one that is not written yet.
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
    id: int | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditQuery:
    """Which entries are asked for; None stands for all.

    Attributes:
        since, until: from the first moment on, before the second.
        at_most: how many; the newest are given.
    """

    kitchen_id: str | None = None
    environments: tuple[str, ...] | None = None
    actions: tuple[str, ...] | None = None
    since: datetime | None = None
    until: datetime | None = None
    at_most: int = 1000


def check_reason(reason: str | None) -> str | None:
    """Give a reason back if it can be kept.

    Raises:
        InvalidRequest: it is too long, or holds a character that is no text.
    """
    if reason is not None and len(reason) > LONGEST_REASON:
        message = (
            f"the reason has {len(reason)} characters, at most {LONGEST_REASON} are kept; write "
            "the rest where a ticket can point to"
        )
        raise InvalidRequest(message, field="reason")
    if any(_is_no_text(letter) for letter in reason or ""):
        message = "the reason holds a control character or half of one; write it as plain text"
        raise InvalidRequest(message, field="reason")
    return reason


def _is_no_text(letter: str) -> bool:
    # PostgreSQL keeps no zero byte, and no half of a UTF-16 pair can be encoded.
    return (letter < " " and letter not in "\n\r\t") or "\ud800" <= letter <= "\udfff"
