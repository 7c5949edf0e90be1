"""Bodies of ``airflow dataops merge``, through the REST API.

Exit codes: 0 done, or nothing to do; 1 refused, failed, or conflicts wait for decisions; 2 a
command line that cannot be meant so.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from airflow_dataops.cli import merge_preview
from airflow_dataops.cli.answers import command, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import readably
from airflow_dataops.cli.merge_models import (
    ConflictAnswer,
    DecisionAnswer,
    DraftAnswer,
    GateAnswer,
    MergeAnswer,
    OpenConflictAnswer,
    PreviewAnswer,
    RegionAnswer,
)
from airflow_dataops.domain import names
from airflow_dataops.errors import RequestRefused, UsageError

_ANY_REPOSITORY = 3
_NOT_FOUND = 404
_PROPOSED = "proposed"


@command
def preview(arguments: Any) -> None:
    """Show what a merge would come to, of kitchens or of commits of any repository."""
    what = arguments.what
    if len(what) == _ANY_REPOSITORY and not arguments.up:
        arguments.repository, arguments.ours, arguments.theirs = what
        code = merge_preview.show_preview(arguments)
    elif len(what) == 1:
        code = _preview_of_kitchen(what[0], arguments)
    else:
        message = "give a kitchen, with --up or without, or REPOSITORY OURS THEIRS"
        raise UsageError(message, field="what")
    if code:
        sys.exit(code)


@command
def down(arguments: Any) -> None:
    """Merge the parent into the kitchen."""
    _merge(arguments, "down")


@command
def up(arguments: Any) -> None:
    """Merge the kitchen into its parent."""
    _merge(arguments, "up")


@command
def status(arguments: Any) -> None:
    """Show the merge under way; where none is, the gate of a merge up."""
    with ApiClient.of_present_login() as api:
        try:
            found = api.one(DraftAnswer, "GET", *_place(arguments))
        except RequestRefused as error:
            if error.status != _NOT_FOUND:
                raise
            gate = api.one(GateAnswer, "GET", *_place(arguments, "up"), "gate")
            _show_gate(gate, arguments)
            return
    if _is_for_people(arguments):
        _show_draft(found, arguments)
    else:
        show_table([found.model_dump(mode="json")], output=arguments.output)


@command
def resolve(arguments: Any) -> None:
    """Decide about a path or region in conflict."""
    if (arguments.choice == "own") != (arguments.file is not None):
        message = "--file goes with own, and own with --file"
        raise UsageError(message, field="file")
    decision: dict[str, object] = {"path": arguments.path, "choice": arguments.choice}
    if arguments.region is not None:
        decision["region"] = arguments.region
    if arguments.file is not None:
        decision["text"] = _text_of(arguments.file)
    body = {"resolutions": [decision]}
    with ApiClient.of_present_login() as api:
        found = api.one(DraftAnswer, "POST", *_place(arguments), "resolutions", body=body)
    left = len(found.open)
    if left:
        print(f"{left} left to decide; airflow dataops merge status {arguments.kitchen}")
    else:
        print(f"all is decided; airflow dataops merge complete {arguments.kitchen}")


@command
def complete(arguments: Any) -> None:
    """Make the merge as it was decided."""
    body = _reason(arguments)
    with ApiClient.of_present_login() as api:
        if arguments.acknowledges:
            gone = api.one(DraftAnswer, "GET", *_place(arguments)).taken_away
            for text in gone:
                say_aside(f"acknowledged: {printable(text)}")
            body["acknowledged"] = list(gone)
        done = api.one(MergeAnswer, "POST", *_place(arguments), "complete", body=body)
    _show_merge(done, arguments)


@command
def abandon(arguments: Any) -> None:
    """End the merge under way without merging, or take a proposed one back."""
    place = _place(arguments, "up" if arguments.up else "down")
    with ApiClient.of_present_login() as api:
        api.json("POST", *place, "abandon", body=_reason(arguments))
    what = "up of" if arguments.up else "into"
    print(f"the merge {what} {arguments.kitchen} is over, and nothing was merged")


def _preview_of_kitchen(kitchen: str, arguments: Any) -> int:
    direction = "up" if arguments.up else "down"
    place = ("kitchens", names.check_kitchen_name(kitchen), "merge", direction, "preview")
    with ApiClient.of_present_login() as api:
        found = api.one(PreviewAnswer, "GET", *place)
    if arguments.json:
        print(json.dumps(found.model_dump(mode="json"), indent=2))
    else:
        print("\n".join(_preview_lines(found)))
    return 1 if arguments.exit_code and found.conflicts else 0


def _preview_lines(found: PreviewAnswer) -> list[str]:
    lines = [f"{found.merged} {found.theirs[:12]} into {found.kitchen} {found.ours[:12]}"]
    if found.is_nothing_new:
        return [*lines, f"{found.kitchen} has all of it already"]
    lines += [f"first: {printable(sentence)}" for sentence in found.missing]
    if found.conflicts:
        return [*lines, "people have to decide about", *map(_conflict_line, found.conflicts)]
    lines += [
        f"  {file.change:8} {printable(file.path)}" + (f" (was {file.before})" * bool(file.before))
        for file in found.files
    ]
    lines += [f"  {printable(one.text)}" for one in found.meaning]
    return lines + [
        f"  {printable(item.about)}: {printable(item.there)}"
        for item in found.gate.items
        if item.is_met and item.about and not item.can_be_overridden
    ]


def _conflict_line(conflict: ConflictAnswer) -> str:
    places = f", {conflict.regions} region{'s' * (conflict.regions != 1)}"
    return f"  {conflict.kind:14} {printable(conflict.path)}{places if conflict.regions else ''}"


def _merge(arguments: Any, direction: str) -> None:
    body = {
        **_reason(arguments),
        **{n: getattr(arguments, n) for n in ("ours", "theirs") if getattr(arguments, n)},
    }
    with ApiClient.of_present_login() as api:
        place = _place(arguments, direction)
        if direction == "up" and arguments.acknowledges:
            body = {**_acknowledged(api, place), **body}
        if direction == "up" and arguments.overrides:
            body["override"] = True
        done = api.one(MergeAnswer, "POST", *place, body=body)
    _show_merge(done, arguments)
    if done.commit is None and done.state != _PROPOSED:
        sys.exit(1)


def _acknowledged(api: ApiClient, place: tuple[str, ...]) -> dict[str, object]:
    """What the merge takes away, shown and sent with the commits that it holds for."""
    found = api.one(PreviewAnswer, "GET", *place, "preview")
    taken = [one.text for one in found.meaning if one.takes_away]
    for text in taken:
        say_aside(f"acknowledged: {text}")
    return {"acknowledged": taken, "ours": found.ours, "theirs": found.theirs}


def _show_merge(done: MergeAnswer, arguments: Any) -> None:
    if not _is_for_people(arguments):
        show_table([done.model_dump(mode="json")], output=arguments.output)
        return
    if done.state == _PROPOSED:
        print(f"proposed to merge {done.merged} into {done.kitchen}: {done.pull_request}")
        print(f"its gate is {printable(done.gate or 'not looked at')}")
    elif done.commit is None:
        say_aside(
            f"{done.merged} does not merge into {done.kitchen} by itself; people decide about"
        )
        for conflict in done.conflicts:
            say_aside(_conflict_line(conflict))
        say_aside(f"see them with: airflow dataops merge status {arguments.kitchen}")
    elif done.state == "done":
        print(f"merged {done.merged} into {done.kitchen}, commit {done.commit}")
    else:
        print(f"{done.kitchen} has all of {done.merged} already, commit {done.commit}")


def _show_gate(gate: GateAnswer, arguments: Any) -> None:
    """What a merge up takes; leaves with 1 while something is missing."""
    if _is_for_people(arguments):
        print(f"merge up: {printable(gate.summary)}")
        rows = [
            {
                "asked": item.asked,
                "about": item.about,
                "there": item.there,
                "is": "yes" if item.is_met else "missing",
                "to do": item.to_do,
            }
            for item in gate.items
        ]
        if rows:
            show_table(rows, output=arguments.output)
    else:
        show_table([gate.model_dump(mode="json")], output=arguments.output)
    if not gate.is_open:
        sys.exit(1)


def _show_draft(found: DraftAnswer, arguments: Any) -> None:
    since = f"{found.opened_by}, {readably(found.opened_at)}"
    print(f"{found.merged} {found.theirs[:12]} into {found.kitchen} {found.ours[:12]}, by {since}")
    if found.moved is not None:
        say_aside(
            f"somebody pushed to {found.kitchen} since, it is at {found.moved[:12]}; go on from "
            f"there with: airflow dataops merge down {found.kitchen}"
        )
    for text in found.taken_away:
        say_aside(f"completed like this it takes away: {printable(text)}")
    show_table(
        [row for conflict in found.conflicts for row in _rows(conflict)], output=arguments.output
    )


def _rows(conflict: OpenConflictAnswer) -> list[dict[str, object]]:
    if conflict.decided is not None or not conflict.regions:
        return [_row(conflict, None, conflict.decided)]
    return [_row(conflict, region, region.decided) for region in conflict.regions]


def _row(
    conflict: OpenConflictAnswer, region: RegionAnswer | None, decided: DecisionAnswer | None
) -> dict[str, object]:
    return {
        "path": conflict.path,
        "kind": conflict.kind,
        "region": region.number if region else "",
        "line": region.line if region else "",
        "decided": decided.choice if decided else "open",
        "by": decided.by if decided else "",
    }


def _text_of(file: str) -> str:
    """A text as it is: reading it as text would make its line ends plain ones."""
    try:
        content = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return content.decode()
    except (OSError, UnicodeDecodeError) as error:
        message = f"{file} cannot be read as UTF-8 text: {error}"
        raise UsageError(message, field="file") from error


def _place(arguments: Any, direction: str = "down") -> tuple[str, ...]:
    return ("kitchens", names.check_kitchen_name(arguments.kitchen), "merge", direction)


def _reason(arguments: Any) -> dict[str, object]:
    return {"reason": arguments.reason} if arguments.reason else {}


def _is_for_people(arguments: Any) -> bool:
    return arguments.output in {"table", "plain"}
