"""What is being done to kitchens, and what was done: also of those that are gone."""

from __future__ import annotations

from fastapi import APIRouter

from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import EnvironmentNotFound, KitchenNotFound, OperationNotFound
from airflow_dataops.web.answers import OperationAnswer, operation_answer
from airflow_dataops.web.identifiers import checked_id
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/operations", tags=["operations"])


@router.get("/{operation_id}")
def show_operation(visit: PresentVisit, operation_id: str) -> OperationAnswer:
    """One operation with its steps."""
    operation = visit.installation.operations.operation(checked_id(operation_id))
    try:
        visit.check(Action.SEE, operation.kitchen)
    except (KitchenNotFound, EnvironmentNotFound):
        raise OperationNotFound(operation_id) from None
    return operation_answer(operation)
