"""Bodies of ``airflow dataops merge history`` and ``merge revert``, through the REST API."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from airflow_dataops.cli.answers import command, fail, printable, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.facts import exactly, readably
from airflow_dataops.cli.revert_models import PastMergeAnswer, RevertAnswer, RevertPlanAnswer
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from airflow_dataops.cli.revert_models import ScheduleStepAnswer


@command
def history(arguments: Any) -> None:
    """List merges into a kitchen, the last one first."""
    with ApiClient.of_present_login() as api:
        found = _merges(api, arguments.kitchen)
    is_for_people = arguments.output in {"table", "plain"}
    show_table([_row(one, readable=is_for_people) for one in found], output=arguments.output)


@command
def revert(arguments: Any) -> None:
    """Take a merge into a kitchen back: show what that comes to, and do it."""
    kitchen = names.check_kitchen_name(arguments.kitchen)
    with ApiClient.of_present_login() as api:
        merge = arguments.merge or _last(api, kitchen)
        place = ("kitchens", kitchen, "merges", merge, "revert")
        if arguments.dry_run:
            _show(api.one(RevertPlanAnswer, "GET", *place), arguments)
            return
        body = {"reason": arguments.reason} if arguments.reason else {}
        done = api.one(RevertAnswer, "POST", *place, body=body)
    if arguments.output == "json":
        print(json.dumps([done.model_dump(mode="json")], indent=2))
        return
    if done.plan is None:
        print(f"merge {merge} was taken back already, by {done.revert.id}")
        return
    print("\n".join(_lines(done.plan)))
    print(f"took it back, commit {done.revert.commit}")
    say_aside(f"to take that back: airflow dataops merge revert {kitchen} {done.revert.id}")


def _merges(api: ApiClient, kitchen: str) -> list[PastMergeAnswer]:
    path = ("kitchens", names.check_kitchen_name(kitchen), "merges")
    return api.several(PastMergeAnswer, "GET", *path)


def _last(api: ApiClient, kitchen: str) -> str:
    """The last merge that holds: a revert is named by who means it."""
    held = [
        one.id
        for one in _merges(api, kitchen)
        if one.state == "done" and one.reverts is None and one.reverted_by is None
    ]
    if not held:
        fail(
            f"nothing was merged into {kitchen} that could be taken back; airflow dataops merge "
            f"history {kitchen} lists merges and reverts"
        )
    return held[0]


def _show(found: RevertPlanAnswer, arguments: Any) -> None:
    if arguments.output == "json":
        print(json.dumps([found.model_dump(mode="json")], indent=2))
    elif arguments.output == "yaml":
        show_table([found.model_dump(mode="json")], output=arguments.output)
    else:
        print("\n".join(_lines(found)))


def _lines(found: RevertPlanAnswer) -> Iterator[str]:
    yield printable(f"the merge of {found.merged} into {found.kitchen}, commit {found.commit}")
    if found.reverted_by:
        yield f"it was taken back already, by {found.reverted_by}"
    if found.later:
        yield f"{found.later} commit{'s' * (found.later != 1)} came later, and stay"
    for conflict in found.conflicts:
        yield printable(f"  in the way: {conflict.path} was changed again since")
    yield from _code(found)
    yield from _beside(found)


def _code(found: RevertPlanAnswer) -> Iterator[str]:
    for file in found.files:
        yield printable(f"  {file.change:8} {file.path}")
    for one in found.pipelines:
        standing = "" if one.change == "removed" else f": {one.standing or 'never tested'}"
        yield printable(f"  {one.change:8} {one.pipeline}{standing}")


def _beside(found: RevertPlanAnswer) -> Iterator[str]:
    """What is put back beside the code."""
    for step in found.schedules:
        yield printable(f"  schedule of {step.pipeline}: {_step(step)}")
    for act in found.baselines:
        about = f"{act.pipeline}.{act.stage}" + (f", {act.test}" if act.test else "")
        yield printable(f"  baseline of {about}: that of before {readably(act.since)} again")
    for stage in found.left_out:
        yield printable(f"  charts of {stage.pipeline}.{stage.stage}: points since are left out")
    if found.came_back:
        one = found.came_back == 1
        notes = "1 note about charts is" if one else f"{found.came_back} notes about charts are"
        yield f"  {notes} again as before the revert"
    if found.channel_now != found.channel_then:
        where = found.channel_then or "the environment's channel"
        yield printable(f"  alerts: {found.channel_now or 'the environment'} -> {where}")


def _step(step: ScheduleStepAnswer) -> str:
    if step.left:
        return f"{step.now or 'none'} -> none; {step.left}"
    by = f", as {step.enabled_by} enabled it {readably(step.enabled_at)}" if step.then else ""
    return f"{step.now or 'none'} -> {step.then or 'none'}{by}"


def _row(one: PastMergeAnswer, *, readable: bool) -> dict[str, object]:
    at = one.ended_at or one.opened_at
    what = f"revert of {one.reverts}" if one.reverts else f"merge {one.direction}"
    return {
        "merge": one.id,
        "what": what,
        "state": f"taken back by {one.reverted_by}" if one.reverted_by else one.state,
        "at": readably(at) if readable else exactly(at),
        "by": one.ended_by or one.opened_by,
        "commit": one.commit[:12] if one.commit and readable else one.commit,
        "reason": one.reason,
    }
