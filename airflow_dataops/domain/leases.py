"""Logins that a vault issued, as long as somebody has to see to their end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Whose login it is and until when; exactly one of a try and a person holds it.

    Attributes:
        lease_id: what the vault takes it back by.
        task_instance: the try's id, which the next try does not share.
        expires_at: when the vault ends it by itself.
    """

    lease_id: str
    environment: str
    kitchen_id: str
    tool: str
    task_instance: str | None = None
    person: str | None = None
    issued_at: datetime
    expires_at: datetime
