"""Bodies of ``airflow dataops schedule``, through the REST API."""

from __future__ import annotations

from typing import Any

from airflow_dataops.cli.answers import command, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import ScheduleAnswer, SourceChangeAnswer
from airflow_dataops.cli.facts import exactly, readably
from airflow_dataops.domain import names
from airflow_dataops.domain.schedule import check_pipeline
from airflow_dataops.errors import UsageError


@command
def list_schedules(arguments: Any) -> None:
    """List the pipelines of a kitchen, or of all that one may see, with their schedules."""
    path = ["schedules"]
    if arguments.kitchen is not None:
        path = ["kitchens", names.check_kitchen_name(arguments.kitchen), "schedules"]
    with ApiClient.of_present_login() as api:
        found = api.several(ScheduleAnswer, "GET", *path)
    as_row = _readable_row if _is_for_people(arguments) else _row
    show_table([as_row(one) for one in found], output=arguments.output)


@command
def set_schedule(arguments: Any) -> None:
    """Write a schedule into a pipeline's code, or take it away."""
    if (arguments.cron is None) != arguments.takes_away:
        message = "give a cron expression such as '0 6 * * 1', or --none to take it away"
        raise UsageError(message, field="cron")
    body: dict[str, object] = {"schedule": arguments.cron, **_reason(arguments)}
    if arguments.timezone is not None:
        body["timezone"] = arguments.timezone
    with ApiClient.of_present_login() as api:
        change = api.one(SourceChangeAnswer, "PUT", *_place(arguments), body=body)
    if _is_for_people(arguments):
        done = "wrote" if change.is_new else "found it so already in"
        print(f"{done} {change.path} on branch {change.branch}, commit {change.commit}")
        if change.is_new:
            say_aside("it is inert until somebody enables it; git pull brings it to your clone")
        return
    show_table([change.model_dump()], output=arguments.output)


@command
def enable_schedule(arguments: Any) -> None:
    """Have a pipeline run on the schedule that its code says."""
    body = _reason(arguments)
    if arguments.schedule is not None:
        body |= {"schedule": arguments.schedule, "timezone": arguments.timezone or "UTC"}
    elif arguments.timezone is not None:
        message = "--timezone says in which timezone --schedule is; give both"
        raise UsageError(message, field="timezone")
    with ApiClient.of_present_login() as api:
        enabled = api.one(ScheduleAnswer, "POST", *_place(arguments), "enable", body=body)
    as_row = _readable_row if _is_for_people(arguments) else _row
    show_table([as_row(enabled)], output=arguments.output)
    if enabled.is_paused:
        say_aside("it is paused in Airflow, which holds it back until somebody unpauses it there")


@command
def disable_schedule(arguments: Any) -> None:
    """Have a pipeline run by hand alone."""
    with ApiClient.of_present_login() as api:
        api.json("POST", *_place(arguments), "disable", body=_reason(arguments))
    print(f"{arguments.kitchen}.{arguments.pipeline} runs by hand alone")


def _place(arguments: Any) -> tuple[str, ...]:
    kitchen = names.check_kitchen_name(arguments.kitchen)
    return ("kitchens", kitchen, "schedules", check_pipeline(arguments.pipeline))


def _reason(arguments: Any) -> dict[str, object]:
    return {"reason": arguments.reason} if arguments.reason else {}


def _is_for_people(arguments: Any) -> bool:
    return arguments.output in {"table", "plain"}


def _row(one: ScheduleAnswer) -> dict[str, object]:
    """A pipeline's schedule, for programs."""
    return {
        "kitchen": one.kitchen,
        "environment": one.environment,
        "pipeline": one.pipeline,
        "schedule": one.schedule,
        "timezone": one.timezone,
        "state": one.state,
        "is_paused": one.is_paused,
        "next_run_at": exactly(one.next_run_at),
        "enabled_schedule": one.enabled_schedule,
        "enabled_by": one.enabled_by,
        "enabled_at": exactly(one.enabled_at),
    }


def _readable_row(one: ScheduleAnswer) -> dict[str, object]:
    """The same, for people."""
    state = f"{one.state}, paused in Airflow" if one.is_paused else one.state
    return {
        "kitchen": one.kitchen,
        "pipeline": one.pipeline,
        "declared": f"{one.schedule} {one.timezone}" if one.schedule else "",
        "state": state,
        "next_run": readably(one.next_run_at),
        "enabled": f"{one.enabled_schedule} by {one.enabled_by}" if one.enabled_by else "",
        "enabled_at": readably(one.enabled_at),
    }
