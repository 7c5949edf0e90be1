"""Kitchens: list, create, show, change, refresh, delete."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated
from uuid import uuid4

from fastapi import APIRouter, Depends, Query

from airflow_dataops.domain.permissions import Action
from airflow_dataops.errors import KitchenHasChildren, KitchenNotFound
from airflow_dataops.services import kitchens
from airflow_dataops.web.answers import (
    AuditAnswer,
    CodeAnswer,
    KitchenAnswer,
    OperationAnswer,
    audit_answer,
    code_answer,
    kitchen_answer,
    operation_answer,
)
from airflow_dataops.web.audit_reading import history_of
from airflow_dataops.web.bodies import body_of, described
from airflow_dataops.web.creation import project_to_create_in
from airflow_dataops.web.evidence_collecting import collect_if_possible, write_down_if_possible
from airflow_dataops.web.schemas import ChangeKitchen, CreateKitchen, Reason
from airflow_dataops.web.visit import PresentVisit

router = APIRouter(prefix="/kitchens", tags=["kitchens"])

WhyAsked = Annotated[Reason | None, Query()]


@router.get("")
def list_kitchens(visit: PresentVisit) -> list[KitchenAnswer]:
    """The living kitchens that you may see, by name."""
    return [kitchen_answer(seen, visit) for seen in visit.visible()]


@router.post("", status_code=HTTPStatus.ACCEPTED, openapi_extra=described(CreateKitchen))
def create_kitchen(
    visit: PresentVisit, body: Annotated[CreateKitchen, Depends(body_of(CreateKitchen))]
) -> OperationAnswer:
    """Begin to create a kitchen; asked again by the same person, go on with it."""
    asked = kitchens.KitchenRequest(
        name=body.name,
        parent=body.parent,
        environment=body.environment,
        settings=body.settings(),
        staff=body.members(),
        kitchen_id=str(uuid4()),
        operation_id=str(uuid4()),
    )
    places = visit.installation.places(project_to_create_in(asked, visit))
    return operation_answer(kitchens.create(asked, visit.occasion(body.reason), places))


@router.get("/{name}")
def show_kitchen(visit: PresentVisit, name: str) -> KitchenAnswer:
    """One kitchen."""
    return kitchen_answer(visit.seen(name), visit)


@router.patch("/{name}", openapi_extra=described(ChangeKitchen))
def change_kitchen(
    visit: PresentVisit,
    name: str,
    body: Annotated[ChangeKitchen, Depends(body_of(ChangeKitchen))],
) -> KitchenAnswer:
    """Change a kitchen's settings; what the body does not name stays."""
    kitchen = visit.kitchen(name, Action.CHANGE)
    settings = body.applied_to(kitchen.settings)
    occasion = visit.occasion(body.reason)
    changed = kitchens.change(kitchen, settings, occasion, visit.installation.registry)
    return kitchen_answer(visit.as_seen(changed), visit)


@router.delete("/{name}", status_code=HTTPStatus.ACCEPTED)
def delete_kitchen(visit: PresentVisit, name: str, reason: WhyAsked = None) -> OperationAnswer:
    """Begin to delete a kitchen; asked again, go on with it."""
    kitchen = visit.kitchen(name, Action.DELETE)
    # Its runs go with it; what they were evidence of stays.
    collect_if_possible(visit.installation, kitchen, now=visit.now)
    write_down_if_possible(visit.installation, kitchen, now=visit.now)
    try:
        operation = kitchens.delete(
            name, str(uuid4()), visit.occasion(reason), visit.places(kitchen)
        )
    except KitchenHasChildren as error:
        raise _without_hidden(error, visit) from error
    return operation_answer(operation)


@router.post("/{name}/refresh", status_code=HTTPStatus.NO_CONTENT)
def refresh_kitchen(visit: PresentVisit, name: str) -> None:
    """Have the kitchen's branch read now instead of at the next interval."""
    kitchen = visit.kitchen(name, Action.REFRESH)
    visit.installation.registry.ask_for_parsing(kitchen)


@router.get("/{name}/pipelines")
def show_pipelines(visit: PresentVisit, name: str) -> CodeAnswer:
    """The kitchen's pipelines as Airflow has them, and from which commit.

    What could not be read is told to the kitchen's staff: it quotes their code.
    """
    seen = visit.seen(name)
    code = visit.installation.shown_code.of(seen.kitchen)
    return code_answer(code, with_error=seen.role is not None)


@router.get("/{name}/history")
def show_history(visit: PresentVisit, name: str) -> list[AuditAnswer]:
    """What was done to a kitchen, newest first."""
    seen = visit.seen(name)
    with_source = seen.role is not None
    return [audit_answer(one, with_source=with_source) for one in history_of(seen.kitchen, visit)]


@router.get("/{name}/operation")
def show_latest_operation(visit: PresentVisit, name: str) -> OperationAnswer:
    """The last operation on a kitchen, under way or over."""
    kitchen = visit.kitchen(name, Action.SEE)
    operation = visit.installation.operations.latest(kitchen)
    if operation is None:
        raise KitchenNotFound(name)
    return operation_answer(operation)


def _without_hidden(error: KitchenHasChildren, visit: PresentVisit) -> KitchenHasChildren:
    seen = visit.names_seen(error.children)
    shown = [child for child in error.children if child in seen]
    hidden = len(error.children) - len(shown)
    return KitchenHasChildren(error.name, [*shown, *["a private one"] * hidden])
