"""The life of kitchens: plan, create, change, delete.

An operation is written down with all of its steps before the first is taken, and each step finds
its own work done. Whatever dies in the middle, the same request given again goes on from there.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, assert_never

from airflow_dataops.domain import names
from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.kitchen import Kitchen, KitchenState, check_settings
from airflow_dataops.domain.life_cycle import LifeCycleEvent
from airflow_dataops.domain.provisioning import (
    Operation,
    OperationKind,
    Part,
    PartKind,
    Progress,
    StepProgress,
    parts_of,
)
from airflow_dataops.domain.staff import Member, Role
from airflow_dataops.errors import (
    DataOpsError,
    KitchenBusy,
    KitchenError,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
)

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from airflow_dataops.domain.kitchen import KitchenSettings
    from airflow_dataops.domain.release_environment import Projects, ReleaseEnvironment
    from airflow_dataops.ports import (
        AccessRoles,
        Hooks,
        KitchenRegistry,
        Operations,
        Repository,
        Runs,
        Workers,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenRequest:
    """A kitchen that a person asks for; the ids come from whoever takes the request.

    Attributes:
        staff: besides the person who asks, who becomes head.
    """

    name: str
    parent: str | None
    environment: str | None
    settings: KitchenSettings
    staff: tuple[Member, ...] = ()
    kitchen_id: str
    operation_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """Who does something, when, why, and from where."""

    by: str
    now: datetime
    source: str
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where the parts of a kitchen are, and who makes them."""

    projects: Projects
    registry: KitchenRegistry
    operations: Operations
    repository: Repository
    access: AccessRoles
    runs: Runs
    workers: Workers
    hooks: Hooks


def plan(
    asked: KitchenRequest, occasion: Occasion, *, projects: Projects, registry: KitchenRegistry
) -> Kitchen:
    """The kitchen that would be created.

    A base kitchen takes its environment and branch from the environments file. Any other one
    names its parent, and has the parent's environment unless it is given another.

    Raises:
        InvalidName: no kitchen may be named so.
        InvalidRequest: a setting cannot be.
        KitchenExists: the name, its namespace or its branch is taken.
        KitchenNotFound: there is no such parent.
        KitchenError: the parent is missing, or the environment cannot have this kitchen.
    """
    name, parent = names.check_kitchen_name(asked.name), asked.parent
    settings = check_settings(asked.settings, now=occasion.now)
    living = {kitchen.name: kitchen for kitchen in registry.kitchens()}
    if name in living:
        raise KitchenExists(name)
    base = next((e for e in projects.environments() if e.base_kitchen.name == name), None)
    if parent is not None and parent not in living:
        raise KitchenNotFound(parent, sorted(living))
    if base is None and parent is None:
        known = ", ".join(e.base_kitchen.name for e in projects.environments())
        message = (
            f"kitchen {name!r} needs a parent to be cut from (--from); without one only the base "
            f"kitchens of the environments file can be created: {known}"
        )
        raise KitchenError(message)
    home = base or projects.environment(asked.environment or living[str(parent)].environment)
    _check_home(name, home, asked=asked.environment, parent=living.get(str(parent)))
    planned = Kitchen(
        id=asked.kitchen_id,
        name=name,
        project=home.project,
        environment=home.name,
        branch=base.base_kitchen.branch if base else names.branch(name),
        parent=parent,
        created_at=occasion.now,
        created_by=occasion.by,
        state=KitchenState.CREATING,
        settings=settings,
    )
    _check_branch(planned, projects, living.values())
    registry.check(planned)
    return planned


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
    audit = entry(occasion, "begin to create", kitchen)
    places.registry.add(kitchen, staff=staff, operation=operation, audit=audit)
    return _advance(operation, occasion, places)


def delete(name: str, operation_id: str, occasion: Occasion, places: Places) -> Operation:
    """Begin to delete a kitchen; asked again, go on with it.

    Returns:
        The operation as it stands. Its steps become the inventory of what was there and is gone.

    Raises:
        KitchenNotFound: there is none of this name.
        KitchenHasChildren: kitchens that were cut from it live.
        KitchenError: it is the base kitchen of an environment.
        Vetoed: a hook of this installation refuses; nothing was unmade.
        OutsideSystemError: git, Airflow or a tool refuses; asking again goes on from there.
    """
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
    before = places.operations.latest(kitchen)
    places.hooks.before(_event(operation, places.registry.staff(kitchen)))
    audit = entry(occasion, "begin to delete", kitchen)
    places.registry.mark_deleting(kitchen, operation, audit=audit)
    if before is not None and not before.is_over:
        places.workers.stop(before)  # it was being created
    return _advance(operation, occasion, places)


