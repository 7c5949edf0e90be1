"""Logins that a vault issues for one task and takes back at its end."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLogin:
    """A login of its own, which ends by itself.

    Attributes:
        lease_id: what it is taken back by.
        seconds: how long it lasts, counted from when it was issued.
    """

    lease_id: str
    username: str
    password: str = field(repr=False)
    seconds: int
