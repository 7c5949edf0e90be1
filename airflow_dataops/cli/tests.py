"""Bodies of ``airflow dataops tests``, through the REST API."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import exactly, readably
from airflow_dataops.cli.tests_models import DayAnswer, PointAnswer, ResultAnswer
from airflow_dataops.domain import names
from airflow_dataops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


@command
def results(arguments: Any) -> None:
    """Show what data tests said, the last run first."""
    said = {"pipeline": arguments.pipeline, "stage": arguments.stage, "run_id": arguments.run_id}
    query = {name: value for name, value in said.items() if value is not None}
    with ApiClient.of_present_login() as api:
        found = api.several(ResultAnswer, "GET", *_tests(arguments, "results"), query=query)
    as_row = _readable if _is_for_people(arguments) else _exact
    show_table([as_row(one) for one in found], output=arguments.output)


@command
def history(arguments: Any) -> None:
    """Show the points that the next run of a test is compared with, oldest first."""
    at = readably if _is_for_people(arguments) else exactly
    rows = [
        {
            "at": at(point.at),
            "value": point.value,
            "of": point.kitchen or arguments.kitchen,
            "learned_from": point.is_in_control,
            "sampled": point.sampled,
        }
        for point in _points(arguments)
    ]
    show_table(rows, output=arguments.output)


@command
def chart(arguments: Any) -> None:
    """Draw the points of a test, with the limits that the next run will be judged by."""
    if arguments.format == "png" and arguments.to is None:
        message = "a picture as PNG is no text; name a file for it with --to"
        raise UsageError(message, field="to")
    points = [point for point in _points(arguments) if isinstance(point.value, (int, float))]
    points = [point for point in points if point.sampled == points[-1].sampled]
    if not points:
        print("no points yet; a test has one after its first run")
        return
    from airflow_dataops.control_charts.budgeted import budgeted_chart
    from airflow_dataops.control_charts.incidents import Incident
    from airflow_dataops.control_charts.observations import series
    from airflow_dataops.control_charts.terminal import text_chart

    left_out = [
        Incident(name=f"{point.at:%Y-%m-%d}", first=place, last=place)
        for place, point in enumerate(points, start=1)
        if not point.is_in_control
    ]
    values = [float(point.value or 0) for point in points]
    drawn = budgeted_chart(series(values), "1 per 200 runs", incidents=left_out)
    if arguments.format == "text":
        _put(text_chart(drawn).encode(), arguments.to)
        return
    from airflow_dataops.control_charts.svg import svg

    place = f"{arguments.kitchen}.{arguments.pipeline}.{arguments.stage}"
    picture = svg(drawn, title=f"{arguments.test}, {place}")
    if arguments.format == "png":
        from airflow_dataops.adapters import chart_pictures

        _put(chart_pictures.png(picture), arguments.to)
    else:
        _put(picture.encode(), arguments.to)


def _put(content: bytes, to: str | None) -> None:
    """Print a chart, or write its file."""
    if to is None:
        print(content.decode(), end="")
        return
    try:
        Path(to).write_bytes(content)
    except OSError as error:
        message = f"--to {to} cannot be written: {error.strerror}"
        raise UsageError(message, field="to") from None


@command
def quality(arguments: Any) -> None:
    """Show the share of tests that pass, the last day first."""
    query = {} if arguments.days is None else {"days": arguments.days}
    with ApiClient.of_present_login() as api:
        days = api.several(DayAnswer, "GET", *_tests(arguments, "quality"), query=query)
    # Without --history the last day says how things stand.
    rows = [
        {"day": f"{day.day}", "pipeline": name, **score.model_dump()}
        for day in (days if arguments.history else days[:1])
        for name, score in [("(all)", day.kitchen), *day.pipelines.items()]
        if arguments.pipeline in {None, name}
    ]
    show_table(rows, output=arguments.output)


@command
def incident(arguments: Any) -> None:
    """Leave points out of what charts learn from."""
    body = _noted(arguments)
    if arguments.until is not None:
        body["until"] = _moment(arguments.until, "until")
    with ApiClient.of_present_login() as api:
        api.json("POST", *_tests(arguments, "incidents"), body=body)


@command
def rebaseline(arguments: Any) -> None:
    """Have charts learn from later points alone."""
    with ApiClient.of_present_login() as api:
        api.json("POST", *_tests(arguments, "rebaselines"), body=_noted(arguments))


def _points(arguments: Any) -> list[PointAnswer]:
    query = {
        "pipeline": arguments.pipeline,
        "stage": arguments.stage,
        "test": arguments.test,
    }
    with ApiClient.of_present_login() as api:
        return api.several(PointAnswer, "GET", *_tests(arguments, "history"), query=query)


def _tests(arguments: Any, what: str) -> tuple[str, ...]:
    return "kitchens", names.check_kitchen_name(arguments.kitchen), "tests", what


def _noted(arguments: Any) -> dict[str, object]:
    return {
        "pipeline": arguments.pipeline,
        "stage": arguments.stage,
        "test": arguments.test,
        "since": _moment(arguments.since, "since"),
        "reason": arguments.reason,
    }


def _moment(text: str, field: str) -> str:
    """A date or a time as the API takes it; without a zone it is UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--{field} is {text!r}; write a date such as 2026-03-01, or with a time"
        raise UsageError(message, field=field) from None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).isoformat()


def _is_for_people(arguments: Any) -> bool:
    return arguments.output in {"table", "plain"}


def _readable(one: ResultAnswer) -> Mapping[str, object]:
    return {
        "at": readably(one.at),
        "stage": f"{one.pipeline}.{one.stage}",
        "test": one.test,
        "outcome": one.outcome,
        "measured": one.measured,
        "detail": one.detail,
    }


def _exact(one: ResultAnswer) -> Mapping[str, object]:
    return {**one.model_dump(), "at": exactly(one.at)}
