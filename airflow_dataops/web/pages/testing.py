"""Testing a kitchen: its pipelines in the order of their data, begun from the page.

The runs are Airflow's own, begun by the page with the person's rights there; what became of them
is read from Airflow and the evidence each time somebody looks, so that nothing is lost with a
page that is closed. What has not begun by then begins when somebody asks again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from airflow_dataops.domain import names
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.testing_round import Known, PipelineTurn, Turn, turns
from airflow_dataops.web.api.evidence import plan_tests
from airflow_dataops.web.evidence_collecting import collect_if_possible
from airflow_dataops.web.pages.rendering import page
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import RunSummary
    from airflow_dataops.web.visit import Visit

router = APIRouter()
_MOST_RUNS = 5
_UNFINISHED = {"queued", "running"}
_GOES_ON = {Turn.RUNNING, Turn.BEING_JUDGED, Turn.BEING_READ}


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnShown:
    """A pipeline of a round; ``run`` is its last one of the commit that is tested."""

    said: PipelineTurn
    dag_id: str
    run: RunSummary | None
    evidence: Evidence | None


@router.get("/kitchens/{name}/testing")
def show_testing(
    request: Request,
    visit: PresentVisit,
    name: str,
    *,
    changed: Annotated[bool, Query()] = False,
) -> Response:
    """How far the tests of what the kitchen's branch is at have come."""
    seen = visit.seen(name)
    kitchen = seen.kitchen
    plan = plan_tests(visit, name, changed=changed)
    collect_if_possible(visit.installation, kitchen, now=visit.now)
    waves = [{one.pipeline: tuple(one.after) for one in wave} for wave in plan.waves]
    found = _Round(kitchen, plan.commit, {one for wave in waves for one in wave}, visit)
    shown = [found.shown(said) for said in turns(waves, found.known())]
    return page(
        request,
        "testing.html",
        kitchen=kitchen,
        commit=plan.commit,
        changed=changed,
        shown=shown,
        parent=seen.parent,
        may_run=may(Action.REFRESH, seen, visit),
        over=sum(one.said.turn.is_over for one in shown),
        green=sum(one.said.turn is Turn.GREEN for one in shown),
        ready=[one.dag_id for one in shown if one.said.turn is Turn.READY],
        runs=sum(one.said.turn is Turn.RUNNING for one in shown),
        unread=any(one.said.turn is Turn.BEING_READ for one in shown),
        moves=any(one.said.turn in _GOES_ON for one in shown),
    )


class _Round:
    """What is known of the runs of one commit."""

    def __init__(self, kitchen: Kitchen, commit: str, pipelines: set[str], visit: Visit) -> None:
        self._kitchen, self._commit = kitchen, commit
        installation = visit.installation
        dag_ids = {names.dag_id(kitchen.name, pipeline): pipeline for pipeline in pipelines}
        recent = installation.overview.recent_runs([*dag_ids], at_most=_MOST_RUNS)
        versions = {run.version for runs in recent.values() for run in runs if run.version}
        commits = installation.shown_code.commits(kitchen, versions) if versions else {}
        book = installation.evidence_places(kitchen.project).book
        self._evidence = {
            (one.pipeline, one.run_id): one for one in book.of(kitchen) if one.commit == commit
        }
        self._runs: dict[str, list[RunSummary]] = {}
        for dag_id, runs in recent.items():
            pipeline = dag_ids[dag_id]
            self._runs[pipeline] = [
                run
                for run in runs
                if commits.get(run.version or "") == commit or self._of(pipeline, run)
            ]
        code = installation.shown_code.of(kitchen)
        self._read = {one.name for one in code.pipelines if one.commit == commit}
        self._pipelines = pipelines

    def known(self) -> dict[str, Known]:
        """By pipeline."""
        return {pipeline: self._known(pipeline) for pipeline in self._pipelines}

    def shown(self, said: PipelineTurn) -> TurnShown:
        """A pipeline with its last run."""
        run = self._last(said.pipeline)
        return TurnShown(
            said=said,
            dag_id=names.dag_id(self._kitchen.name, said.pipeline),
            run=run,
            evidence=self._of(said.pipeline, run),
        )

    def _known(self, pipeline: str) -> Known:
        run = self._last(pipeline)
        found = self._of(pipeline, run)
        return Known(
            standing=found.standing if found else None,
            is_running=run is not None and run.state in _UNFINISHED,
            is_over=run is not None and run.state not in _UNFINISHED,
            is_read=pipeline in self._read,
        )

    def _last(self, pipeline: str) -> RunSummary | None:
        return next(iter(self._runs.get(pipeline, [])), None)

    def _of(self, pipeline: str, run: RunSummary | None) -> Evidence | None:
        return self._evidence.get((pipeline, run.run_id)) if run is not None else None
