"""What goes with a kitchen, before it goes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.permissions import Action
from airflow_dataops.domain.provisioning import parts_of
from airflow_dataops.web.api.kitchens import delete_kitchen
from airflow_dataops.web.pages.forms import Fields, text_of
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens/{name}/delete")


@router.get("")
def show_what_goes(request: Request, visit: PresentVisit, name: str) -> Response:
    """Everything that is deleted, and what keeps it from being deleted."""
    kitchen = visit.kitchen(name, Action.DELETE)
    environment = visit.environment(kitchen)
    visible = visit.visible()
    return page(
        request,
        "delete.html",
        kitchen=kitchen,
        parts=parts_of(kitchen, environment),
        is_base=environment.base_kitchen.name == name,
        children=[seen.kitchen.name for seen in visible if seen.parent == name],
        pipelines=visit.installation.overview.pipeline_counts([kitchen]).get(kitchen.id, 0),
    )


@router.post("")
def delete(request: Request, visit: PresentVisit, name: str, fields: Fields) -> Response:
    """Begin to delete, and show how far it has come."""
    operation = delete_kitchen(visit, name, text_of(fields, "reason"))
    return see(request, f"/operations/{operation.id}")
