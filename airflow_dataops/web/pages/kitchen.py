"""One kitchen: its pipelines, what it has in which tool, who works there, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain import names
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.provisioning import PartKind, parts_of
from airflow_dataops.web.api.kitchens import refresh_kitchen
from airflow_dataops.web.pages.divergences import from_parents
from airflow_dataops.web.pages.kitchens import ending_soon, heads_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.pages.schedule_rows import ScheduleShown, shown_schedule
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.data_tests import Outcome
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.overview import RunSummary
    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.domain.shown_code import ShownCode, ShownPipeline
    from airflow_dataops.web.visit import Seen, Visit

router = APIRouter()
_MOST_RUNS, _MOST_LISTED = 10, 6
_MOST_ENTRIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineShown:
    """A pipeline of a kitchen.

    Attributes:
        code: None where it is in the code no more, and its schedule is enabled still.
        runs: the last ones, the oldest first.
        verdicts: how many of its data tests said what in their last run.
    """

    name: str
    dag_id: str
    code: ShownPipeline | None
    schedule: ScheduleShown | None
    runs: tuple[RunSummary, ...]
    verdicts: Mapping[Outcome, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolShown:
    """What a kitchen has in a tool; never a secret.

    Attributes:
        login: whose login its tasks get.
    """

    name: str
    login: str
    parts: tuple[Part, ...]


@router.get("/kitchens/{name}")
def show_kitchen(request: Request, visit: PresentVisit, name: str) -> Response:
    """A kitchen's page."""
    seen = visit.seen(name)
    kitchen, installation = seen.kitchen, visit.installation
    code = installation.shown_code.of(kitchen)
    pipelines = _pipelines(seen, code, visit)
    parents = installation.registry.named([seen.parent]) if seen.parent else []
    divergences, _ = from_parents([seen], parents, visit)
    known = AuditQuery(kitchen_id=kitchen.id, at_most=_MOST_ENTRIES)
    return page(
        request,
        "kitchen.html",
        seen=seen,
        kitchen=kitchen,
        environment=visit.environment(kitchen),
        heads=heads_of(seen),
        ends_soon=bool(ending_soon([seen], visit)),
        may={action.name: may(action, seen, visit) for action in Action},
        operation=installation.overview.latest_operations([kitchen]).get(kitchen.id),
        divergence=divergences.get(kitchen.id),
        pipelines=pipelines,
        runs=_runs(pipelines),
        commits=_commits(kitchen, pipelines, visit),
        code=code,
        # It quotes the code, which is its staff's to read.
        error=code.error if seen.role is not None else None,
        tools=_tools(seen, visit),
        history=installation.audit_trail.entries(known),
    )


@router.post("/kitchens/{name}/refresh")
def refresh(request: Request, visit: PresentVisit, name: str) -> Response:
    """Have the kitchen's branch read now."""
    refresh_kitchen(visit, name)
    return see(request, f"/kitchens/{name}")


def _pipelines(seen: Seen, code: ShownCode, visit: Visit) -> list[PipelineShown]:
    kitchen, installation = seen.kitchen, visit.installation
    codes = {shown.name: shown for shown in code.pipelines}
    schedules = {one.pipeline: one for one in installation.schedules.of([kitchen])[kitchen.id]}
    dag_ids = [shown.dag_id for shown in code.pipelines]
    runs = installation.overview.recent_runs(dag_ids, at_most=_MOST_RUNS)
    verdicts = installation.overview.verdicts_by_pipeline(kitchen)
    return [
        PipelineShown(
            name=name,
            dag_id=names.dag_id(kitchen.name, name),
            code=codes.get(name),
            schedule=shown_schedule(kitchen, schedules[name], visit) if name in schedules else None,
            runs=tuple(reversed(runs.get(names.dag_id(kitchen.name, name), []))),
            verdicts=verdicts.get(name, {}),
        )
        for name in sorted({*codes, *schedules})
    ]


def _runs(pipelines: list[PipelineShown]) -> list[RunSummary]:
    """The last runs of all pipelines, the newest first; those that wait come before."""
    runs = [run for one in pipelines for run in one.runs]
    waiting = [run for run in runs if run.began_at is None]
    begun = [(run.began_at, run) for run in runs if run.began_at is not None]
    begun.sort(key=lambda pair: pair[0], reverse=True)
    return [*waiting, *(run for _, run in begun)][:_MOST_LISTED]


def _commits(kitchen: Kitchen, pipelines: list[PipelineShown], visit: Visit) -> dict[str, str]:
    versions = {run.version for run in _runs(pipelines) if run.version}
    return visit.installation.shown_code.commits(kitchen, versions) if versions else {}


def _tools(seen: Seen, visit: Visit) -> list[ToolShown]:
    environment = visit.environment(seen.kitchen)
    parts = parts_of(seen.kitchen, environment)
    shown = []
    for name in sorted(environment.tools):
        of_tool = tuple(part for part in parts if part.tool == name)
        kinds = {part.kind for part in of_tool}
        if PartKind.VAULT_ROLE in kinds:
            login = "a new one for each task, which may use this schema alone"
        elif PartKind.CREDENTIAL in kinds:
            login = "the kitchen's own"
        else:
            login = "the environment's"
        shown.append(ToolShown(name=name, login=login, parts=of_tool))
    return shown
