"""What the platform's own tasks ask and report, each for its own environment alone."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Depends, Query, Request

from airflow_dataops.domain import names
from airflow_dataops.domain.provisioning import Part, Progress
from airflow_dataops.errors import CredentialRefused, InvalidRequest, OperationNotFound, Superseded
from airflow_dataops.services import kitchens
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.identifiers import checked_id
from airflow_dataops.web.janitor_round import make_round
from airflow_dataops.web.schemas import Attempt, EndOperation, FailOperation, ReportStep
from airflow_dataops.web.task_auth import AskingTask
from airflow_dataops.web.visit import installation_of

if TYPE_CHECKING:
    from airflow_dataops.domain.provisioning import Operation
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.services.kitchens import Places

router = APIRouter(tags=["tasks"])
_VAULT_FACTS = ("kind", "url", "mount", "database_mount", "timeout_seconds")


@dataclass(frozen=True, kw_only=True)
class PartAnswer:
    """A part that is left to make or unmake."""

    kind: str
    tool: str | None
    what: str


@dataclass(frozen=True, kw_only=True)
class WorkAnswer:
    """What is left of an operation; ``kitchen`` has all of the kitchen's fields.

    Attributes:
        environment: what a worker has to know of it: workers have no environments file.
    """

    id: str
    kind: str
    attempt: int
    kitchen: dict[str, Any]
    environment: dict[str, Any]
    left: list[PartAnswer]


@dataclass(frozen=True, kw_only=True)
class RoundAnswer:
    """What came of a janitor's round, by kitchens' names."""

    warned: list[str]
    deleted: list[str]
    resumed: list[str]
    waiting: dict[str, list[str]]
    failed: dict[str, str]


@router.get("/operations/{operation_id}")
def show_work(
    request: Request, task: AskingTask, operation_id: str, attempt: Annotated[Attempt, Query()]
) -> WorkAnswer:
    """What is left to do for an attempt."""
    operation, places = _attempt(operation_id, attempt, task, request)
    kitchen = asdict(operation.kitchen)
    environment = places.projects.environment(operation.kitchen.environment)
    left = [
        PartAnswer(kind=part.kind, tool=part.tool, what=part.what)
        for part in operation.left()
        if not part.is_made_by_server
    ]
    return WorkAnswer(
        id=operation.id,
        kind=operation.kind,
        attempt=operation.attempt,
        kitchen=kitchen,
        environment=_for_workers(environment),
        left=left,
    )


@router.post(
    "/operations/{operation_id}/steps",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(ReportStep),
)
def report_step(
    request: Request,
    task: AskingTask,
    operation_id: str,
    body: Annotated[ReportStep, Depends(body_of(ReportStep))],
) -> None:
    """Note how far an attempt has come with one part."""
    operation, places = _attempt(operation_id, body.attempt, task, request)
    part = _part(operation, body.part)
    places.operations.step(operation, part, Progress(body.progress), detail=body.detail)


@router.post(
    "/operations/{operation_id}/end",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(EndOperation),
)
def end_operation(
    request: Request,
    task: AskingTask,
    operation_id: str,
    body: Annotated[EndOperation, Depends(body_of(EndOperation))],
) -> None:
    """End an operation of which nothing is left."""
    operation, places = _attempt(operation_id, body.attempt, task, request)
    if left := operation.left():
        message = f"operation {operation.id} cannot end: {left[0].name} is left"
        raise InvalidRequest(message, field="attempt")
    kitchens.finish(operation, _occasion(task), places)


@router.post(
    "/operations/{operation_id}/failed",
    status_code=HTTPStatus.NO_CONTENT,
    openapi_extra=described(FailOperation),
)
def fail_operation(
    request: Request,
    task: AskingTask,
    operation_id: str,
    body: Annotated[FailOperation, Depends(body_of(FailOperation))],
) -> None:
    """Note why an attempt ended early; another can follow."""
    operation, places = _attempt(operation_id, body.attempt, task, request)
    places.operations.failed(operation, error=body.error)


@router.post("/janitor")
def look_after_kitchens(request: Request, task: AskingTask) -> RoundAnswer:
    """Warn about, delete and go on with what is due in the task's environment."""
    _check_dag(task, names.janitor_dag(task.environment))
    installation = installation_of(request)
    done = make_round(task.environment, installation, now=datetime.now(tz=UTC))
    return RoundAnswer(
        warned=list(done.warned),
        deleted=list(done.deleted),
        resumed=list(done.resumed),
        waiting={name: list(children) for name, children in done.waiting.items()},
        failed=dict(done.failed),
    )


def _attempt(
    operation_id: str, attempt: int, task: AskingTask, request: Request
) -> tuple[Operation, Places]:
    """An operation of the task's environment, if this attempt is the present one."""
    _check_dag(task, names.provision_dag(task.environment))
    installation = installation_of(request)
    operation = installation.operations.operation(checked_id(operation_id))
    if operation.kitchen.environment != task.environment:
        raise OperationNotFound(operation_id)
    if operation.attempt != attempt or operation.is_over:
        message = (
            f"attempt {attempt} at operation {operation.id} is not the present one: it is "
            + ("over" if operation.is_over else f"in attempt {operation.attempt}")
        )
        raise Superseded(message)
    # The tables check the attempt once more, in the transaction that writes.
    return operation, installation.places(operation.kitchen.project)


def _part(operation: Operation, name: str) -> Part:
    for step in operation.steps:
        if step.part.name == name and not step.part.is_made_by_server:
            return step.part
    message = f"operation {operation.id} has no part {name[:80]!r} that workers make"
    raise InvalidRequest(message, field="part")


def _for_workers(environment: ReleaseEnvironment) -> dict[str, Any]:
    vault = asdict(environment.vault)
    return {
        "base_kitchen": asdict(environment.base_kitchen),
        "tools": [asdict(tool) for tool in environment.tools.values()],
        # Without where the server's own login is: a worker has another one.
        "vault": {name: vault[name] for name in _VAULT_FACTS},
    }


def _check_dag(task: AskingTask, needed: str) -> None:
    if task.dag_id != needed:
        message = f"{task.dag_id} may not ask this; it is for {needed}"
        raise CredentialRefused(message)


def _occasion(task: AskingTask) -> kitchens.Occasion:
    return kitchens.Occasion(by=task.dag_id, now=datetime.now(tz=UTC), source=f"task {task.dag_id}")
