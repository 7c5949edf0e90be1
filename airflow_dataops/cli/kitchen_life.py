"""Bodies of ``kitchen create`` and ``delete`` and of ``operation show``, through the REST API."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_dataops.cli import facts
from airflow_dataops.cli.answers import INTERRUPTED, command, fail, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import KitchenAnswer, OperationAnswer
from airflow_dataops.cli.kitchen_request import kitchen_request
from airflow_dataops.cli.patience import SERVERS_FAULT
from airflow_dataops.cli.progress import Journey, display_on
from airflow_dataops.domain import names
from airflow_dataops.errors import DataOpsError, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.services.kitchens import KitchenRequest


@command
def create_kitchen(arguments: Any) -> None:
    """Create a kitchen and follow its steps; with ``--local``, take them here."""
    if arguments.local:
        from airflow_dataops.cli import kitchen

        kitchen.create_kitchen(arguments)
        return
    asked = kitchen_request(arguments, now=datetime.now(tz=UTC))
    names.check_kitchen_name(asked.name)
    body = _body(asked, arguments.reason)
    with ApiClient.of_present_login() as api:
        operation = _carry_through(
            arguments, api, lambda: api.one(OperationAnswer, "POST", "kitchens", body=body)
        )
    if not _is_for_people(arguments):
        show_table([facts.operation_row(operation)], output=arguments.output)
    elif operation.is_over:
        print(f"kitchen {operation.kitchen} is ready in {operation.environment}{_took(operation)}")


@command
def delete_kitchen(arguments: Any) -> None:
    """Delete a kitchen and show what is gone with it; with ``--local``, take the steps here."""
    if arguments.local:
        from airflow_dataops.cli import kitchen

        kitchen.delete_kitchen(arguments)
        return
    name = names.check_kitchen_name(arguments.kitchen)
    query = {"reason": arguments.reason} if arguments.reason else None
    with ApiClient.of_present_login() as api:
        if not arguments.yes and sys.stdin.isatty():
            _confirm(api.one(KitchenAnswer, "GET", "kitchens", name))
        operation = _carry_through(
            arguments,
            api,
            lambda: api.one(OperationAnswer, "DELETE", "kitchens", name, query=query),
        )
    if not _is_for_people(arguments):
        show_table([facts.operation_row(operation)], output=arguments.output)
    elif operation.is_over:
        print(f"inventory of kitchen {operation.kitchen}:")
        show_table(facts.inventory(operation), output=arguments.output)
        print(f"deleted kitchen {operation.kitchen}{_took(operation)}")


@command
def show_operation(arguments: Any) -> None:
    """Show a creation or deletion with its steps."""
    with ApiClient.of_present_login() as api:
        operation = api.one(OperationAnswer, "GET", "operations", arguments.operation)
    if not _is_for_people(arguments):
        show_table([facts.operation_row(operation)], output=arguments.output)
        return
    show_table(facts.operation_facts(operation), output=arguments.output)
    show_table(facts.step_rows(operation), output=arguments.output)


def _carry_through(
    arguments: Any, api: ApiClient, request: Callable[[], OperationAnswer]
) -> OperationAnswer:
    """The operation when it is over or, with ``--no-wait``, as it was begun.

    Ends the command where neither is to be had.
    """
    display = display_on(sys.stdout if _is_for_people(arguments) else sys.stderr)
    journey = Journey(
        request=request,
        look=lambda operation: api.one(OperationAnswer, "GET", "operations", operation),
        display=display,
    )
    try:
        with display:
            operation = journey.begin() if arguments.no_wait else journey.end()
    except KeyboardInterrupt:
        _stop_watching(arguments, journey.operation)
    except DataOpsError as error:
        is_begun = isinstance(error, RequestRefused) and error.status >= SERVERS_FAULT
        if journey.operation is None and not is_begun:
            raise
        fail(f"{error}\n{_way_on(arguments, journey.operation)}")
    if operation.has_failed or not (operation.is_over or arguments.no_wait):
        why = operation.error or "no sign of progress; its workers may be down or busy"
        fail(
            f"{operation.kind} kitchen {operation.kitchen}: {why}\n{_way_on(arguments, operation)}"
        )
    if not operation.is_over:
        say_aside(f"under way; look with `airflow dataops operation show {operation.id}`")
    return operation


def _stop_watching(arguments: Any, operation: OperationAnswer | None) -> NoReturn:
    if operation is None:
        say_aside(f"stopped; it may have been begun: {_way_on(arguments, None)}")
    else:
        say_aside(f"stopped watching; the work goes on. {_way_on(arguments, operation)}")
    sys.exit(INTERRUPTED)


def _way_on(arguments: Any, operation: OperationAnswer | None) -> str:
    look = (
        f"kitchen show {arguments.kitchen}"
        if operation is None
        else f"operation show {operation.id}"
    )
    return f"Look with `airflow dataops {look}`; the same command again goes on from there."


def _confirm(kitchen: KitchenAnswer) -> None:
    """Ask whether the person means it; ends the command if not."""
    say_aside(
        f"kitchen {kitchen.name} of {kitchen.environment}: its branch {kitchen.branch}, its schema "
        f"{kitchen.schema_name} and all it holds will be gone for good"
    )
    print(f"Delete kitchen {kitchen.name}? [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in {"y", "yes"}:
        fail("nothing was deleted")


def _body(asked: KitchenRequest, reason: str | None) -> dict[str, object]:
    """What the API takes for a new kitchen; only what was asked for, so that defaults are its."""
    settings = asked.settings
    body = {
        "name": asked.name,
        "parent": asked.parent,
        "environment": asked.environment,
        "ends_at": facts.exactly(settings.ends_at),
        "ticket": settings.ticket,
        "slack_channel": settings.slack_channel,
        "pipelines": None if settings.pipelines is None else list(settings.pipelines),
        "reason": reason,
    }
    given = {name: value for name, value in body.items() if value is not None}
    staff = [{"who": member.who, "role": str(member.role)} for member in asked.staff]
    return {**given, "pinned": settings.pinned, "shared": settings.shared, "staff": staff}


def _is_for_people(arguments: Any) -> bool:
    """Whether a person reads it, or a program that wants nothing else on standard output."""
    return arguments.output in {"table", "plain"}


def _took(operation: OperationAnswer) -> str:
    if operation.began_at is None or operation.ended_at is None:
        return ""
    return f", after {(operation.ended_at - operation.began_at).total_seconds():.0f} s"