def resume(operation: Operation, occasion: Occasion, places: Places) -> Operation:
    """Go on with an operation that nobody works for; one that is worked for is left alone.

    Raises:
        OutsideSystemError: git, Airflow or a tool refuses; asking again goes on from there.
    """
    if operation.is_over or places.workers.is_working(operation):
        return operation
    places.workers.stop(operation)
    return _advance(places.operations.next_attempt(operation), occasion, places)


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
    places.operations.finish(operation, audit=entry(done, what, kitchen))
    places.registry.ask_for_parsing(kitchen)
    places.hooks.after(_event(operation, staff))
    return places.operations.operation(operation.id)


def change(
    kitchen: Kitchen, settings: KitchenSettings, occasion: Occasion, registry: KitchenRegistry
) -> Kitchen:
    """Give a kitchen other settings.

    Raises:
        InvalidRequest: a setting cannot be.
        KitchenBusy: the kitchen is being deleted.
    """
    if kitchen.state is KitchenState.DELETING:
        raise KitchenBusy(kitchen.name, kitchen.state, "it cannot be changed any more")
    if settings.ends_at != kitchen.settings.ends_at:
        check_settings(settings, now=occasion.now)
    else:  # an end that has come meanwhile is no reason to refuse another ticket
        check_settings(replace(settings, ends_at=None), now=occasion.now)
    changed = registry.change(kitchen, settings, audit=entry(occasion, "change", kitchen))
    registry.ask_for_parsing(changed)
    return changed


def entry(occasion: Occasion, action: str, kitchen: Kitchen, **details: str) -> AuditEntry:
    """What the audit trail keeps of a deed."""
    return AuditEntry(
        at=occasion.now,
        by=occasion.by,
        source=occasion.source,
        action=action,
        project=kitchen.project,
        environment=kitchen.environment,
        kitchen_id=kitchen.id,
        kitchen=kitchen.name,
        reason=occasion.reason,
        details=details,
    )


def _advance(operation: Operation, occasion: Occasion, places: Places) -> Operation:
    """Take the server's steps, then have workers take theirs."""
    try:
        if operation.kind is OperationKind.DELETE:
            # A run of a DAG that is gone is looked at by no scheduler and would hang forever.
            places.registry.ask_for_parsing(operation.kitchen)
            places.runs.cancel_all(operation.kitchen)
        else:
            places.runs.forget(operation.kitchen)
        for part in operation.left():
            if part.is_made_by_server:
                places.operations.step(operation, part, Progress.RUNNING)
                detail = _take_server_step(operation, part, places)
                places.operations.step(operation, part, Progress.DONE, detail=detail)
        operation = places.operations.operation(operation.id)
        if operation.kind is OperationKind.CREATE:
            places.registry.ask_for_parsing(operation.kitchen)
        if not operation.left():
            return finish(operation, occasion, places)
        run_id = places.workers.start(operation)
    except DataOpsError as error:
        places.operations.failed(operation, error=str(error))
        raise
    places.operations.started(operation, run_id=run_id)
    return places.operations.operation(operation.id)


def _take_server_step(operation: Operation, part: Part, places: Places) -> str:
    kitchen, is_made = operation.kitchen, operation.kind is OperationKind.CREATE
    match part.kind:
        case PartKind.BRANCH:
            return _make_branch(kitchen, places) if is_made else _delete_branch(kitchen, places)
        case PartKind.ACCESS if is_made:
            return places.access.put(kitchen, places.registry.staff(kitchen))
        case PartKind.ACCESS:
            places.access.remove(kitchen)
            return "gone"
        case (
            PartKind.DATABASE_ROLE
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


def _check_home(
    name: str, home: ReleaseEnvironment, *, asked: str | None, parent: Kitchen | None
) -> None:
    is_base = home.base_kitchen.name == name
    if is_base and asked is not None and asked != home.name:
        message = f"kitchen {name!r} is the base kitchen of {home.name}, not of {asked}"
        raise KitchenError(message)
    if home.protected and not is_base:
        message = (
            f"kitchen {name!r} cannot point to {home.name!r}: that environment is protected and "
            f"has one kitchen, {home.base_kitchen.name}; name another with --environment"
        )
        raise KitchenError(message)
    if parent is None:
        return
    if parent.project != home.project:
        message = (
            f"kitchen {name!r} cannot be cut from {parent.name!r}: that one belongs to project "
            f"{parent.project!r}, environment {home.name!r} to {home.project!r}"
        )
        raise KitchenError(message)
    if parent.state is KitchenState.DELETING:
        raise KitchenBusy(parent.name, parent.state, "no kitchen can be cut from it any more")


def _check_branch(planned: Kitchen, projects: Projects, living: Iterable[Kitchen]) -> None:
    """Refuse a branch that another kitchen stands on: deleting one would delete the other's."""
    project = projects.projects[planned.project]
    owners = {k.branch: k.name for k in living if k.project == planned.project}
    for environment in project.environments.values():
        owners.setdefault(environment.base_kitchen.branch, environment.base_kitchen.name)
    owner = owners.get(planned.branch, planned.name)
    if owner != planned.name:
        why = f"branch {planned.branch!r} belongs to kitchen {owner!r}; choose another name"
        raise KitchenExists(planned.name, why)
