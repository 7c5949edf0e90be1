"""Taking a merge back as one unit: its code, and what people did because of it.

What was so before a merge is read from the audit trail, which is the history of schedules and of
where alerts go. Of schedules and charts, those of pipelines count that the merge changed: what was
done about others meanwhile is nobody's reason to undo it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.schedule import EnabledSchedule, Schedule

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge import Conflict, FileChange
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.domain.release import ReleasePipeline
    from airflow_dataops.domain.results import ChartAct, PipelineStage

REVERTS, PUTS_BACK = "reverts", "puts back"
ENABLE, DISABLE, CHANGE = "enable schedule", "disable schedule", "change"
CHANNEL, CHANNEL_BEFORE = "slack_channel", "slack_channel before"
ENABLED_BY, ENABLED_AT = "enabled by", "enabled at"
_NOWHERE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleStep:
    """What becomes of a pipeline's enabled schedule.

    Attributes:
        now: what is enabled; None where nothing is.
        then: what was enabled before the merge, and is again.
        left: why it is not enabled again; empty where it is, or was not.
    """

    pipeline: str
    now: EnabledSchedule | None
    then: EnabledSchedule | None
    left: str = ""

    @property
    def to_be(self) -> EnabledSchedule | None:
        """What is enabled from then on."""
        return None if self.left else self.then


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartsSince:
    """What charts were told, and measured, since a moment.

    Attributes:
        learnt_anew: that some learn from later points alone; taken back.
        measured: stages with points since, which are left out from then on.
        came_back: what an earlier revert took back or left out, which is undone.
    """

    learnt_anew: tuple[ChartAct, ...] = ()
    measured: tuple[PipelineStage, ...] = ()
    came_back: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PutBack:
    """What is put back beside the code; written down before the code moves.

    Attributes:
        pipelines: that the merge changed.
        since: the moment of the merge.
        reverted: its id.
        schedules: of pipelines whose enabled schedule is another, as it is to be.
        channel: where the kitchen's alerts went; None where nobody has changed that.
    """

    pipelines: tuple[str, ...]
    since: datetime
    reverted: str
    schedules: Mapping[str, EnabledSchedule | None]
    channel: str | None = None

    def as_text(self) -> str:
        """As it is kept with the revert."""
        schedules = {name: one and _as_plain(one) for name, one in self.schedules.items()}
        found = {
            "pipelines": list(self.pipelines),
            "since": self.since.isoformat(),
            "reverted": self.reverted,
            "schedules": schedules,
            "channel": self.channel,
        }
        return json.dumps(found)

    @classmethod
    def read(cls, text: str) -> PutBack:
        """What ``as_text`` wrote."""
        found = json.loads(text)
        return cls(
            pipelines=tuple(found["pipelines"]),
            since=datetime.fromisoformat(found["since"]),
            reverted=found["reverted"],
            schedules={
                name: one and _from_plain(name, one) for name, one in found["schedules"].items()
            },
            channel=found["channel"],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class RevertPlan:
    """What taking a merge back comes to now.

    Attributes:
        merge: the one that is taken back.
        ours: the commit that the kitchen is at.
        tree: id of the files from then on; None with conflicts.
        later: how many commits came after the merge; they stay.
        about: pipelines that the merge changed or took away: their schedules and charts count.
        channel: where the kitchen's own alerts go, now and then; None: where its environment says.
    """

    kitchen: Kitchen
    other: str
    merge: KitchenMerge
    ours: str
    tree: str | None
    later: int
    files: tuple[FileChange, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    pipelines: tuple[ReleasePipeline, ...] = ()
    about: tuple[str, ...] = ()
    schedules: tuple[ScheduleStep, ...] = ()
    charts: ChartsSince = ChartsSince()
    channel: tuple[str | None, str | None] = (None, None)

    @property
    def untested(self) -> tuple[str, ...]:
        """Pipelines that would run as they are not known to be green."""
        return tuple(one.name for one in self.pipelines if one.is_untested)

    @property
    def put_back(self) -> PutBack:
        """What is put back beside the code."""
        now, then = self.channel
        return PutBack(
            pipelines=self.about,
            since=moment_of(self.merge),
            reverted=self.merge.id,
            schedules={one.pipeline: one.to_be for one in self.schedules},
            channel=None if now == then else (then or _NOWHERE),
        )


def moment_of(merge: KitchenMerge) -> datetime:
    """When a merge became true."""
    return merge.ended_at or merge.opened_at


def enabled_at(
    entries: Iterable[AuditEntry], pipelines: Collection[str]
) -> dict[str, EnabledSchedule]:
    """What was enabled at the end of a part of the audit trail.

    Args:
        entries: about schedules of one kitchen, the newest first.
        pipelines: those asked for.
    """
    left, found = set(pipelines), {}
    for entry in entries:
        pipeline = entry.details.get("pipeline", "")
        if pipeline not in left or entry.action not in {ENABLE, DISABLE}:
            continue
        left.discard(pipeline)
        if entry.action == ENABLE:
            cron, _, timezone = entry.details["schedule"].rpartition(" ")
            at = entry.details.get(ENABLED_AT)
            found[pipeline] = EnabledSchedule(
                pipeline=pipeline,
                schedule=Schedule(cron=cron, timezone=timezone),
                enabled_by=entry.details.get(ENABLED_BY, entry.by),
                enabled_at=datetime.fromisoformat(at) if at else entry.at,
            )
    return found


def channel_before(entries: Iterable[AuditEntry], now: str | None) -> str | None:
    """Where a kitchen's alerts went before a part of the audit trail.

    Args:
        entries: about the kitchen, the newest first.
        now: where they go at its end.
    """
    for entry in entries:
        if entry.action == CHANGE and CHANNEL_BEFORE in entry.details:
            now = channel_of(entry.details[CHANNEL_BEFORE])
    return now


def channel_of(text: str) -> str | None:
    """A channel as it is written down."""
    return None if text == _NOWHERE else text


def channel_change(before: str | None, after: str | None) -> dict[str, str]:
    """What the audit trail keeps of a kitchen's other channel; nothing where it is the same."""
    if before == after:
        return {}
    return {CHANNEL: after or _NOWHERE, CHANNEL_BEFORE: before or _NOWHERE}


def _as_plain(one: EnabledSchedule) -> dict[str, str]:
    return {
        "cron": one.schedule.cron,
        "timezone": one.schedule.timezone,
        "by": one.enabled_by,
        "at": one.enabled_at.isoformat(),
    }


def _from_plain(pipeline: str, one: Mapping[str, str]) -> EnabledSchedule:
    return EnabledSchedule(
        pipeline=pipeline,
        schedule=Schedule(cron=one["cron"], timezone=one["timezone"]),
        enabled_by=one["by"],
        enabled_at=datetime.fromisoformat(one["at"]),
    )
