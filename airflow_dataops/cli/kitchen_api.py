"""Bodies of the other ``airflow dataops kitchen`` commands, through the REST API."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from airflow_dataops.cli import facts
from airflow_dataops.cli.answers import command, show_drawing, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import (
    AuditAnswer,
    KitchenAnswer,
    MemberAnswer,
    OperationAnswer,
)
from airflow_dataops.cli.kitchen_request import ends_at, pipelines, staff
from airflow_dataops.domain import names
from airflow_dataops.domain.staff import check_who
from airflow_dataops.errors import RequestRefused, UsageError

_NOT_FOUND = 404


@command
def list_kitchens(arguments: Any) -> None:
    """Draw the tree of kitchens; with ``--local``, list what this host's database has."""
    if arguments.local:
        from airflow_dataops.cli import kitchen

        kitchen.list_kitchens(arguments)
        return
    with ApiClient.of_present_login() as api:
        kitchens = api.several(KitchenAnswer, "GET", "kitchens")
    if arguments.output == "table":
        show_drawing(facts.kitchen_tree(kitchens))
    else:
        ordered = sorted(kitchens, key=lambda kitchen: (kitchen.project, kitchen.name))
        show_table([facts.kitchen_row(kitchen) for kitchen in ordered], output=arguments.output)


@command
def show_kitchen(arguments: Any) -> None:
    """Show a kitchen, its staff, and the parts it has."""
    name = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        kitchen = api.one(KitchenAnswer, "GET", "kitchens", name)
        members = _staff(api, name)
        operation = _last_operation(api, name)
    if arguments.output not in {"table", "plain"}:
        row = {
            **facts.kitchen_row(kitchen),
            "staff": [facts.member_row(member) for member in members],
            "operation": None if operation is None else facts.operation_row(operation),
        }
        show_table([row], output=arguments.output)
        return
    show_table(facts.kitchen_facts(kitchen), output=arguments.output)
    show_table([facts.member_row(member) for member in members], output=arguments.output)
    if operation is not None:
        show_table(facts.operation_facts(operation), output=arguments.output)
        show_table(facts.step_rows(operation), output=arguments.output)


@command
def change_kitchen(arguments: Any) -> None:
    """Change a kitchen's settings, those that are named."""
    name = names.check_kitchen_name(arguments.kitchen)
    changes = _changes(arguments, now=datetime.now(tz=UTC))
    if not changes:
        message = "nothing to change was named; see `airflow dataops kitchen change --help`"
        raise UsageError(message)
    if arguments.reason:
        changes["reason"] = arguments.reason
    with ApiClient.of_present_login() as api:
        kitchen = api.one(KitchenAnswer, "PATCH", "kitchens", name, body=changes)
    if arguments.output in {"table", "plain"}:
        show_table(facts.kitchen_facts(kitchen), output=arguments.output)
    else:
        show_table([facts.kitchen_row(kitchen)], output=arguments.output)


@command
def refresh_kitchen(arguments: Any) -> None:
    """Have a kitchen's branch read now; with ``--local``, ask in this host's database."""
    if arguments.local:
        from airflow_dataops.cli import kitchen

        kitchen.refresh_kitchen(arguments)
        return
    name = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        api.json("POST", "kitchens", name, "refresh")
    print(f"kitchen {name}: its branch will be read now")


@command
def staff_kitchen(arguments: Any) -> None:
    """Put people on a kitchen's staff, take some off, and show who is on it."""
    name = names.check_kitchen_name(arguments.kitchen)
    added = staff(arguments.add or ())
    removed = [check_who(who) for who in arguments.remove or ()]
    if both := {member.who for member in added} & set(removed):
        message = f"{min(both)!r} is to be added and removed; name it once"
        raise UsageError(message)
    because = {"reason": arguments.reason} if arguments.reason else {}
    with ApiClient.of_present_login() as api:
        for member in added:
            body = {"role": str(member.role), **because}
            api.json("PUT", "kitchens", name, "staff", member.who, body=body)
        for who in removed:
            api.json("DELETE", "kitchens", name, "staff", who, query=because or None)
        members = _staff(api, name)
    show_table([facts.member_row(member) for member in members], output=arguments.output)


@command
def show_history(arguments: Any) -> None:
    """Show who did what to a kitchen."""
    name = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        entries = api.several(AuditAnswer, "GET", "kitchens", name, "history")
    is_for_people = arguments.output in {"table", "plain"}
    as_row = facts.history_row if is_for_people else facts.audit_row
    show_table([as_row(entry) for entry in entries], output=arguments.output)


def _staff(api: ApiClient, name: str) -> list[MemberAnswer]:
    return api.several(MemberAnswer, "GET", "kitchens", name, "staff")


def _last_operation(api: ApiClient, name: str) -> OperationAnswer | None:
    try:
        return api.one(OperationAnswer, "GET", "kitchens", name, "operation")
    except RequestRefused as error:
        if error.status != _NOT_FOUND:
            raise
        return None  # it was registered before operations were written down


def _changes(arguments: Any, *, now: datetime) -> dict[str, object]:
    """The settings that the options name; ``none`` takes a value away."""
    named = {name: getattr(arguments, name) for name in ("pinned", "shared")}
    named |= {name: getattr(arguments, name) for name in ("ticket", "slack_channel", "pipelines")}
    changes = {name: value for name, value in named.items() if value is not None}
    for name, word in (("ticket", "none"), ("slack_channel", "none"), ("pipelines", "all")):
        if changes.get(name) == word:
            changes[name] = None
    if changes.get("pipelines") is not None:
        changes["pipelines"] = list(pipelines(arguments.pipelines) or ())
    if arguments.ends == "never" and arguments.lasts is None:
        return {**changes, "ends_at": None}
    end = ends_at(arguments, now)
    return changes if end is None else {**changes, "ends_at": end.isoformat()}
