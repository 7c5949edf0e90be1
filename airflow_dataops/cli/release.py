"""Bodies of ``airflow dataops release``, through the REST API."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import readably
from airflow_dataops.cli.release_models import ReleaseAnswer
from airflow_dataops.cli.revert_models import PastMergeAnswer
from airflow_dataops.domain import names
from airflow_dataops.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.cli.release_models import DeliveryAnswer, WaitingAnswer

_NEVER = "never tested as it would run"


@command
def show(arguments: Any) -> None:
    """Show what is on its way into an environment, and for whom it waits."""
    with ApiClient.of_present_login() as api:
        found = api.one(ReleaseAnswer, "GET", "environments", arguments.environment, "release")
    if arguments.output in {"table", "plain"}:
        print("\n".join(_lines(found)))
    elif arguments.output == "json":
        # Airflow's own printing makes text of what lies deeper.
        print(json.dumps([found.model_dump(mode="json")], indent=2))
    else:
        show_table([found.model_dump(mode="json")], output=arguments.output)
    if found.left_out:
        say_aside(f"not looked at, there being so many: {', '.join(found.left_out)}")


@command
def export_evidence(arguments: Any) -> None:
    """Write all that is known of a merge into one file, or to standard output."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        merge = arguments.merge or _last(api, kitchen)
        place = ("kitchens", kitchen, "merges", merge, "evidence")
        if arguments.format == "html":
            text = api.page(*place, query={"format": "html"})
        else:
            text = json.dumps(api.json("GET", *place), indent=1) + "\n"
    if arguments.file is None:
        print(text, end="")
        return
    try:
        Path(arguments.file).write_text(text, encoding="utf-8")
    except OSError as error:
        message = f"{arguments.file} cannot be written: {error.strerror}"
        raise UsageError(message, field="file") from error
    print(f"wrote the evidence of merge {merge} to {arguments.file}")


def _last(api: ApiClient, kitchen: str) -> str:
    for one in api.several(PastMergeAnswer, "GET", "kitchens", kitchen, "merges"):
        if one.state == "done":
            return one.id
    message = f"nothing was merged into {kitchen} yet"
    raise UsageError(message, field="merge")


def _lines(found: ReleaseAnswer) -> Iterator[str]:
    coming = [one for one in found.deliveries if one.number]
    if not coming:
        yield f"nothing is on its way into {found.environment}"
    for delivery in coming:
        yield from _delivery(delivery)
    if found.schedules:
        yield "schedules"
    for one in found.schedules:
        yield f"  {_waiting(one.waiting)}"


def _delivery(found: DeliveryAnswer) -> Iterator[str]:
    ticket = f", {found.ticket}" if found.ticket else ""
    commits = f"{found.number} commit{'s' * (found.number != 1)}"
    yield printable(f"{found.kitchen} into {found.into}: {commits}{ticket}")
    for commit in found.commits:
        title = printable(f"{commit.title} ({commit.author})")
        yield f"  {commit.id[:12]} {readably(commit.at)} {title}"
    if (more := found.number - len(found.commits)) > 0:
        yield f"  and {more} earlier ones"
    for one in found.pipelines:
        standing = "" if one.change == "removed" else f": {one.standing or _NEVER}"
        yield printable(f"  {one.change:8} {one.pipeline}{standing}")
    if found.conflicts:
        yield f"  {found.conflicts} path{'s' * (found.conflicts != 1)} in conflict"
    for waiting in found.waiting:
        yield f"  {_waiting(waiting)}"


def _waiting(one: WaitingAnswer) -> str:
    on = f" by {', '.join(one.on)}" if one.on else ""
    since = f" since {readably(one.since)}" if one.since else ""
    return printable(f"waits for {one.what}{on}{since}: {one.about}")
