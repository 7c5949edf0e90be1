"""Kitchens: a git branch, a pointer to a release environment, and a staff."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import UTC
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.errors import InvalidRequest

if TYPE_CHECKING:
    from datetime import datetime

_TICKET = re.compile(r"[A-Za-z0-9][\w.#/:-]{0,199}\Z", re.ASCII)
_CHANNEL = re.compile(r"#?[a-z0-9][a-z0-9_-]{0,79}\Z")
_MOST_PIPELINES = 500


class KitchenState(StrEnum):
    """Where a kitchen is in its life; one that is deleted is found in the history alone."""

    CREATING = "creating"
    READY = "ready"
    DELETING = "deleting"


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenSettings:
    """What the head of a kitchen may change.

    Attributes:
        ends_at: when a temporary kitchen is deleted; None for a persistent one.
        pinned: stays after its end.
        shared: every user of Airflow may see it; a private one shows itself to its staff alone.
        slack_channel: where its alerts go, starts with ``#``; None for the environment's.
        pipelines: those chosen to become DAGs; beside them only those changed against the parent
            do. None: all of them.
    """

    ends_at: datetime | None = None
    pinned: bool = False
    shared: bool = True
    ticket: str | None = None
    slack_channel: str | None = None
    pipelines: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kitchen:
    """A node of a project's kitchen tree.

    Attributes:
        id: never used again; a name can be, and then starts with an empty history.
        parent: name of the kitchen it was cut from; None for the project's root.
    """

    id: str
    name: str
    project: str
    environment: str
    branch: str
    parent: str | None
    created_at: datetime
    created_by: str
    state: KitchenState = KitchenState.READY
    settings: KitchenSettings = field(default_factory=KitchenSettings)

    @property
    def schema(self) -> str:
        """Schema of the kitchen's tables."""
        return names.schema(self.name)

    @property
    def prefix(self) -> str:
        """Key prefix of the kitchen's objects, ends with a slash."""
        return names.bucket_prefix(self.name)

    @property
    def shared(self) -> bool:
        """Whether every user of Airflow may see it."""
        return self.settings.shared


def check_settings(settings: KitchenSettings, *, now: datetime) -> KitchenSettings:
    """Give settings back if a kitchen may have them from now on; times in them become UTC.

    Raises:
        InvalidRequest: an end in the past, or a ticket, channel or pipeline that cannot be one.
        InvalidName: a pipeline's name breaks the naming rules.
    """
    if settings.ends_at is not None:
        settings = replace(settings, ends_at=_checked_end(settings.ends_at, now))
    if settings.ticket is not None and not _TICKET.match(settings.ticket):
        message = (
            f"{settings.ticket[:80]!r} cannot be a ticket; write its key, for example DATA-117: "
            "letters, digits and . # / : _ -, at most 200"
        )
        raise InvalidRequest(message, field="ticket")
    if settings.slack_channel is not None and not _CHANNEL.match(settings.slack_channel):
        message = (
            f"{settings.slack_channel[:80]!r} cannot be a Slack channel; write for example "
            "#kitchen-alerts: small letters, digits, - and _, at most 80"
        )
        raise InvalidRequest(message, field="slack_channel")
    _check_pipelines(settings.pipelines)
    return settings


def _checked_end(ends_at: datetime, now: datetime) -> datetime:
    if ends_at.utcoffset() is None:
        message = f"the end {ends_at.isoformat()} has no timezone; add one, for example Z"
        raise InvalidRequest(message, field="ends_at")
    if ends_at <= now:
        message = (
            f"the end {ends_at.isoformat()} is past, it is {now.isoformat(timespec='seconds')}"
            " now; name a moment to come, or none for a kitchen that stays"
        )
        raise InvalidRequest(message, field="ends_at")
    try:
        return ends_at.astimezone(UTC)
    except OverflowError as error:
        message = f"the end {ends_at.isoformat()} is beyond all calendars; name an earlier one"
        raise InvalidRequest(message, field="ends_at") from error


def _check_pipelines(pipelines: tuple[str, ...] | None) -> None:
    if pipelines is None:
        return
    if len(pipelines) > _MOST_PIPELINES:
        message = (
            f"{len(pipelines)} pipelines were chosen, at most {_MOST_PIPELINES} can be; "
            "choose none to have all"
        )
        raise InvalidRequest(message, field="pipelines")
    for pipeline in pipelines:
        names.check_pipeline_name(pipeline)
