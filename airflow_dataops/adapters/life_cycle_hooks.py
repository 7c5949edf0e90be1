"""What an installation has to say to kitchens' lives and merges: functions that its settings name.

``[dataops] life_cycle_hooks`` lists import paths, as Airflow's own options for a function do:
``acme.kitchens.needs_ticket, acme.kitchens.tell_billing``. Each is called twice for a creation or
deletion, as ``hook(event, moment)`` with a ``LifeCycleEvent`` and ``"before"`` or ``"after"``;
those of ``merge_hooks`` for a merge, with a ``MergeEvent``. Before, it refuses by returning the
reason or by raising; None agrees. After, nothing it does changes anything. Where several are
listed, the first refusal ends the round.

Each call has a thread of its own, on which the caller waits no longer than the setting says. A
process could be killed, where a thread cannot; but it would import Airflow for seconds each time,
and forking a server with threads may hang. So a call that is overdue is left behind, and until it
comes to its end its hook is not called again: whatever hangs costs one thread, not one a request.
"""

from __future__ import annotations

import logging
import time
from importlib import import_module
from threading import Thread
from typing import TYPE_CHECKING

from airflow_dataops.errors import Vetoed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.ports import HookEvent

log = logging.getLogger(__name__)

_LONGEST_REASON = 1000


class LifeCycleHooks:
    """The hooks of an installation; implements the port ``Hooks``.

    One for the whole process: it remembers which hooks hang.
    """

    def __init__(self, paths: Iterable[str], *, seconds: float) -> None:
        """Know the hooks by their import paths; nothing is imported yet.

        Args:
            paths: in the order in which they are asked.
            seconds: how long one call may take.
        """
        self._hooks = [_Hook(path, seconds) for path in paths]

    def before(self, event: HookEvent) -> None:
        """Ask every hook whether something may be done.

        Raises:
            Vetoed: a hook refuses, fails, cannot be imported, or does not answer in time.
        """
        for hook in self._hooks:
            reason = hook.objection(event)
            if reason is not None:
                raise Vetoed(hook.path, event.what, reason[:_LONGEST_REASON])

    def after(self, event: HookEvent) -> None:
        """Tell every hook that something was done; their faults are logged."""
        begun = [(hook, hook.begin(event, "after")) for hook in self._hooks]
        for hook, call in begun:
            fault = "it still hangs from an earlier call" if call is None else hook.fault_of(call)
            if fault is not None:
                cause = None if call is None else call.error
                log.warning("hook %s, told of %s: %s", hook.path, event.what, fault, exc_info=cause)


class _Call(Thread):
    """One call of a hook; a daemon, for no hook keeps a server from ending."""

    def __init__(self, path: str, event: HookEvent, moment: str) -> None:
        super().__init__(name=f"hook {path}", daemon=True)
        self._path = path
        self._event = event
        self._moment = moment
        self.answer: object = None
        self.error: BaseException | None = None
        self.began = time.monotonic()

    def run(self) -> None:
        module, _, function = self._path.rpartition(".")
        try:
            hook = getattr(import_module(module), function)
            self.answer = hook(self._event, self._moment)
        except BaseException as error:  # noqa: BLE001 - whatever ends a hook, sys.exit too, is told
            self.error = error


class _Hook:
    def __init__(self, path: str, seconds: float) -> None:
        self.path = path
        self._seconds = seconds
        self._overdue: _Call | None = None

    def begin(self, event: HookEvent, moment: str) -> _Call | None:
        """Call it; None while an earlier call hangs."""
        if self._overdue is not None and self._overdue.is_alive():
            return None
        call = _Call(self.path, event, moment)
        call.start()
        return call

    def objection(self, event: HookEvent) -> str | None:
        """Why something may not be done; None where it may."""
        call = self.begin(event, "before")
        if call is None:
            return "it still hangs from an earlier call, so it was not asked"
        fault = self.fault_of(call)
        if fault is not None or call.answer is None:
            return fault
        if isinstance(call.answer, str):
            return call.answer.strip() or "it gave an empty reason"
        return f"it answered with {type(call.answer).__name__}, which is neither a reason nor None"

    def fault_of(self, call: _Call) -> str | None:
        """What was wrong with a call, once it is over or overdue; None for nothing."""
        call.join(max(0.0, call.began + self._seconds - time.monotonic()))
        if call.is_alive():
            self._overdue = call
            return f"it did not end within {self._seconds:g} seconds"
        if call.error is not None:
            return f"{type(call.error).__name__}: {call.error}"
        return None
