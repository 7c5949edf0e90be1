"""The registry of an installation, kept in memory: kitchens, staff, operations, audit trail.

One ``FakeRegistry`` is what the three tables are in a database; the fakes of the ports work on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from airflow_dataops.domain import names, schedule
from airflow_dataops.domain.kitchen import KitchenState
from airflow_dataops.domain.provisioning import OperationKind, Progress
from airflow_dataops.domain.schedule import PipelineSchedule
from airflow_dataops.errors import (
    KitchenBusy,
    KitchenExists,
    KitchenHasChildren,
    KitchenNotFound,
    OperationNotFound,
    Superseded,
)


@dataclass
class FakeRegistry:
    """All that is recorded.

    Attributes:
        living: kitchens by name.
        deleted: kitchens that are gone, oldest first, and by whom.
        staff: roles by name, by kitchen id.
        warned: ids of kitchens whose staff was warned.
        parsing_requests: names of the kitchens whose DAGs were to be read at once.
        foreign_dags: DAG ids of bundles that serve no kitchens.
        tags: of the kitchens' DAGs, by DAG id.
        schedules: what is enabled, by kitchen id and pipeline.
    """

    living: dict = field(default_factory=dict)
    deleted: list = field(default_factory=list)
    staff: dict = field(default_factory=dict)
    warned: set = field(default_factory=set)
    operations: dict = field(default_factory=dict)
    audit: list = field(default_factory=list)
    parsing_requests: list = field(default_factory=list)
    foreign_dags: list = field(default_factory=list)
    tags: dict = field(default_factory=dict)
    schedules: dict = field(default_factory=dict)

    def by_id(self, kitchen_id):
        """A kitchen as it is now, or was."""
        known = [*self.living.values(), *(kitchen for kitchen, _ in self.deleted)]
        return next(kitchen for kitchen in known if kitchen.id == kitchen_id)

    def hold_living(self, kitchen):
        """The kitchen as it is now, unless it goes or is gone."""
        now = self.living.get(kitchen.name)
        if now is None or now.id != kitchen.id:
            raise KitchenNotFound(kitchen.name, sorted(self.living))
        if now.state is KitchenState.DELETING:
            raise KitchenBusy(kitchen.name, now.state, "nothing about it can be changed any more")
        return now

    def put(self, kitchen, **values):
        self.living[kitchen.name] = replace(kitchen, **values)
        return self.living[kitchen.name]


class FakeKitchenRegistry:
    """KitchenRegistry without a database; passes the contract of ``KitchenTable``."""

    def __init__(self, recorded=None):
        self.recorded = recorded or FakeRegistry()

    def kitchens(self, *, environment=None):
        found = (self.recorded.living[name] for name in sorted(self.recorded.living))
        return [k for k in found if environment in {None, k.environment}]

    def named(self, names):
        wanted = set(names)
        return [kitchen for kitchen in self.kitchens() if kitchen.name in wanted]

    def kitchen(self, name):
        if name not in self.recorded.living:
            raise KitchenNotFound(name, sorted(self.recorded.living))
        return self.recorded.living[name]

    def former(self, name):
        return [k for k, _ in reversed(self.recorded.deleted) if k.name == name]

    def check(self, kitchen):
        names.check_kitchen_name(kitchen.name)
        if kitchen.name in self.recorded.living:
            raise KitchenExists(kitchen.name)
        siblings = [k.name for k in self.kitchens() if k.project == kitchen.project]
        if kitchen.parent is not None:
            if kitchen.parent not in siblings:
                raise KitchenNotFound(kitchen.parent, siblings)
            parent = self.recorded.living[kitchen.parent]
            if parent.state is KitchenState.DELETING:
                why = "no kitchen can be cut from it any more"
                raise KitchenBusy(parent.name, parent.state, why)
        for dag_id in self.recorded.foreign_dags:
            if names.is_in_namespace(dag_id, kitchen.name):
                raise KitchenExists(kitchen.name, f"DAG {dag_id!r} lies in its namespace")

    def add(self, kitchen, *, staff, operation, audit):
        self.check(kitchen)
        self.recorded.living[kitchen.name] = kitchen
        self.recorded.staff[kitchen.id] = {member.who: member for member in staff}
        self.recorded.operations[operation.id] = operation
        self.recorded.audit.append(audit)

    def change(self, kitchen, settings, *, audit):
        now = self.recorded.hold_living(kitchen)
        if settings.ends_at != kitchen.settings.ends_at:
            self.recorded.warned.discard(kitchen.id)
        changed = {
            name: getattr(settings, name)
            for name in settings.__dataclass_fields__
            if getattr(settings, name) != getattr(kitchen.settings, name)
        }
        self.recorded.audit.append(audit)
        return self.recorded.put(now, settings=replace(now.settings, **changed))

    def note_warning(self, kitchen, *, at):  # noqa: ARG002 - the table keeps the moment
        is_new = kitchen.id not in self.recorded.warned
        self.recorded.warned.add(kitchen.id)
        return is_new

    def mark_deleting(self, kitchen, operation, *, audit):
        now = self.recorded.hold_living(kitchen)
        if children := [k.name for k in self.kitchens() if k.parent == kitchen.name]:
            raise KitchenHasChildren(kitchen.name, children)
        self.recorded.put(now, state=KitchenState.DELETING)
        for other in list(self.recorded.operations.values()):
            if other.kitchen.id == kitchen.id and other.ended_at is None:
                why = f"{audit.by} had the kitchen deleted before it was ready"
                self.recorded.operations[other.id] = replace(
                    other, progress=Progress.FAILED, ended_at=audit.at, error=why
                )
        self.recorded.operations[operation.id] = operation
        self.recorded.schedules.pop(kitchen.id, None)
        self.recorded.audit.append(audit)

    def staff(self, kitchen):
        found = self.recorded.staff.get(kitchen.id, {})
        return [found[who] for who in sorted(found)]

    def staffs(self, kitchens):
        return {kitchen.id: self.staff(kitchen) for kitchen in kitchens}

    def put_member(self, kitchen, member, *, audit):
        self.recorded.hold_living(kitchen)
        self.recorded.staff.setdefault(kitchen.id, {})[member.who] = member
        self.recorded.audit.append(audit)

    def remove_member(self, kitchen, who, *, audit):
        self.recorded.hold_living(kitchen)
        self.recorded.staff.get(kitchen.id, {}).pop(who, None)
        self.recorded.audit.append(audit)

    def ask_for_parsing(self, kitchen):
        if kitchen.name not in self.recorded.parsing_requests:
            self.recorded.parsing_requests.append(kitchen.name)


class FakeOperations:
    """Operations without a database; passes the contract of ``OperationTable``."""

    def __init__(self, recorded, *, now):
        self.recorded = recorded
        self._now = now

    def operation(self, operation_id):
        if operation_id not in self.recorded.operations:
            raise OperationNotFound(operation_id)
        found = self.recorded.operations[operation_id]
        return replace(found, kitchen=self.recorded.by_id(found.kitchen.id))

    def latest(self, kitchen):
        return next(iter(self.all_of(kitchen)), None)

    def all_of(self, kitchen):
        found = [o for o in self.recorded.operations.values() if o.kitchen.id == kitchen.id]
        found.sort(key=lambda o: (o.began_at, o.kind is OperationKind.DELETE), reverse=True)
        return [self.operation(o.id) for o in found]

    def next_attempt(self, operation):
        now = self._present(operation)
        steps = [
            step if step.progress is Progress.DONE else replace(step, progress=Progress.PENDING)
            for step in now.steps
        ]
        self._put(
            now,
            attempt=now.attempt + 1,
            run_id=None,
            progress=Progress.RUNNING,
            error=None,
            steps=tuple(steps),
        )
        return self.operation(operation.id)

    def started(self, operation, *, run_id):
        self._put(self._present(operation), run_id=run_id)

    def step(self, operation, part, progress, *, detail=""):
        now = self._present(operation)
        if part not in [step.part for step in now.steps]:
            message = f"operation {operation.id} has no step {part.name} ({part.what})"
            raise ValueError(message)
        steps = [self._moved(s, progress, detail) if s.part == part else s for s in now.steps]
        self._put(now, progress=Progress.RUNNING, error=None, steps=tuple(steps))

    def failed(self, operation, *, error):
        now = self._present(operation)
        steps = [
            replace(step, progress=Progress.FAILED) if step.progress is Progress.RUNNING else step
            for step in now.steps
        ]
        error = error.replace("\0", "")
        self._put(now, progress=Progress.FAILED, error=error, steps=tuple(steps))

    def finish(self, operation, *, audit):
        now = self._present(operation)
        if left := now.left():
            message = f"operation {operation.id} cannot end: {len(left)} of its steps are left"
            raise ValueError(message)
        kitchen = self.recorded.living[operation.kitchen.name]
        if operation.kind is OperationKind.DELETE:
            self.recorded.deleted.append((self.recorded.living.pop(kitchen.name), audit.by))
        else:
            self.recorded.put(kitchen, state=KitchenState.READY)
        self._put(now, progress=Progress.DONE, ended_at=audit.at, error=None)
        self.recorded.audit.append(audit)

    def _present(self, operation):
        now = self.operation(operation.id)
        if now.ended_at is not None or now.attempt != operation.attempt:
            why = "is over" if now.ended_at else f"was taken over by attempt {now.attempt}"
            noun = "creation" if operation.kind is OperationKind.CREATE else "deletion"
            message = f"the {noun} of kitchen {operation.kitchen.name!r} {why}"
            raise Superseded(message)
        return now

    def _moved(self, step, progress, detail):
        if step.progress is Progress.DONE:
            return step
        detail = detail.replace("\0", "")
        if progress is Progress.RUNNING:
            return replace(
                step, progress=progress, detail=detail, began_at=self._now(), ended_at=None
            )
        return replace(step, progress=progress, detail=detail, ended_at=self._now())

    def _put(self, operation, **values):
        self.recorded.operations[operation.id] = replace(operation, **values)


class FakeAuditTrail:
    """AuditTrail without a database; passes the contract of ``AuditTable``."""

    def __init__(self, recorded):
        self.recorded = recorded

    def add(self, entry):
        self.recorded.audit.append(entry)

    def entries(self, asked):
        found = [
            entry
            for entry in reversed(self.recorded.audit)
            if asked.kitchen_id in {None, entry.kitchen_id}
            and (asked.environments is None or entry.environment in asked.environments)
            and (asked.actions is None or entry.action in asked.actions)
            and (asked.since is None or entry.at >= asked.since)
            and (asked.until is None or entry.at < asked.until)
        ]
        return sorted(found, key=lambda entry: entry.at, reverse=True)[: asked.at_most]


class FakeSchedules:
    """Schedules without a database; passes the contract of ``ScheduleTable``."""

    def __init__(self, recorded):
        self.recorded = recorded

    def of(self, kitchens):
        return {kitchen.id: self._of(kitchen) for kitchen in kitchens}

    def enabled_in(self, kitchen, *, environment):
        living = self.recorded.living.get(kitchen)
        if living is None or living.environment != environment:
            return {}
        return dict(self.recorded.schedules.get(living.id, {}))

    def enable(self, kitchen, enabled, *, audit):
        self.recorded.hold_living(kitchen)
        self.recorded.schedules.setdefault(kitchen.id, {})[enabled.pipeline] = enabled
        self.recorded.audit.append(audit)

    def disable(self, kitchen, pipeline, *, audit):
        if self.recorded.schedules.get(kitchen.id, {}).pop(pipeline, None) is None:
            return False
        self.recorded.hold_living(kitchen)
        self.recorded.audit.append(audit)
        return True

    def _of(self, kitchen):
        tags = {
            dag_id.partition(".")[2]: found
            for dag_id, found in self.recorded.tags.items()
            if names.is_in_namespace(dag_id, kitchen.name)
        }
        enabled = self.recorded.schedules.get(kitchen.id, {})
        return [
            PipelineSchedule(
                pipeline=pipeline,
                declared=schedule.declared_by(tags.get(pipeline, ())),
                enabled=enabled.get(pipeline),
            )
            for pipeline in sorted({*tags, *enabled})
        ]
