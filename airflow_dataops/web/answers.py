"""What people are answered: the domain's values as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from airflow_dataops.domain.provisioning import OperationKind, Progress
from airflow_dataops.domain.staff import Role
from airflow_dataops.services import janitor

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.provisioning import Operation
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.shown_code import ShownCode
    from airflow_dataops.domain.staff import Member
    from airflow_dataops.services.credentials import PersonsLogin
    from airflow_dataops.web.visit import Seen, Visit

_Answer = TypeVar("_Answer", bound="DataclassInstance")


@dataclass(frozen=True, kw_only=True)
class KitchenAnswer:
    """A kitchen, as who asks may see it."""

    id: str
    name: str
    project: str
    environment: str
    branch: str
    parent: str | None
    state: str
    created_at: datetime
    created_by: str
    schema: str
    prefix: str
    ends_at: datetime | None
    ends_soon: bool
    pinned: bool
    shared: bool
    ticket: str | None
    slack_channel: str | None
    pipelines: list[str] | None
    your_role: str | None


@dataclass(frozen=True, kw_only=True)
class PipelineAnswer:
    """A pipeline as Airflow has it: a run that begins now runs the code of this commit."""

    name: str
    dag_id: str
    commit: str | None
    parsed_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """The newest commit that Airflow shows of a kitchen, its pipelines, and what is broken."""

    commit: str | None
    pipelines: list[PipelineAnswer]
    error: str | None
    error_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class PushAnswer:
    """How many kitchens stand on the pushed branch, and are read now."""

    kitchens: int


@dataclass(frozen=True, kw_only=True)
class TicketCallAnswer:
    """How many pieces of work have the changed ticket, which is read soon."""

    works: int


@dataclass(frozen=True, kw_only=True)
class StaffAnswer:
    """Somebody on a staff."""

    who: str
    role: Role


@dataclass(frozen=True, kw_only=True)
class StepAnswer:
    """How far one part of a kitchen is made or unmade."""

    part: str
    kind: str
    tool: str | None
    what: str
    progress: Progress
    detail: str
    began_at: datetime | None
    ended_at: datetime | None


@dataclass(frozen=True, kw_only=True)
class OperationAnswer:
    """The creation or deletion of a kitchen; a deletion's steps are the inventory."""

    id: str
    kind: OperationKind
    kitchen: str
    environment: str
    progress: Progress
    attempt: int
    by: str
    reason: str | None
    began_at: datetime
    ended_at: datetime | None
    error: str | None
    steps: list[StepAnswer]


@dataclass(frozen=True, kw_only=True)
class AuditAnswer:
    """A deed; ``source`` is shown to staff and owners alone, and empty to others."""

    at: datetime
    by: str
    source: str
    action: str
    project: str
    environment: str
    kitchen_id: str | None
    kitchen: str | None
    reason: str | None
    details: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class ToolAnswer:
    """A tool that an environment declares."""

    name: str
    schema_per_kitchen: bool
    dynamic: bool
    bucket: str | None
    folder: str | None


@dataclass(frozen=True, kw_only=True)
class EnvironmentAnswer:
    """A release environment; where its vault is stays inside."""

    name: str
    project: str
    owner: str | None
    protected: bool
    base_kitchen: str
    queue: str | None
    schedules_enabled_by: list[str]
    tools: list[ToolAnswer]


@dataclass(frozen=True, kw_only=True)
class CredentialsAnswer:
    """A login of a kitchen's tool, issued to one person; given once and kept nowhere."""

    kitchen: str
    tool: str
    conn_type: str
    host: str | None
    port: int | None
    database: str | None
    schema: str | None
    login: str
    password: str = field(repr=False)
    ends_at: datetime


@dataclass(frozen=True, kw_only=True)
class PersonAnswer:
    """Who asks, as we know them."""

    name: str
    roles: list[str]
    owns: list[str]
    kitchens: dict[str, str]


def kitchen_answer(seen: Seen, visit: Visit) -> KitchenAnswer:
    """A kitchen."""
    kitchen, settings = seen.kitchen, seen.kitchen.settings
    return KitchenAnswer(
        id=kitchen.id,
        name=kitchen.name,
        project=kitchen.project,
        environment=kitchen.environment,
        branch=kitchen.branch,
        parent=seen.parent,
        state=kitchen.state,
        created_at=kitchen.created_at,
        created_by=kitchen.created_by,
        schema=kitchen.schema,
        prefix=kitchen.prefix,
        ends_at=settings.ends_at,
        ends_soon=janitor.ends_soon(
            kitchen,
            visit.environment(kitchen),
            now=visit.now,
            notice=visit.installation.notice,
        ),
        pinned=settings.pinned,
        shared=settings.shared,
        ticket=settings.ticket,
        slack_channel=settings.slack_channel,
        pipelines=None if settings.pipelines is None else list(settings.pipelines),
        your_role=seen.role,
    )


def code_answer(code: ShownCode, *, with_error: bool) -> CodeAnswer:
    """A kitchen's code; what is broken quotes the code, which is its staff's to read."""
    return CodeAnswer(
        commit=code.commit,
        pipelines=[_as_is(PipelineAnswer, shown) for shown in code.pipelines],
        error=code.error if with_error else None,
        error_at=code.error_at,
    )


def operation_answer(operation: Operation) -> OperationAnswer:
    """An operation with its steps."""
    kitchen = operation.kitchen
    steps = [
        _as_is(StepAnswer, step, part=part.name, kind=part.kind, tool=part.tool, what=part.what)
        for step in operation.steps
        for part in [step.part]
    ]
    return _as_is(
        OperationAnswer,
        operation,
        kitchen=kitchen.name,
        environment=kitchen.environment,
        steps=steps,
    )


def credentials_answer(login: PersonsLogin) -> CredentialsAnswer:
    """A person's login."""
    return _as_is(CredentialsAnswer, login)


def staff_answer(member: Member) -> StaffAnswer:
    """Somebody on a staff."""
    return _as_is(StaffAnswer, member)


def audit_answer(entry: AuditEntry, *, with_source: bool = True) -> AuditAnswer:
    """An entry of the audit trail."""
    source = entry.source if with_source else ""
    return _as_is(AuditAnswer, entry, source=source, details=dict(entry.details))


def environment_answer(environment: ReleaseEnvironment) -> EnvironmentAnswer:
    """A release environment with its tools."""
    return _as_is(
        EnvironmentAnswer,
        environment,
        base_kitchen=environment.base_kitchen.name,
        schedules_enabled_by=list(environment.schedules_enabled_by),
        tools=[_as_is(ToolAnswer, tool) for tool in environment.tools.values()],
    )


def _as_is(kind: type[_Answer], value: object, /, **other: object) -> _Answer:
    """An answer whose fields a domain value has under the same names, but for those given."""
    same = {f.name: getattr(value, f.name) for f in fields(kind) if f.name not in other}
    return kind(**same | other)
