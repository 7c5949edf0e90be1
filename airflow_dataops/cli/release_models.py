"""What the REST API answers about releases, as the command line reads it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time

from pydantic import BaseModel, ConfigDict

from airflow_dataops.cli.api_models import ScheduleAnswer  # noqa: TC001 - pydantic reads it


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class CommitAnswer(_Answer):
    """A commit that is not in the parent yet."""

    id: str
    author: str
    at: datetime
    title: str


class ReleasePipelineAnswer(_Answer):
    """A pipeline that would come."""

    pipeline: str
    change: str
    standing: str | None = None


class WaitingAnswer(_Answer):
    """Somebody has to do something."""

    what: str
    on: tuple[str, ...] = ()
    about: str = ""
    since: datetime | None = None


class DeliveryAnswer(_Answer):
    """What a kitchen has that its parent has not."""

    kitchen: str
    environment: str
    ticket: str | None = None
    into: str
    ours: str
    theirs: str
    number: int
    commits: tuple[CommitAnswer, ...] = ()
    conflicts: int = 0
    pipelines: tuple[ReleasePipelineAnswer, ...] = ()
    waiting: tuple[WaitingAnswer, ...] = ()


class WaitingScheduleAnswer(_Answer):
    """A schedule that nobody has enabled as the code says it."""

    schedule: ScheduleAnswer
    waiting: WaitingAnswer


class ReleaseAnswer(_Answer):
    """What is on its way into an environment."""

    environment: str
    deliveries: tuple[DeliveryAnswer, ...] = ()
    schedules: tuple[WaitingScheduleAnswer, ...] = ()
    left_out: tuple[str, ...] = ()
