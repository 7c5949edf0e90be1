"""What people and tasks may send. Parsed strictly, bounded, and turned into the domain at once."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
)

from airflow_dataops.domain.events import LONGEST_NOTE, MOST_VERDICTS
from airflow_dataops.domain.kitchen import KitchenSettings
from airflow_dataops.domain.merge_draft import Choice
from airflow_dataops.domain.staff import Member, Role, check_who
from airflow_dataops.errors import InvalidRequest

MOST_STAFF = 100
MOST_PIPELINES = 500
LONGEST_REASON = 2000
# Text of several lines; the database takes no zero byte, and a log no escape sequence.
_SECONDS = {"m": 60, "h": 3_600, "d": 86_400}
READABLE = r"^[^\x00-\x08\x0b-\x1f\x7f]*$"


def _in_utc(moment: datetime) -> datetime:
    try:
        return moment.astimezone(UTC)
    except OverflowError as error:
        message = "lies outside of the calendar"
        raise ValueError(message) from error


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
# The domain says what a name may be; here it is only kept from being a book.
Name = Annotated[str, StringConstraints(max_length=300)]
Reason = Annotated[str, StringConstraints(max_length=LONGEST_REASON, pattern=READABLE)]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}([0-9a-f]{24})?$")]
Pipelines = Annotated[list[Name], Field(max_length=MOST_PIPELINES)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class StaffMember(_Body):
    """Somebody to put on a staff."""

    who: Name
    role: Role


class CreateKitchen(_Body):
    """A kitchen to create; without a parent, the base kitchen of an environment."""

    name: Name
    parent: Name | None = None
    environment: Name | None = None
    ends_at: Moment | None = None
    pinned: bool = False
    shared: bool = True
    ticket: Name | None = None
    slack_channel: Name | None = None
    pipelines: Pipelines | None = None
    staff: Annotated[list[StaffMember], Field(max_length=MOST_STAFF)] = []
    reason: Reason | None = None

    def settings(self) -> KitchenSettings:
        """The settings that are asked for."""
        return KitchenSettings(
            ends_at=self.ends_at,
            pinned=self.pinned,
            shared=self.shared,
            ticket=self.ticket,
            slack_channel=self.slack_channel,
            pipelines=None if self.pipelines is None else tuple(self.pipelines),
        )

    def members(self) -> tuple[Member, ...]:
        """The staff that is asked for.

        Raises:
            InvalidName: nobody can be named so.
            InvalidRequest: somebody is named twice.
        """
        listed = [check_who(member.who) for member in self.staff]
        if twice := sorted({who for who in listed if listed.count(who) > 1}):
            message = f"{twice[0]!r} is named twice on the staff; give each one role"
            raise InvalidRequest(message, field="staff")
        return tuple(Member(who=member.who, role=member.role) for member in self.staff)


class ChangeKitchen(_Body):
    """Settings to change; what is not named stays, null takes a value away."""

    ends_at: Moment | None = None
    pinned: bool = False
    shared: bool = True
    ticket: Name | None = None
    slack_channel: Name | None = None
    pipelines: Pipelines | None = None
    reason: Reason | None = None

    def applied_to(self, settings: KitchenSettings) -> KitchenSettings:
        """The settings as they are to be."""

        def new(field: str) -> bool:
            return field in self.model_fields_set

        asked = None if self.pipelines is None else tuple(self.pipelines)
        return KitchenSettings(
            ends_at=self.ends_at if new("ends_at") else settings.ends_at,
            pinned=self.pinned if new("pinned") else settings.pinned,
            shared=self.shared if new("shared") else settings.shared,
            ticket=self.ticket if new("ticket") else settings.ticket,
            slack_channel=self.slack_channel if new("slack_channel") else settings.slack_channel,
            pipelines=asked if new("pipelines") else settings.pipelines,
        )


class PutMember(_Body):
    """The role that somebody is to have."""

    role: Role
    reason: Reason | None = None


class PutHandOff(_Body):
    """To whom work is handed, and what they should know."""

    to: Name
    note: Reason | None = None


class GetCredentials(_Body):
    """How long a login is to last: ``8h``, ``30m``."""

    ttl: Annotated[str, StringConstraints(pattern="^[1-9][0-9]{0,3}[mhd]$")] = "1h"
    reason: Reason | None = None

    def seconds(self) -> int:
        """The time in seconds."""
        return int(self.ttl[:-1]) * _SECONDS[self.ttl[-1]]


class SetSchedule(_Body):
    """The schedule that a pipeline's code is to say; null takes it away.

    Without ``timezone``, what the code says of it stays.
    """

    schedule: Name | None
    timezone: Name | None = None
    reason: Reason | None = None


class EnableSchedule(_Body):
    """A schedule to enable; ``schedule`` and ``timezone`` say what you take the code to say."""

    schedule: Name | None = None
    timezone: Name = "UTC"
    reason: Reason | None = None

    def expected(self) -> tuple[str, str] | None:
        """Cron and timezone, if any are named."""
        return None if self.schedule is None else (self.schedule, self.timezone)


class DisableSchedule(_Body):
    """Why a schedule is disabled."""

    reason: Reason | None = None


Attempt = Annotated[int, Field(ge=1, le=2**31 - 1)]


Acknowledged = Annotated[
    list[Annotated[str, StringConstraints(max_length=2_000)]], Field(max_length=1_000)
]


class AskMerge(_Body):
    """A merge to make; ``ours`` and ``theirs`` are what a preview showed, and have to be still.

    ``override`` does without evidence, for a ``reason``; not everybody who may merge may do that.
    """

    ours: Commit | None = None
    theirs: Commit | None = None
    acknowledged: Acknowledged = []
    override: bool = False
    reason: Reason | None = None


class SeenCommits(_Body):
    """What a preview showed, which has to be so still."""

    ours: Commit | None = None
    theirs: Commit | None = None


class LandQueue(_Body):
    """A pass over a queue; what is untested is tested in the kitchen ``test_in``."""

    acknowledged: Acknowledged = []
    test_in: Name | None = None
    reason: Reason | None = None


class ResolvePlace(_Body):
    """A decision about a region of a path in conflict, or about the path as a whole."""

    path: Annotated[str, StringConstraints(max_length=4_096)]
    region: Annotated[int | None, Field(ge=1)] = None
    choice: Choice
    text: Annotated[str | None, StringConstraints(max_length=1_000_000)] = None


class ResolveConflicts(_Body):
    """Decisions about conflicts, of which all count or none.

    ``ours`` and ``theirs`` are the commits whose merge was looked at, and have to be still.
    """

    ours: Commit | None = None
    theirs: Commit | None = None
    resolutions: Annotated[list[ResolvePlace], Field(min_length=1, max_length=10_000)]


class CompleteMerge(_Body):
    """Why a merge is completed, and what may go with it: sentences of ``taken_away``."""

    acknowledged: Acknowledged = []
    reason: Reason | None = None


class EndMerge(_Body):
    """Why a merge is abandoned, or a kitchen joins a queue."""

    reason: Reason | None = None


class RevertMerge(_Body):
    """A merge to take back; ``ours`` is what the plan showed, and has to be still."""

    ours: Commit | None = None
    reason: Reason | None = None


class AnswerApproval(_Body):
    """Yes or no to what waits for approval; who says no gives a reason."""

    approve: bool
    reason: Reason | None = None


class EndOperation(_Body):
    """A worker has nothing left to do."""

    attempt: Attempt


class FailOperation(_Body):
    """A worker gives up."""

    attempt: Attempt
    error: Annotated[str, StringConstraints(max_length=20_000)]


class ReportStep(_Body):
    """How far a worker has come with one part."""

    attempt: Attempt
    part: Name
    progress: Annotated[str, StringConstraints(pattern="^(running|done)$")]
    detail: Annotated[str, StringConstraints(max_length=10_000)] = ""


class ReportedVerdict(_Body):
    """What a data test said that did not pass; ``measured`` is None where there is no number."""

    test: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REASON)]
    outcome: Annotated[str, StringConstraints(pattern="^(warn|fail|error)$")]
    measured: Annotated[float | None, Field(allow_inf_nan=False)] = None
    detail: Annotated[str, StringConstraints(max_length=LONGEST_REASON)] = ""


class ReportVerdicts(_Body):
    """The verdicts of a stage's tests that did not pass."""

    verdicts: Annotated[list[ReportedVerdict], Field(min_length=1, max_length=MOST_VERDICTS)]


class ReportNote(_Body):
    """What an author wants a kitchen's people to read."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_NOTE, pattern=READABLE)]


BODIES = (
    CreateKitchen,
    ChangeKitchen,
    PutMember,
    PutHandOff,
    GetCredentials,
    SetSchedule,
    EnableSchedule,
    DisableSchedule,
    AskMerge,
    LandQueue,
    ResolveConflicts,
    CompleteMerge,
    EndMerge,
    RevertMerge,
    AnswerApproval,
    EndOperation,
    FailOperation,
    ReportStep,
    ReportVerdicts,
    ReportNote,
)
