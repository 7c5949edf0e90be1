"""Bodies of ``airflow dataops approval``, through the REST API."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time
from typing import Any

from pydantic import BaseModel, ConfigDict

from airflow_dataops.cli.answers import command, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import exactly, readably


class ApprovalAnswer(BaseModel):
    """Something that has to be approved, or was."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    what: str
    asked_by: str
    asked_at: datetime
    reason: str | None = None
    on: tuple[str, ...] = ()
    state: str


@command
def show_waiting(arguments: Any) -> None:
    """List what waits for approval."""
    with ApiClient.of_present_login() as api:
        found = api.several(ApprovalAnswer, "GET", "approvals")
    shown = readably if arguments.output in {"table", "plain"} else exactly
    rows = [
        {
            "approval": one.id,
            "what": one.what,
            "asked_by": one.asked_by,
            "asked_at": shown(one.asked_at),
            "reason": one.reason,
            "can_approve": list(one.on),
        }
        for one in found
    ]
    show_table(rows, output=arguments.output)


@command
def give(arguments: Any) -> None:
    """Approve what waits."""
    _answer(arguments, says_yes=True)


@command
def refuse(arguments: Any) -> None:
    """Refuse what waits."""
    _answer(arguments, says_yes=False)


def _answer(arguments: Any, *, says_yes: bool) -> None:
    body: dict[str, object] = {"approve": says_yes}
    if arguments.reason:
        body["reason"] = arguments.reason
    path = ("approvals", arguments.approval, "answer")
    with ApiClient.of_present_login() as api:
        done = api.one(ApprovalAnswer, "POST", *path, body=body)
    print(printable(f"{done.state}: {done.what}"))
    if says_yes:
        say_aside(f"it is done when {done.asked_by}, or whoever may, asks for it again")
