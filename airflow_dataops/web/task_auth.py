"""Which of the platform's tasks asks.

A person's token opens nothing here, and a task's nothing that is people's.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from airflow_dataops.domain.identity import KitchenTask
from airflow_dataops.errors import CredentialRefused

_STATE = "running"


def asking_task(request: Request) -> KitchenTask:
    """The task that asks: of the platform, and the try that its token was minted for runs.

    Raises:
        CredentialRefused: whoever asks is no such task, or is none any more.
    """
    from airflow_dataops import bootstrap
    from airflow_dataops.secrets import task_tokens

    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        message = "bring the token of the connection dataops: Authorization: Bearer <token>"
        raise CredentialRefused(message)
    claims = task_tokens.read(token.strip())
    # Asked anew: what the task was when it got its token, it need not be any more.
    task = bootstrap.identify(claims.task_instance)
    if task is None or not task.is_platforms or task.environment != claims.environment:
        message = f"{claims.dag_id} is no task that makes kitchens"
        raise CredentialRefused(message)
    if task.state != _STATE or task.try_number != claims.try_number:
        message = (
            f"try {claims.try_number} of {task.dag_id} {task.task_id} does not run any more: it is "
            f"{task.state}, in try {task.try_number}"
        )
        raise CredentialRefused(message)
    return task


AskingTask = Annotated[KitchenTask, Depends(asking_task)]
