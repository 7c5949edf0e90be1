"""Create, resume, finish, change, delete.

An operation is written down with all of its steps before the first is taken, and each step finds
its own work done. Whatever dies in the middle, the same request given again goes on from there.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.kitchen import Kitchen, KitchenState, check_settings
from airflow_dataops.domain.life_cycle import LifeCycleEvent
from airflow_dataops.domain.provisioning import Operation, OperationKind, StepProgress, parts_of
from airflow_dataops.domain.revert import CHANGE, channel_change
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    DataOpsError,
    KitchenBusy,
    KitchenError,
    KitchenExists,
    KitchenHasChildren,
    Superseded,
)
from airflow_dataops.services.kitchens.planning import plan
from airflow_dataops.services.kitchens.request import entry
from airflow_dataops.services.kitchens.server_steps import make_way, take_step

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.domain.kitchen import KitchenSettings
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.ports import KitchenRegistry
    from airflow_dataops.services.kitchens.request import KitchenRequest, Occasion, Places


def create(asked: KitchenRequest, occasion: Occasion, places: Places) -> Operation:
    """Begin to create a kitchen; asked again by the same person, go on with it.

    Returns:
        The operation as it stands: what the server makes is made, the rest is under way.

    Raises:
        Vetoed: a hook of this installation refuses; nothing was made.
        KitchenBusy: somebody else is creating it.
        OutsideSystemError: git, Airflow or a tool refuses; asking again goes on from there.
        DataOpsError: what ``plan`` raises.
    """
    begun = next((k for k in places.registry.kitchens() if k.name == asked.name), None)
    if begun is not None and begun.state is KitchenState.CREATING:
        if begun.created_by != occasion.by:
            raise KitchenBusy(begun.name, begun.state, f"{begun.created_by} asked for it")
        return resume(_under_way(begun, places), occasion, places)
    kitchen = plan(asked, occasion, projects=places.projects, registry=places.registry)
    staff = _with_head(asked.staff, occasion.by)
    operation = _operation(
        OperationKind.CREATE, kitchen, asked.operation_id, occasion, _environment(kitchen, places)
    )
    places.hooks.before(_event(operation, staff))
    _refuse_what_is_others(kitchen, places)
    ticket = {"ticket": kitchen.settings.ticket} if kitchen.settings.ticket else {}
    audit = entry(occasion, "begin to create", kitchen, **ticket)
    places.registry.add(kitchen, staff=staff, operation=operation, audit=audit)
    return _advance(operation, occasion, places)


def delete(name: str, operation_id: str, occasion: Occasion, places: Places) -> Operation:
    """Begin to delete a kitchen; asked again, go on with it.

    Returns:
        The operation as it stands. Its steps become the inventory of what was there and is gone.

    Raises:
        InvalidRequest: the reason cannot be.
        KitchenNotFound: there is none of this name.
        KitchenHasChildren: kitchens that were cut from it live.
        KitchenBusy: somebody else began to delete it in this moment.
        KitchenError: it is the base kitchen of an environment.
        Vetoed: a hook of this installation refuses; nothing was unmade.
        OutsideSystemError: git, Airflow or a tool refuses; asking again goes on from there.
    """
    check_reason(occasion.reason)
    kitchen = places.registry.kitchen(name)
    if kitchen.state is KitchenState.DELETING:
        return resume(_under_way(kitchen, places), occasion, places)
    environment = _environment(kitchen, places)
    if environment.base_kitchen.name == name:
        message = (
            f"kitchen {name!r} is the base kitchen of {environment.name}; it goes when the "
            "environment goes"
        )
        raise KitchenError(message)
    children = [child.name for child in places.registry.kitchens() if child.parent == name]
    if children:
        raise KitchenHasChildren(name, children)
    operation = _operation(OperationKind.DELETE, kitchen, operation_id, occasion, environment)
    places.hooks.before(_event(operation, places.registry.staff(kitchen)))
    audit = entry(occasion, "begin to delete", kitchen)
    places.registry.mark_deleting(kitchen, operation, audit=audit)
    return _advance(operation, occasion, places)


def resume(operation: Operation, occasion: Occasion, places: Places) -> Operation:
    """Go on with an operation that nobody works for; one that is worked for is left alone.

    Raises:
        OutsideSystemError: git, Airflow or a tool refuses; asking again goes on from there.
    """
    if operation.is_over or places.workers.is_working(operation):
        return operation
    places.workers.stop(operation)
    try:
        taken = places.operations.next_attempt(operation)
    except Superseded:  # somebody else was asked the same, and goes on with it
        return places.operations.operation(operation.id)
    return _advance(taken, occasion, places)


def finish(operation: Operation, occasion: Occasion, places: Places) -> Operation:
    """End an operation whose steps are all done: the kitchen is ready, or it is gone.

    Raises:
        ValueError: a step is left.
        Superseded: another attempt has taken over.
    """
    kitchen, staff = operation.kitchen, places.registry.staff(operation.kitchen)
    is_created = operation.kind is OperationKind.CREATE
    # The person who asked did it, whoever it is that saw it end.
    done = replace(occasion, by=operation.by, reason=operation.reason)
    what = "created" if is_created else "deleted"
    if not is_created:
        # Again: the scheduler may have begun one before it knew that the DAGs go.
        places.runs.cancel_all(kitchen)
    places.operations.finish(operation, audit=entry(done, what, kitchen))
    places.registry.ask_for_parsing(kitchen)
    places.hooks.after(_event(operation, staff))
    return places.operations.operation(operation.id)


def change(
    kitchen: Kitchen, settings: KitchenSettings, occasion: Occasion, registry: KitchenRegistry
) -> Kitchen:
    """Give a kitchen other settings.

    Raises:
        InvalidRequest: a setting or the reason cannot be.
        KitchenBusy: the kitchen is being deleted.
    """
    if kitchen.state is KitchenState.DELETING:
        raise KitchenBusy(kitchen.name, kitchen.state, "it cannot be changed any more")
    check_reason(occasion.reason)
    if settings.ends_at != kitchen.settings.ends_at:
        settings = check_settings(settings, now=occasion.now)
    else:  # an end that has come meanwhile is no reason to refuse another ticket
        check_settings(replace(settings, ends_at=None), now=occasion.now)
    channel = channel_change(kitchen.settings.slack_channel, settings.slack_channel)
    facts = channel | _ticket_change(kitchen.settings.ticket, settings.ticket)
    changed = registry.change(kitchen, settings, audit=entry(occasion, CHANGE, kitchen, **facts))
    registry.ask_for_parsing(changed)
    return changed


def _ticket_change(before: str | None, after: str | None) -> dict[str, str]:
    return {} if before == after else {"ticket": after or "none"}


def _advance(operation: Operation, occasion: Occasion, places: Places) -> Operation:
    """Take the server's steps, then have workers take theirs."""
    try:
        make_way(operation, places)
        for part in operation.left():
            if part.is_made_by_server:
                take_step(operation, part, places)
        operation = places.operations.operation(operation.id)
        if operation.kind is OperationKind.CREATE:
            places.registry.ask_for_parsing(operation.kitchen)
        if not operation.left():
            return finish(operation, occasion, places)
        run_id = places.workers.start(operation)
    except Superseded:
        raise
    except DataOpsError as error:
        places.operations.failed(operation, error=str(error))
        raise
    with suppress(Superseded):  # a quick worker has ended it, and needs no name any more
        places.operations.started(operation, run_id=run_id)
    return places.operations.operation(operation.id)


