"""What a kitchen consists of, part by part, and how far making or unmaking it has come.

``parts_of`` is the only list of parts: creating walks it forwards and deleting backwards, the
inventory shows it, and a test kills the process after each of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.release_environment import ReleaseEnvironment, Tool


class PartKind(StrEnum):
    """What a part is; the value begins its name."""

    BRANCH = "branch"
    ACCESS = "access"
    SECRETS = "secrets"
    DATABASE_ROLE = "database_role"
    SCHEMA = "schema"
    VAULT_ROLE = "vault_role"
    CREDENTIAL = "credential"
    PREFIX = "prefix"
    FOLDER = "folder"


# The rest is made on the environment's own workers, which alone reach its tools.
MADE_BY_SERVER = frozenset({PartKind.BRANCH, PartKind.ACCESS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something outside that belongs to one kitchen.

    Attributes:
        tool: the tool that it is in; None for what is in no tool.
        what: its own name there.
    """

    kind: PartKind
    tool: str | None
    what: str

    @property
    def name(self) -> str:
        """Names the part within its kitchen: ``schema:redshift``, ``branch``."""
        return self.kind.value if self.tool is None else f"{self.kind}:{self.tool}"

    @property
    def is_made_by_server(self) -> bool:
        """Whether the API server makes it, or else the environment's workers."""
        return self.kind in MADE_BY_SERVER


class OperationKind(StrEnum):
    """What is done to a kitchen as a whole."""

    CREATE = "create"
    DELETE = "delete"


class Progress(StrEnum):
    """How far an operation or one of its steps has come."""

    PENDING = "pending"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """One part within an operation; ``detail`` says what was found or done, never a secret."""

    part: Part
    progress: Progress = Progress.PENDING
    detail: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """The creation or deletion of one kitchen.

    Attributes:
        attempt: counts from 1; whoever works for an earlier attempt is told to stop.
        run_id: the provisioning run of this attempt; None before it was started.
        steps: in the order in which they are done.
        error: why the last attempt ended early.
    """

    id: str
    kind: OperationKind
    kitchen: Kitchen
    by: str
    reason: str | None
    began_at: datetime
    attempt: int = 1
    run_id: str | None = None
    progress: Progress = Progress.RUNNING
    ended_at: datetime | None = None
    error: str | None = None
    steps: tuple[StepProgress, ...] = field(default=())

    @property
    def is_over(self) -> bool:
        """Whether it came to its end, or was ended by a deletion; nobody can go on with it."""
        return self.ended_at is not None

    def left(self) -> list[Part]:
        """Parts that are not done yet, in order."""
        return [step.part for step in self.steps if step.progress is not Progress.DONE]


def parts_of(kitchen: Kitchen, environment: ReleaseEnvironment) -> list[Part]:
    """Every part of a kitchen, in the order in which they are made.

    A base kitchen works with its environment's own logins, in places that may have been there
    before it; it has a branch and schemas only.

    Raises:
        ValueError: the environment is not the kitchen's.
    """
    if environment.name != kitchen.environment:
        message = f"kitchen {kitchen.name} is not of environment {environment.name}"
        raise ValueError(message)
    is_base = kitchen.name == environment.base_kitchen.name
    parts = [
        Part(kind=PartKind.BRANCH, tool=None, what=kitchen.branch),
        Part(kind=PartKind.ACCESS, tool=None, what=names.access_role(kitchen.name, "cook")),
    ]
    if environment.tools and not is_base:
        place = names.kitchen_secrets(kitchen.name)
        parts.append(Part(kind=PartKind.SECRETS, tool=None, what=place))
    for tool in environment.tools.values():
        parts += _parts_in(tool, kitchen, environment.name, is_base=is_base)
    return parts


def _parts_in(tool: Tool, kitchen: Kitchen, environment: str, *, is_base: bool) -> Iterator[Part]:
    def part(kind: PartKind, what: str) -> Part:
        return Part(kind=kind, tool=tool.name, what=what)

    if tool.schema_per_kitchen:
        if is_base:
            yield part(PartKind.SCHEMA, kitchen.schema)
        else:
            yield part(PartKind.DATABASE_ROLE, names.database_role(kitchen.name))
            yield part(PartKind.SCHEMA, kitchen.schema)
            if tool.dynamic:
                what = names.vault_role(environment, kitchen.name, tool.name)
                yield part(PartKind.VAULT_ROLE, what)
            else:
                what = names.kitchen_secret(kitchen.name, tool.name)
                yield part(PartKind.CREDENTIAL, what)
    if tool.bucket is not None and not is_base:
        yield part(PartKind.PREFIX, f"{tool.bucket}/{kitchen.prefix}")
    if tool.folder is not None and not is_base:
        yield part(PartKind.FOLDER, names.folder(tool.folder, kitchen.name))
