"""What the REST API answers, as far as the commands show it.

Read leniently: a newer server may say more than this command line knows of.
"""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads the annotations when it runs
from typing import Any

from pydantic import BaseModel, ConfigDict, Field


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class KitchenAnswer(_Answer):
    """A kitchen, as far as the asking person may see it."""

    id: str
    name: str
    project: str
    environment: str
    branch: str
    parent: str | None = None
    state: str
    created_at: datetime
    created_by: str
    # ``schema`` is a name of pydantic's own.
    schema_name: str = Field(default="", alias="schema")
    prefix: str = ""
    ends_at: datetime | None = None
    pinned: bool = False
    shared: bool = True
    ticket: str | None = None
    slack_channel: str | None = None
    pipelines: tuple[str, ...] | None = None
    your_role: str | None = None


class PipelineAnswer(_Answer):
    """A pipeline as Airflow has it."""

    name: str
    dag_id: str
    commit: str | None = None
    parsed_at: datetime | None = None


class CodeAnswer(_Answer):
    """A kitchen's code as Airflow has it."""

    commit: str | None = None
    pipelines: tuple[PipelineAnswer, ...] = ()
    error: str | None = None
    error_at: datetime | None = None


class RunAnswer(_Answer):
    """Airflow's own answer about a run."""

    dag_id: str
    dag_run_id: str
    state: str
    duration: float | None = None


class TaskAnswer(_Answer):
    """Airflow's own answer about a task of a run."""

    task_id: str
    map_index: int = -1
    try_number: int = 0
    state: str | None = None
    duration: float | None = None
    end_date: str | None = None

    @property
    def shown_as(self) -> str:
        """Its name, with its place where it is one of several."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"


class MemberAnswer(_Answer):
    """Somebody on a staff."""

    who: str
    role: str


class StepAnswer(_Answer):
    """One part of a kitchen within an operation."""

    part: str
    kind: str = ""
    tool: str | None = None
    what: str = ""
    progress: str
    detail: str | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None


class OperationAnswer(_Answer):
    """The creation or deletion of a kitchen."""

    id: str
    kind: str
    kitchen: str
    environment: str = ""
    progress: str
    attempt: int = 1
    by: str = ""
    reason: str | None = None
    began_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None
    steps: tuple[StepAnswer, ...] = ()

    @property
    def is_over(self) -> bool:
        """Whether nothing is left to do."""
        return self.progress == "done"

    @property
    def has_failed(self) -> bool:
        """Whether its last attempt ended early."""
        return self.progress == "failed"


class AuditAnswer(_Answer):
    """One deed of the audit trail."""

    at: datetime
    by: str
    source: str | None = None
    action: str
    project: str = ""
    environment: str = ""
    kitchen_id: str | None = None
    kitchen: str | None = None
    reason: str | None = None
    details: dict[str, Any] | None = None


class ScheduleAnswer(_Answer):
    """A pipeline's schedule in a kitchen."""

    kitchen: str
    environment: str = ""
    pipeline: str
    schedule: str | None = None
    timezone: str | None = None
    state: str
    is_paused: bool = False
    next_run_at: datetime | None = None
    enabled_schedule: str | None = None
    enabled_by: str | None = None
    enabled_at: datetime | None = None


class SourceChangeAnswer(_Answer):
    """What became of a change of a pipeline's file."""

    kitchen: str
    pipeline: str
    branch: str
    path: str
    commit: str
    is_new: bool


class TokenAnswer(_Answer):
    """Airflow's own answer to a login."""

    access_token: str


class MeAnswer(_Answer):
    """Who the API takes the asking person for."""

    name: str


class ToolAnswer(_Answer):
    """A tool that an environment declares."""

    name: str
    schema_per_kitchen: bool = False
    dynamic: bool = False


class EnvironmentAnswer(_Answer):
    """A release environment with its tools."""

    name: str
    tools: tuple[ToolAnswer, ...] = ()


class CredentialsAnswer(_Answer):
    """A login of a kitchen's tool, issued to one person."""

    tool: str = ""
    conn_type: str = ""
    host: str | None = None
    port: int | None = None
    database: str | None = None
    schema_name: str | None = Field(default=None, alias="schema")
    login: str | None = None
    password: str | None = Field(default=None, repr=False)
    ends_at: datetime | None = None


class AlertAnswer(_Answer):
    """Something that people were told of, or are to be told of."""

    at: datetime
    kind: str
    environment: str = ""
    kitchen: str | None = None
    what: str
    state: str
    channel: str | None = None
    sent_at: datetime | None = None
    attempts: int = 0
    error: str | None = None
