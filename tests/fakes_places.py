"""Where kitchens' parts are and who makes them, kept in memory."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

from airflow_dataops.domain.provisioning import Progress
from airflow_dataops.errors import KitchenExists, OutsideSystemError, Vetoed
from airflow_dataops.services.provisioning import carry_out


class FakeAccessRoles:
    """AccessRoles without Airflow.

    Attributes:
        staff: who is in a kitchen's roles, by its name.
        refuses: words of the steps that fail, such as ``put``.
    """

    def __init__(self):
        self.staff = {}
        self.refuses = set()

    def put(self, kitchen, staff):
        self._ask("put")
        self.staff[kitchen.name] = list(staff)
        return f"{len(staff)} on the staff"

    def remove(self, kitchen):
        self._ask("remove")
        self.staff.pop(kitchen.name, None)

    def exist(self, kitchen):
        return kitchen.name in self.staff

    def _ask(self, step):
        if step in self.refuses:
            message = "Airflow refused"
            raise OutsideSystemError(message)


class FakeRuns:
    """Runs without Airflow.

    Attributes:
        unfinished: ids of runs, by kitchen's name.
        left_behind: kitchens' names whose earlier DAGs are still known.
    """

    def __init__(self):
        self.unfinished = {}
        self.left_behind = set()

    def cancel_all(self, kitchen):
        return len(self.unfinished.pop(kitchen.name, []))

    def forget(self, kitchen):
        was_there = kitchen.name in self.left_behind
        self.left_behind.discard(kitchen.name)
        return int(was_there)


class FakeHooks:
    """Hooks of an installation.

    Attributes:
        veto: why everything is refused; None lets it pass.
        told: what they were told, and in which moment.
    """

    def __init__(self):
        self.veto = None
        self.told = []

    def before(self, event):
        self.told.append(("before", event))
        if self.veto:
            hook = "acme.hooks.ask"
            raise Vetoed(hook, event.what, self.veto)

    def after(self, event):
        self.told.append(("after", event))


class FakeTools:
    """The tools of an environment, each with the parts of kitchens in them.

    Attributes:
        made: kitchen id that a part belongs to, by what the part is.
        refuses: kinds of parts that cannot be made or unmade now.
        sticky: kinds of parts that stay where they are when they are unmade.
    """

    def __init__(self):
        self.made = {}
        self.refuses = set()
        self.sticky = set()

    def part(self, part, kitchen):
        return FakeKitchenPart(self, part, kitchen)


class FakeKitchenPart:
    """A KitchenPart in ``FakeTools``."""

    def __init__(self, tools, part, kitchen):
        self._tools = tools
        self._part = part
        self._kitchen = kitchen

    def make(self):
        self._ask()
        owner = self._tools.made.setdefault(self._key, self._kitchen.id)
        if owner != self._kitchen.id:
            raise KitchenExists(self._kitchen.name, f"{self._part.what} is somebody else's")
        return "made"

    def unmake(self):
        self._ask()
        if self._part.kind in self._tools.sticky:
            return "left"
        return "gone" if self._tools.made.pop(self._key, None) else "was gone already"

    def exists(self):
        return self._key in self._tools.made

    @property
    def _key(self):
        return f"{self._part.name} {self._part.what}"

    def _ask(self):
        if self._part.kind in self._tools.refuses:
            message = f"{self._part.tool} refused"
            raise OutsideSystemError(message)


class FakeReport:
    """A ProvisioningReport that notes everything in the operations' records."""

    def __init__(self, operations, operation):
        self._operations = operations
        self._operation = operation

    def begins(self, part):
        self._operations.step(self._operation, part, Progress.RUNNING)

    def is_done(self, part, detail):
        self._operations.step(self._operation, part, Progress.DONE, detail=detail)


class FakeWorkers:
    """Workers that begin when a test says so, or at once and in the caller's process.

    Attributes:
        started: attempts that wait for their turn or work, by the id of their run.
        stopped: ids of runs that were asked to end.
        refuses: nobody can do it now.
        is_local: parts are made in the process that asks.
    """

    def __init__(self, operations, tools, *, at_once=False):
        self._operations = operations
        self._tools = tools
        self.is_local = at_once
        self.started = {}
        self.stopped = []
        self.refuses = False

    def _watch(self, place):
        return place

    def start(self, operation):
        if self.refuses:
            message = "nobody serves the provisioning DAG"
            raise OutsideSystemError(message)
        run_id = self.run_id(operation)
        if self.is_local:
            self._carry_out(operation)
        else:
            self.started[run_id] = operation
        return run_id

    def is_working(self, operation):
        return self.run_id(operation) in self.started

    def stop(self, operation):
        self.stopped.append(self.run_id(operation))
        self.started.pop(self.run_id(operation), None)

    def run_id(self, operation):
        return f"{operation.kind}-{operation.kitchen.name}-{operation.id}-{operation.attempt}"

    def work(self):
        """Do what was started, as the runs of the provisioning DAG would; the operations."""
        done = []
        for run_id, operation in list(self.started.items()):
            try:
                self._carry_out(self._operations.operation(operation.id))
            finally:
                self.started.pop(run_id, None)
            done.append(operation)
        return done

    def die(self):
        """Lose every run in the middle of its work."""
        self.started.clear()

    def _carry_out(self, operation):
        left = [part for part in operation.left() if not part.is_made_by_server]
        carry_out(
            operation.kind,
            left,
            find=lambda part: self._watch(self._tools.part(part, operation.kitchen)),
            report=FakeReport(self._operations, operation),
        )


class Interrupted:
    """Every call of a process to the places around it, with something that happens in one.

    Attributes:
        calls: names of the calls so far, in their order.
    """

    def __init__(self, *, at=None, moment="after", by=None):
        self._at = at
        self._moment = moment
        self._by = by
        self.calls = []

    def around(self, places):
        """The same places; each call to them is counted."""
        fields = ("registry", "operations", "repository", "access", "runs", "workers", "hooks")
        watched = {name: self.watch(getattr(places, name)) for name in fields}
        # What the workers call is counted as well, so that they die after each part.
        inside = copy(places.workers)
        inside._operations = watched["operations"]
        inside._watch = self.watch
        return replace(places, **{**watched, "workers": self.watch(inside)})

    def watch(self, place):
        """The same place; each call to it is counted."""
        return _Watched(self, place)

    def call(self, name, asked, *values, **named):
        self.calls.append(name)
        is_now = self._at in {len(self.calls), name}
        if is_now and self._moment == "before":
            self._by()
        answer = asked(*values, **named)
        if is_now and self._moment == "after":
            self._by()
        return answer


class _Watched:
    def __init__(self, interrupted, place):
        self._interrupted = interrupted
        self._place = place

    def __getattr__(self, name):
        asked = getattr(self._place, name)
        if not callable(asked):
            return asked
        return lambda *values, **named: self._interrupted.call(name, asked, *values, **named)
