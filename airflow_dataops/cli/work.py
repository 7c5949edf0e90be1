"""Bodies of ``airflow dataops work`` and ``kitchen hand-off``, through the REST API."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import readably
from airflow_dataops.cli.work_models import WorkAnswer
from airflow_dataops.domain import names
from airflow_dataops.domain.work import lasting

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.cli.work_models import StayAnswer


@command
def list_work(arguments: Any) -> None:
    """Show where each piece of work stands."""
    query = {"all": "true"} if arguments.all else {}
    with ApiClient.of_present_login() as api:
        found = api.several(WorkAnswer, "GET", "work", query=query)
    if arguments.output == "json":
        print(json.dumps([one.model_dump(mode="json") for one in found], indent=2))
        return
    show_table([_row(one) for one in found], output=arguments.output)
    say_about_tickets(found)


@command
def show_work(arguments: Any) -> None:
    """Show each step that a piece of work took."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        found = api.one(WorkAnswer, "GET", "kitchens", kitchen, "work")
    _show(found, arguments.output)


@command
def hand_off(arguments: Any) -> None:
    """Hand the work of a kitchen to somebody."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    body = {"to": arguments.to, "note": arguments.note}
    with ApiClient.of_present_login() as api:
        found = api.one(WorkAnswer, "PUT", "kitchens", kitchen, "work", "assignee", body=body)
    _show(found, arguments.output)


def _show(found: WorkAnswer, output: str) -> None:
    if output == "json":
        print(json.dumps([found.model_dump(mode="json")], indent=2))
        return
    show_table([_stay_row(one) for one in found.stays], output=output)
    if found.cycle_seconds is not None:
        took = lasting(timedelta(seconds=found.cycle_seconds))
        say_aside(f"from the order to the enabled schedule: {took}")
    say_about_tickets([found])


def say_about_tickets(found: Iterable[WorkAnswer]) -> None:
    """Say where tickets are not in step with their work."""
    for one in found:
        for sentence in one.about_ticket:
            say_aside(printable(sentence))


def _row(one: WorkAnswer) -> dict[str, object]:
    return {
        "kitchen": one.kitchen,
        "ticket": one.ticket or "",
        "step": one.step,
        "at": one.at or "",
        "assignee": one.assignee,
        "since": readably(one.since),
        "for": "" if one.is_over else lasting(timedelta(seconds=one.standing_seconds)),
        "cycle_time": (
            "" if one.cycle_seconds is None else lasting(timedelta(seconds=one.cycle_seconds))
        ),
    }


def _stay_row(one: StayAnswer) -> dict[str, object]:
    is_over = one.step in {"scheduled", "dropped"}
    return {
        "step": one.step,
        "at": one.kitchen or "",
        "assignee": one.assignee,
        "by": one.by,
        "began": readably(one.began_at),
        "for": "" if is_over else lasting(timedelta(seconds=one.seconds)),
        "note": one.note or "",
    }
