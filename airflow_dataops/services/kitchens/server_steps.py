"""The parts of a kitchen that the server itself makes and unmakes: its branch and its roles."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

from airflow_dataops.domain.provisioning import Operation, OperationKind, Part, PartKind, Progress
from airflow_dataops.errors import KitchenError, Superseded

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.services.kitchens.request import Places


def make_way(operation: Operation, places: Places) -> None:
    """End what would be in the way of an operation."""
    kitchen = operation.kitchen
    if operation.kind is OperationKind.DELETE:
        for other in places.operations.all_of(kitchen):
            if other.progress is Progress.FAILED and other.id != operation.id:
                places.workers.stop(other)  # it was being created
        # A run of a DAG that is gone is looked at by no scheduler and would hang forever.
        places.registry.ask_for_parsing(kitchen)
        places.runs.cancel_all(kitchen)
    elif any(part.kind is PartKind.BRANCH for part in operation.left()):
        # Later these could be its own, which are read as soon as it has a branch.
        places.runs.forget(kitchen)


def take_step(operation: Operation, part: Part, places: Places) -> None:
    """Make or unmake one part, and note it.

    Raises:
        Superseded: another attempt has taken over, or a deletion.
    """
    places.operations.step(operation, part, Progress.RUNNING)
    is_made = operation.kind is OperationKind.CREATE
    detail = _do(part, operation.kitchen, places, is_made=is_made)
    try:
        places.operations.step(operation, part, Progress.DONE, detail=detail)
    except Superseded:
        _take_back(operation, part, places)
        raise


def _take_back(operation: Operation, part: Part, places: Places) -> None:
    """Unmake what was made after a deletion, which did not wait for it, had looked for it."""
    was_ended = places.operations.operation(operation.id).progress is Progress.FAILED
    living = {kitchen.name: kitchen.id for kitchen in places.registry.kitchens()}
    kitchen = operation.kitchen
    is_taken = living.get(kitchen.name, kitchen.id) != kitchen.id
    if operation.kind is OperationKind.CREATE and was_ended and not is_taken:
        _do(part, kitchen, places, is_made=False)


def _do(part: Part, kitchen: Kitchen, places: Places, *, is_made: bool) -> str:
    match part.kind:
        case PartKind.BRANCH:
            return _make_branch(kitchen, places) if is_made else _delete_branch(kitchen, places)
        case PartKind.ACCESS if is_made:
            return places.access.put(kitchen, places.registry.staff(kitchen))
        case PartKind.ACCESS:
            places.access.remove(kitchen)
            return "gone"
        case (
            PartKind.SECRETS
            | PartKind.DATABASE_ROLE
            | PartKind.SCHEMA
            | PartKind.VAULT_ROLE
            | PartKind.CREDENTIAL
            | PartKind.PREFIX
            | PartKind.FOLDER
        ):
            message = f"{part.name} is made by the environment's workers"
            raise ValueError(message)
        case _:
            assert_never(part.kind)


def _make_branch(kitchen: Kitchen, places: Places) -> str:
    if places.repository.tip(kitchen.branch) is not None:
        return "is there already and is kept as it is"
    if kitchen.parent is None:
        message = (
            f"kitchen {kitchen.name!r} stands on branch {kitchen.branch!r}, which the repository "
            "does not have; push it, or name a parent to cut it from (--from)"
        )
        raise KitchenError(message)
    source = places.registry.kitchen(kitchen.parent).branch
    places.repository.cut_branch(kitchen.branch, source=source)
    return f"cut from {source}"


def _delete_branch(kitchen: Kitchen, places: Places) -> str:
    tip = places.repository.tip(kitchen.branch)
    if tip is None:
        return "was gone already"
    places.repository.delete_branch(kitchen.branch)
    return f"gone; its last commit was {tip}"
