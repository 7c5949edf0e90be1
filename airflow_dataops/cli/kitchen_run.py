"""``airflow dataops kitchen run``: push, have it read, run it, and watch.

What is read is our API's to say; the run is Airflow's own, asked for with the person's token and
so with their rights there.
"""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from airflow_dataops.cli.answers import INTERRUPTED, command, fail, say_aside, show_table
from airflow_dataops.cli.api_client import ApiClient
from airflow_dataops.cli.api_models import CodeAnswer, KitchenAnswer, RunAnswer
from airflow_dataops.cli.run_display import RunDisplay
from airflow_dataops.cli.run_following import Following
from airflow_dataops.domain import names
from airflow_dataops.errors import PipelineNotShown, RequestRefused, UsageError

if TYPE_CHECKING:
    from airflow_dataops.cli.api_models import PipelineAnswer

# A branch is read within seconds; a dag-processor that is busy with a large one takes longer.
_LONGEST_READ_SECONDS = 180.0
_LOOKS_EVERY_SECONDS = 0.3
_CONFLICT = 409


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A pipeline of a kitchen, and the commit that is to run; None for whichever is shown."""

    kitchen: str
    pipeline: str
    commit: str | None


@command
def run_pipeline(arguments: Any) -> None:
    """Run a pipeline of a kitchen and follow it to its end."""
    name = names.check_kitchen_name(arguments.kitchen)
    pipeline = names.check_pipeline_name(arguments.pipeline)
    about = run_date(arguments.date)
    is_for_people = arguments.output in {"table", "plain"}
    display = RunDisplay(sys.stdout if is_for_people else sys.stderr)
    with ApiClient.of_present_login() as api, display:
        kitchen = api.one(KitchenAnswer, "GET", "kitchens", name)
        commit = _push(kitchen, display) if arguments.push else None
        wanted = Wanted(kitchen=name, pipeline=pipeline, commit=commit)
        found = shown(wanted, api, display)
        run = begin(found, about, api)
        display.begun(run, commit=found.commit)
        if arguments.follow:
            run = follow(run, api, display)
    if not is_for_people:
        show_table([_row(run, found)], output=arguments.output)
    if arguments.follow and run.state != "success":
        fail(f"run {run.dag_run_id} of {run.dag_id} ended as {run.state}")


def _push(kitchen: KitchenAnswer, display: RunDisplay) -> str:
    from airflow_dataops.adapters.work_tree import WorkTree

    display.now(f"pushing to branch {kitchen.branch}")
    commit = WorkTree(Path.cwd()).push(kitchen.branch)
    display.note(f"pushed {commit[:10]} to branch {kitchen.branch}")
    return commit


def shown(wanted: Wanted, api: ApiClient, display: RunDisplay) -> PipelineAnswer:
    """The pipeline once Airflow has it as it was pushed.

    Raises:
        PipelineNotShown: it has no such pipeline, cannot read it, or does not come to it.
    """
    before = _code(wanted, api)
    if wanted.commit is None or _pipeline(before, wanted) is not None:
        return _pipeline_or_why_not(before, wanted)
    api.json("POST", "kitchens", wanted.kitchen, "refresh")
    display.now(f"Airflow reads {wanted.commit[:10]}")
    given_up_at = time.monotonic() + _LONGEST_READ_SECONDS
    code = before
    while time.monotonic() < given_up_at:
        code = _code(wanted, api)
        if (found := _pipeline(code, wanted)) is not None:
            return found
        if code.commit == wanted.commit and _is_read(code, before, wanted):
            return _pipeline_or_why_not(code, wanted)
        time.sleep(_LOOKS_EVERY_SECONDS)
    message = (
        f"kitchen {wanted.kitchen} shows {(code.commit or 'nothing')[:10]} and not yet "
        f"{wanted.commit[:10]} after {_LONGEST_READ_SECONDS:g} s: does a dag-processor serve its "
        "environment, and is the branch that of the repository that it reads?"
    )
    raise PipelineNotShown(message)


def _code(wanted: Wanted, api: ApiClient) -> CodeAnswer:
    return api.one(CodeAnswer, "GET", "kitchens", wanted.kitchen, "pipelines")


def _pipeline(code: CodeAnswer, wanted: Wanted) -> PipelineAnswer | None:
    """The pipeline, where a run of it would be one of what is wanted."""
    for shown in code.pipelines:
        if shown.name == wanted.pipeline and wanted.commit in {None, shown.commit}:
            return shown
    return None


def _is_read(code: CodeAnswer, before: CodeAnswer, wanted: Wanted) -> bool:
    """Whether Airflow has come to an end with what was pushed, one way or the other."""
    has_new_error = code.error is not None and code.error_at != before.error_at
    others = [shown.commit for shown in code.pipelines]
    return has_new_error or wanted.commit in others


def _pipeline_or_why_not(code: CodeAnswer, wanted: Wanted) -> PipelineAnswer:
    found = _pipeline(code, wanted)
    if found is not None:
        return found
    asked = f"pipeline {wanted.pipeline!r} of kitchen {wanted.kitchen}"
    if code.error is not None:
        message = f"{asked} cannot be run as it is:\n{code.error.strip()}"
        raise PipelineNotShown(message)
    has = ", ".join(shown.name for shown in code.pipelines) or "none"
    message = (
        f"{asked} is not there; the kitchen shows: {has}. A new one is a folder "
        f"pipelines/{wanted.pipeline} on its branch; `airflow dataops kitchen show "
        f"{wanted.kitchen}` says which ones it shows"
    )
    raise PipelineNotShown(message)


def begin(shown: PipelineAnswer, about: date | None, api: ApiClient) -> RunAnswer:
    """Have Airflow run what it shows.

    Args:
        shown: the pipeline.
        about: the day that the run is about; None for today.
        api: of Airflow, asked with the person's own rights.
    """
    conf = {} if about is None else {"run_date": about.isoformat()}
    body: dict[str, object] = {"logical_date": None, "conf": conf}
    path = f"/api/v2/dags/{shown.dag_id}/dagRuns"
    try:
        return api.read(RunAnswer, api.request("POST", path, body=body))
    except RequestRefused as error:
        if error.status != _CONFLICT:
            raise
        # Airflow names runs by the moment; two of one moment are one too many.
        time.sleep(1)
        return api.read(RunAnswer, api.request("POST", path, body=body))


def follow(run: RunAnswer, api: ApiClient, display: RunDisplay) -> RunAnswer:
    """Watch a run to its end; Ctrl-C leaves it running."""
    try:
        return Following(api=api, display=display, run=run).to_its_end()
    except KeyboardInterrupt:
        _stop_watching(run)


def _stop_watching(run: RunAnswer) -> NoReturn:
    say_aside(f"stopped watching; run {run.dag_run_id} of {run.dag_id} goes on")
    sys.exit(INTERRUPTED)


def run_date(text: str | None) -> date | None:
    """The day that ``--date`` names; None for today.

    Raises:
        UsageError: it names none.
    """
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        message = f"--date is {text!r}; write a day as 2026-11-30"
        raise UsageError(message) from None


def _row(run: RunAnswer, shown: PipelineAnswer) -> dict[str, object]:
    return {
        "dag_id": run.dag_id,
        "run_id": run.dag_run_id,
        "state": run.state,
        "commit": shown.commit,
    }
