"""What happens in the demo's story once everything is up, chapter by chapter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.demo import containers, merging, outcome, promotion, year_on_charts
from airflow_dataops.demo.cast import CHANNELS, FORECAST, KITCHENS, ORDINARY, PIPELINE, REPORT
from airflow_dataops.demo.runs import DemoRun
from airflow_dataops.domain import names

if TYPE_CHECKING:
    from airflow_dataops.demo.cast import Cast

# Production's report is run by Eric, once it has what was merged.
_ALWAYS = (("dev_kitchen", REPORT), ("dev_kitchen", ORDINARY))


def tell(cast: Cast) -> list[str]:
    """Tell the whole story; what was not as it should be, a sentence each."""
    everything = (PIPELINE, REPORT, FORECAST, ORDINARY)
    cast.api.wait_for_dags([names.dag_id(k, p) for k in KITCHENS for p in everything])
    problems = _run_weeks(cast)
    live = outcome.live_tables(cast)
    corrupted, others = _corrupted_runs(cast), _other_runs(cast)
    is_new = _start(cast, [*corrupted, *others])
    if is_new:
        cast.say(f"a corrupted file arrives for {cast.corrupted}; the reports run beside it")
    promotion.bring_again(cast)
    problems += merging.tell(cast)
    problems += promotion.tell(cast)
    problems += cast.api.watch([*corrupted, *others], cast.say)
    problems += outcome.of_rows(cast)
    problems += outcome.of_corrupted_week(cast, corrupted, live, is_new=is_new)
    problems += outcome.of_extracts(cast, is_new=is_new)
    problems += outcome.of_other_tables(cast, has_container=len(others) > len(_ALWAYS))
    problems += outcome.of_schedules(cast)
    problems += promotion.of_ticket(cast, is_new=is_new)
    return problems + year_on_charts.tell(cast.say, cast.corrupted)


def _start(cast: Cast, runs: list[DemoRun]) -> bool:
    """Start runs; whether all of them are new."""
    are_new = [cast.api.start(run) for run in runs]
    return all(are_new)


def _run_weeks(cast: Cast) -> list[str]:
    runs = [
        DemoRun(dag_id=names.dag_id(kitchen, PIPELINE), run_date=week)
        for week in cast.weeks
        for kitchen in CHANNELS
    ]
    is_new = _start(cast, runs)
    cast.say(f"{len(runs)} runs are {'under way' if is_new else 'there, or go on'}")
    return cast.api.watch(runs, cast.say)


def _corrupted_runs(cast: Cast) -> list[DemoRun]:
    return [
        DemoRun(dag_id=names.dag_id(kitchen, PIPELINE), run_date=cast.corrupted, passes=False)
        for kitchen in CHANNELS
    ]


def _other_runs(cast: Cast) -> list[DemoRun]:
    wanted = list(_ALWAYS)
    why_not = containers.why_not()
    if why_not is None:
        wanted.append(("dev_kitchen", FORECAST))
    else:
        cast.say("")
        cast.say(f"NO CONTAINER: {why_not}")
        cast.say(f"NO CONTAINER: so the pipeline {FORECAST} is there and is not run")
        cast.say("")
    return [
        DemoRun(dag_id=names.dag_id(kitchen, pipeline), run_date=cast.weeks[-1])
        for kitchen, pipeline in wanted
    ]
