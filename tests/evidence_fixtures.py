"""Runs of a kitchen's pipelines as Airflow and our results API leave them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import count

from airflow_dataops.adapters.git_repository import Mirror
from airflow_dataops.domain import results
from airflow_dataops.domain.data_tests import Outcome, Verdict
from airflow_dataops.domain.manifest import KitchenAtCommit, Manifest
from tests.registry.airflow_rows import add_finished_run

_moments = count(1)
START = datetime(2026, 3, 2, 12, tzinfo=UTC)
TESTS = "load.data_tests"


def publish(copy, url, commits):
    """Have the repository say which commit each of some kitchens shows; the bundle's version."""
    mirror = Mirror(copy, url=url)
    mirror.fetch_branches()
    some = next(iter(commits))
    manifest = Manifest(
        project=some.project,
        environment=some.environment,
        tools={},
        kitchens={
            kitchen.name: KitchenAtCommit(id=kitchen.id, commit=commit, owner="padma")
            for kitchen, commit in commits.items()
        },
    )
    return mirror.publish_manifest(manifest.to_bytes(), list(commits.values()))


def run_tests(  # noqa: PLR0913 - each is a way in which runs differ
    engine,
    kitchen,
    version,
    pipeline,
    *,
    outcome=Outcome.PASS,
    marked=(),
    tests=(TESTS,),
    state=None,
    states=None,
):
    """A finished run of a pipeline whose tests said something; its id.

    A marked test task has said nothing, as one that somebody marked as a success. ``state`` of
    the run and ``states`` of tasks are what somebody made of them.
    """
    from airflow_dataops.registry.results import ResultTable

    at = max(START, kitchen.created_at) + timedelta(minutes=next(_moments))
    failed = outcome in {Outcome.FAIL, Outcome.ERROR} and not marked
    run_id = add_finished_run(
        engine,
        f"{kitchen.name}.{pipeline}",
        version=version,
        state=state or ("failed" if failed else "success"),
        states=states or (dict.fromkeys(tests, "failed") if failed else None),
        tasks=("load.copy", *tests),
        marked=marked,
        at=at,
    )
    table = ResultTable(engine)
    for task in set(tests) - set(marked):
        run = results.TestingRun(
            kitchen_id=kitchen.id,
            place=results.PipelineStage(pipeline=pipeline, stage=results.stage_of(task)),
            run_id=run_id,
            task_id=task,
            map_index=-1,
            try_number=1,
            at=at,
            version=version,
        )
        verdict = Verdict(test="rows", outcome=outcome, measured=7.0, detail="expected 10 to 20")
        table.record(run, [verdict], now=at)
    return run_id
