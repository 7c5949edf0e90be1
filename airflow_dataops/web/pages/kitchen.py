"""One kitchen: its pipelines, what it has in which tool, who works there, and what was done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain import names
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.web.api.kitchens import refresh_kitchen
from airflow_dataops.web.pages.kitchens import ending_soon, heads_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.pages.rights import may
from airflow_dataops.web.pages.schedule_rows import ScheduleShown, shown_schedule
from airflow_dataops.web.visit import PresentVisit

if TYPE_CHECKING:
    from airflow_dataops.domain.overview import RunSummary
    from airflow_dataops.domain.provisioning import Part
    from airflow_dataops.domain.shown_code import ShownCode, ShownPipeline
    from airflow_dataops.web.visit import Seen, Visit

router = APIRouter()
_MOST_RUNS = 10
_MOST_ENTRIES = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineShown:
    """A pipeline of a kitchen.

    Attributes:
        code: None where it is in the code no more, and its schedule is enabled still.
        runs: the last ones, the oldest first.
    """

    name: str
    dag_id: str
    code: ShownPipeline | None
    schedule: ScheduleShown | None
    runs: tuple[RunSummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolShown:
    """What a kitchen has in a tool; never a secret."""

    name: str
    parts: tuple[Part, ...]


@router.get("/kitchens/{name}")
def show_kitchen(request: Request, visit: PresentVisit, name: str) -> Response:
    """A kitchen's page."""
    seen = visit.as_seen(visit.kitchen(name, Action.SEE))
    kitchen, installation = seen.kitchen, visit.installation
    code = installation.shown_code.of(kitchen)
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
        pipelines=_pipelines(seen, code, visit),
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


@router.get("/dags/{dag_id}")
def show_kitchen_of_dag(request: Request, visit: PresentVisit, dag_id: str) -> Response:
    """From a page of Airflow's about a DAG to its kitchen's."""
    kitchen = names.kitchen_of_dag(dag_id)
    if kitchen is None or kitchen not in visit.names_seen([kitchen]):
        raise KitchenNotFound((kitchen or dag_id)[:80])
    return see(request, f"/kitchens/{kitchen}")


def _pipelines(seen: Seen, code: ShownCode, visit: Visit) -> list[PipelineShown]:
    kitchen, installation = seen.kitchen, visit.installation
    codes = {shown.name: shown for shown in code.pipelines}
    schedules = {one.pipeline: one for one in installation.schedules.of([kitchen])[kitchen.id]}
    dag_ids = [shown.dag_id for shown in code.pipelines]
    runs = installation.overview.recent_runs(dag_ids, at_most=_MOST_RUNS)
    return [
        PipelineShown(
            name=name,
            dag_id=names.dag_id(kitchen.name, name),
            code=codes.get(name),
            schedule=shown_schedule(kitchen, schedules[name], visit) if name in schedules else None,
            runs=tuple(reversed(runs.get(names.dag_id(kitchen.name, name), []))),
        )
        for name in sorted({*codes, *schedules})
    ]


def _tools(seen: Seen, visit: Visit) -> list[ToolShown]:
    environment = visit.environment(seen.kitchen)
    parts = parts_of(seen.kitchen, environment)
    return [
        ToolShown(name=name, parts=tuple(part for part in parts if part.tool == name))
        for name in sorted(environment.tools)
    ]