def _refuse_what_is_others(kitchen: Kitchen, places: Places) -> None:
    """Refuse a branch that is there: whoever deletes the kitchen would delete it."""
    if _environment(kitchen, places).base_kitchen.name == kitchen.name:
        return
    if places.repository.tip(kitchen.branch) is not None:
        why = (
            f"the repository has a branch {kitchen.branch!r} already, which would go with the "
            "kitchen; choose another name, or delete that branch"
        )
        raise KitchenExists(kitchen.name, why)


def _under_way(kitchen: Kitchen, places: Places) -> Operation:
    operation = places.operations.latest(kitchen)
    if operation is None:
        message = f"kitchen {kitchen.name} is {kitchen.state} without an operation"
        raise ValueError(message)
    return operation


def _operation(
    kind: OperationKind,
    kitchen: Kitchen,
    operation_id: str,
    occasion: Occasion,
    environment: ReleaseEnvironment,
) -> Operation:
    parts = parts_of(kitchen, environment)
    if kind is OperationKind.DELETE:
        # The branch is still the first: a git host may refuse, and then no data are lost.
        ours = [part for part in parts if part.is_made_by_server]
        parts = ours + [part for part in reversed(parts) if not part.is_made_by_server]
    return Operation(
        id=operation_id,
        kind=kind,
        kitchen=kitchen,
        by=occasion.by,
        reason=occasion.reason,
        began_at=occasion.now,
        steps=tuple(StepProgress(part=part) for part in parts),
    )


def _event(operation: Operation, staff: Iterable[Member]) -> LifeCycleEvent:
    return LifeCycleEvent(
        kind=operation.kind,
        kitchen=operation.kitchen,
        staff=tuple(staff),
        parts=tuple(step.part for step in operation.steps),
        by=operation.by,
        reason=operation.reason,
    )


def _with_head(staff: Iterable[Member], creator: str) -> list[Member]:
    others = [member for member in staff if member.who != creator]
    return [Member(who=creator, role=Role.HEAD), *others]


def _environment(kitchen: Kitchen, places: Places) -> ReleaseEnvironment:
    return places.projects.environment(kitchen.environment)
