"""What the REST API answers about pieces of work, as the command line reads it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class StayAnswer(_Answer):
    """A time at one step with one person."""

    step: str
    kitchen: str | None = None
    assignee: str
    by: str
    began_at: datetime
    ended_at: datetime | None = None
    seconds: float
    note: str | None = None


class WorkAnswer(_Answer):
    """Where the work of a kitchen stands."""

    kitchen: str
    environment: str
    ticket: str | None = None
    step: str
    at: str | None = None
    assignee: str
    since: datetime
    standing_seconds: float
    seconds_in: dict[str, float] = {}
    cycle_seconds: float | None = None
    is_over: bool = False
    about_ticket: tuple[str, ...] = ()
    stays: tuple[StayAnswer, ...] = ()
