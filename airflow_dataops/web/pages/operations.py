"""How far a creation or deletion has come, step by step; afterwards, what was made or is gone."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from airflow_dataops.domain.provisioning import OperationKind
from airflow_dataops.errors import KitchenNotFound
from airflow_dataops.web.api.kitchens import create_kitchen, delete_kitchen
from airflow_dataops.web.api.operations import show_operation
from airflow_dataops.web.pages.rendering import page, see
from airflow_dataops.web.schemas import CreateKitchen
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/operations")


@router.get("/{operation_id}")
def show_progress(request: Request, visit: PresentVisit, operation_id: str) -> Response:
    """An operation with its steps; the page looks again by itself until it is over."""
    operation = show_operation(visit, operation_id)
    return page(
        request,
        "operation.html",
        operation=operation,
        is_creation=operation.kind is OperationKind.CREATE,
        is_over=operation.ended_at is not None,
        done=sum(step.progress == "done" for step in operation.steps),
        lives=operation.kitchen in visit.names_seen([operation.kitchen]),
    )


@router.post("/{operation_id}/again")
def go_on(request: Request, visit: PresentVisit, operation_id: str) -> Response:
    """Go on with an operation that failed, where it is."""
    begun = show_operation(visit, operation_id)
    if begun.ended_at is not None:
        raise KitchenNotFound(begun.kitchen)
    if begun.kind is OperationKind.CREATE:
        again = create_kitchen(visit, CreateKitchen(name=begun.kitchen))
    else:
        again = delete_kitchen(visit, begun.kitchen)
    return see(request, f"/operations/{again.id}")
