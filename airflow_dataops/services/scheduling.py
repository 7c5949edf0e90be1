"""Who enabled which schedule, and is it still the same one.

Enabling is an act of a person whom the environment lists, for what the code says now. It is
written down before anything runs; Airflow hears of it when it reads the kitchen's code again,
which is asked for at once.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain import names
from airflow_dataops.domain.approval import (
    ASKS,
    Approval,
    ApprovalOf,
    ApprovalState,
    waits,
    who_approves,
)
from airflow_dataops.domain.audit import AuditEntry, check_reason
from airflow_dataops.domain.revert import DISABLE, ENABLE
from airflow_dataops.domain.schedule import (
    EnabledSchedule,
    PipelineSchedule,
    ScheduleState,
    check_may_disable,
    check_may_enable,
    check_pipeline,
)
from airflow_dataops.domain.source_change import Authorship, SourceChange
from airflow_dataops.errors import InvalidRequest, KitchenError, PipelineNotFound, ScheduleConflict
from airflow_dataops.specs import schedule_edit, schedule_text

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.schedule import Schedule
    from airflow_dataops.domain.staff import Person
    from airflow_dataops.evidence_ports import ApprovalBook
    from airflow_dataops.ports import AuditTrail, KitchenRegistry
    from airflow_dataops.schedule_ports import Schedules, SourceBranches


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleRequest:
    """What a person asks for one pipeline of a kitchen, when, why, and from where.

    Attributes:
        request_id: of an approval that has to be waited for.
    """

    kitchen: Kitchen
    pipeline: str
    by: Person
    now: datetime
    source: str
    request_id: str
    reason: str | None = None

    @property
    def what(self) -> str:
        """The schedule in the words of a refusal."""
        return f"the schedule of {self.kitchen.name}.{self.pipeline}"

    def entry(self, action: str, **details: str) -> AuditEntry:
        """What the audit trail keeps."""
        return AuditEntry(
            at=self.now,
            by=self.by.name,
            source=self.source,
            action=action,
            project=self.kitchen.project,
            environment=self.kitchen.environment,
            kitchen_id=self.kitchen.id,
            kitchen=self.kitchen.name,
            reason=self.reason,
            details={"pipeline": self.pipeline, **details},
        )


def enable(
    asked: ScheduleRequest,
    environment: ReleaseEnvironment,
    *,
    expected: Schedule | None,
    schedules: Schedules,
    registry: KitchenRegistry,
    approvals: ApprovalBook,
) -> PipelineSchedule:
    """Enable what a pipeline's code says now; enabled already is no error and stays as it is.

    Args:
        asked: the pipeline.
        environment: the kitchen's.
        expected: what the person takes the code to say; None where they name nothing.
        schedules: where it is written down.
        registry: has the kitchen's code read again.
        approvals: where it waits, if the environment wants it approved.

    Raises:
        NotAllowed: the environment does not list the person.
        PipelineNotFound: Airflow has no such pipeline of the kitchen.
        ScheduleConflict: the code has no schedule, or another than was expected; or nobody has
            approved it, which was asked for then.
        KitchenBusy: the kitchen is being deleted.
        InvalidRequest: the reason cannot be kept.
    """
    check_may_enable(asked.by, asked.what, environment)
    check_reason(asked.reason)
    present = _present(asked, schedules)
    declared = _declared(asked, present, expected)
    if present.state is not ScheduleState.ENABLED:
        enabled = EnabledSchedule(
            pipeline=asked.pipeline,
            schedule=declared,
            enabled_by=asked.by.name,
            enabled_at=asked.now,
        )
        approval = _approved(asked, declared, environment, approvals)
        said = {"approved by": str(approval.answered_by)} if approval else {}
        entry = asked.entry(ENABLE, schedule=str(declared), **said)
        schedules.enable(asked.kitchen, enabled, audit=entry)
        if approval is not None:
            approvals.change(approval, replace(approval, state=ApprovalState.USED))
        present = _present(asked, schedules)
    registry.ask_for_parsing(asked.kitchen)
    return present


def disable(
    asked: ScheduleRequest,
    environment: ReleaseEnvironment,
    *,
    schedules: Schedules,
    registry: KitchenRegistry,
) -> None:
    """Disable a pipeline's schedule; one that is not enabled is no error.

    Raises:
        NotAllowed: the environment does not list the person, who does not own it either.
        PipelineNotFound: the kitchen has no such pipeline, and nothing of it is enabled.
        KitchenBusy: the kitchen is being deleted.
        InvalidRequest: the reason cannot be kept.
    """
    check_may_disable(asked.by, asked.what, environment)
    check_reason(asked.reason)
    present = _present(asked, schedules)
    if present.enabled is None:
        return
    entry = asked.entry(DISABLE, schedule=str(present.enabled.schedule))
    schedules.disable(asked.kitchen, asked.pipeline, audit=entry)
    registry.ask_for_parsing(asked.kitchen)


def change_code(
    asked: ScheduleRequest,
    new: schedule_edit.NewSchedule,
    *,
    branches: SourceBranches,
    audit_trail: AuditTrail,
    registry: KitchenRegistry,
) -> SourceChange:
    """Write a schedule into a pipeline's code, as a commit of the person on the kitchen's branch.

    Raises:
        InvalidRequest: it is no schedule, or the reason cannot be kept.
        InvalidName: no pipeline can be named so.
        KitchenError: the branch has no such pipeline.
        NotEditable: its file cannot be changed by a program; says the line.
        BranchMoved: somebody pushed meanwhile.
        OutsideSystemError: git or the repository refuses.
    """
    check_reason(asked.reason)
    if complaint := schedule_text.complaint(new.cron, new.timezone or "UTC"):
        raise InvalidRequest(complaint, field="schedule")
    paths = schedule_edit.files_of(names.check_pipeline_name(asked.pipeline))
    branch = asked.kitchen.branch

    def edit(path: str, content: bytes) -> bytes:
        return schedule_edit.edited(content, path=path, pipeline=asked.pipeline, new=new)

    change = branches.rewrite(branch, paths, edit, _authorship(asked, new))
    if change is None:
        message = f"branch {branch!r} has no {' and no '.join(paths)}; is it pushed?"
        raise KitchenError(message)
    if change.is_new:
        entry = asked.entry("set schedule", schedule=str(new), commit=change.commit)
        audit_trail.add(entry)
        registry.ask_for_parsing(asked.kitchen)
    return change


def _approved(
    asked: ScheduleRequest,
    declared: Schedule,
    environment: ReleaseEnvironment,
    approvals: ApprovalBook,
) -> Approval | None:
    """The approval of exactly this schedule; None where nobody has to approve it.

    Raises:
        ScheduleConflict: nobody has; it waits for that from now on.
    """
    listed = who_approves(environment, ApprovalOf.SCHEDULE)
    if not listed:
        return None
    kitchen, exactly = asked.kitchen, str(declared)
    of = ApprovalOf.SCHEDULE
    one = approvals.open_one(kitchen, of, subject=asked.pipeline, exactly=exactly)
    if one is not None and one.state is ApprovalState.APPROVED:
        return one
    if one is None:
        new = Approval(
            id=asked.request_id,
            kitchen_id=kitchen.id,
            kitchen=kitchen.name,
            of=of,
            subject=asked.pipeline,
            exactly=exactly,
            asked_by=asked.by.name,
            asked_at=asked.now,
            reason=asked.reason,
        )
        entry = asked.entry(ASKS, exactly=exactly, approval=new.id)
        one = approvals.ask(new, kitchen, audit=entry)
    message = f"{asked.what} is not enabled as {exactly}: {waits(one, listed)}"
    raise ScheduleConflict(message)


def _present(asked: ScheduleRequest, schedules: Schedules) -> PipelineSchedule:
    check_pipeline(asked.pipeline)
    known = schedules.of([asked.kitchen])[asked.kitchen.id]
    for one in known:
        if one.pipeline == asked.pipeline:
            return one
    listed = [one.pipeline for one in known]
    raise PipelineNotFound(asked.pipeline, kitchen=asked.kitchen.name, known=listed)


def _declared(
    asked: ScheduleRequest, present: PipelineSchedule, expected: Schedule | None
) -> Schedule:
    declared = present.declared
    if declared is None:
        message = (
            f"{asked.what} cannot be enabled: the code that Airflow has read says none; write one "
            "with @pipeline(schedule=…), or with `airflow dataops schedule set`"
        )
        raise ScheduleConflict(message)
    if expected not in {None, declared}:
        message = (
            f"{asked.what} cannot be enabled as {str(expected)!r}: the code that Airflow has read "
            f"says {str(declared)!r}"
        )
        raise ScheduleConflict(message)
    # What a tag says was written by the kitchen's code.
    if complaint := schedule_text.complaint(declared.cron, declared.timezone):
        message = f"{asked.what} cannot be enabled: {complaint}"
        raise ScheduleConflict(message)
    return declared


def _authorship(asked: ScheduleRequest, new: schedule_edit.NewSchedule) -> Authorship:
    what = f"Set the schedule of {asked.pipeline} to {new}"
    if new.cron is None:
        what = f"Take the schedule of {asked.pipeline} away"
    message = f"{what}\n\n{asked.reason}" if asked.reason else what
    return Authorship(author=asked.by.name, message=message)
