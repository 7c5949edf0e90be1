"""Which task asks: one of the platform's, or one of a kitchen's.

A person's token opens nothing here, and a task's nothing that is people's; what is the platform's
is closed to kitchens' tasks, and the other way round.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request

from airflow_dataops.domain.identity import KitchenTask
from airflow_dataops.errors import CredentialRefused

if TYPE_CHECKING:
    from airflow_dataops.secrets.task_tokens import TaskClaims

_RUNS = frozenset({"running"})
# The callbacks of a try that has ended run when its state is known already.
_RUNS_OR_ENDED = frozenset({"running", "success", "failed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportingTask:
    """A kitchen's task that tells something about itself."""

    task: KitchenTask
    task_instance: str


def asking_task(request: Request) -> KitchenTask:
    """The task that asks: of the platform, and the try that its token was minted for runs.

    Raises:
        CredentialRefused: whoever asks is no such task, or is none any more.
    """
    claims, task = _task_of(request)
    if task is None or not task.is_platforms or task.environment != claims.environment:
        message = f"{claims.dag_id} is no task that makes kitchens"
        raise CredentialRefused(message)
    _check_try(task, claims, _RUNS)
    return task


def reporting_task(request: Request) -> ReportingTask:
    """The kitchen's task that asks, in the try that its token was minted for.

    Raises:
        CredentialRefused: whoever asks is no such task, or is none any more.
    """
    claims, task = _task_of(request)
    if task is None or task.is_platforms or task.kitchen_id != claims.kitchen_id:
        message = f"{claims.dag_id} is no task of a kitchen, or not of the one it was"
        raise CredentialRefused(message)
    _check_try(task, claims, _RUNS_OR_ENDED)
    return ReportingTask(task=task, task_instance=claims.task_instance)


def _task_of(request: Request) -> tuple[TaskClaims, KitchenTask | None]:
    from airflow_dataops import bootstrap
    from airflow_dataops.secrets import task_tokens

    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        message = "bring the token of the connection dataops: Authorization: Bearer <token>"
        raise CredentialRefused(message)
    claims = task_tokens.read(token.strip())
    request.state.asker = claims.dag_id
    # Asked anew: what the task was when it got its token, it need not be any more.
    return claims, bootstrap.identify(claims.task_instance)


def _check_try(task: KitchenTask, claims: TaskClaims, states: frozenset[str]) -> None:
    if task.state not in states or task.try_number != claims.try_number:
        message = (
            f"try {claims.try_number} of {task.dag_id} {task.task_id} does not run any more: it is "
            f"{task.state}, in try {task.try_number}"
        )
        raise CredentialRefused(message)


AskingTask = Annotated[KitchenTask, Depends(asking_task)]
PresentReporter = Annotated[ReportingTask, Depends(reporting_task)]
