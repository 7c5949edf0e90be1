"""A piece of work from its ticket to its enabled schedule, read from the audit trail.

The work of a kitchen stands at one step and with one person at any time. Nothing of that is kept
anywhere: it follows from what was done, so it is never out of step with what was done, and the
time that each step took is a difference of two moments of the trail.

The steps follow one another and none is left out: work that is merged from its kitchen straight
into production was merged and released in the same moment. It goes back when a merge is taken
back, and when more of it comes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_dataops.domain.audit import AuditEntry

BEGIN, CREATED, DELETED, CHANGE = "begin to create", "created", "deleted", "change"
HAND_OFF, MERGE_UP, REVERT = "hand off", "merge up", "revert merge"
SET, ENABLE, DISABLE = "set schedule", "enable schedule", "disable schedule"
ACTIONS = (
    BEGIN, CREATED, DELETED, CHANGE, HAND_OFF, MERGE_UP, REVERT, SET, ENABLE, DISABLE,
)  # fmt: skip
# What the entries of these deeds say besides.
TICKET, TO, NONE = "ticket", "to", "none"


class Step(StrEnum):
    """Where a piece of work stands."""

    CREATION = "creation"
    WORK = "work"
    MERGED = "merged"
    RELEASED = "released"
    SCHEDULED = "scheduled"
    DROPPED = "dropped"

    @property
    def is_end(self) -> bool:
        """Whether nothing is left to do, so that no time is counted."""
        return self in {Step.SCHEDULED, Step.DROPPED}


IN_ORDER = (Step.CREATION, Step.WORK, Step.MERGED, Step.RELEASED, Step.SCHEDULED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What turns deeds into steps.

    Attributes:
        bases: kitchens that environments start with; they are nobody's piece of work.
        released_in: those of them where work is released.
        assignees: who has it from a step on, by the environment of the work's kitchen.
    """

    bases: frozenset[str] = frozenset()
    released_in: frozenset[str] = frozenset()
    assignees: Mapping[str, Mapping[Step, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A time in which work stood at one step, with one person.

    Attributes:
        kitchen: where it was furthest.
        by: who brought it there.
        entry: id of the deed in the audit trail; None where that is not known.
        ended_at: None for the present one.
    """

    step: Step
    kitchen: str
    assignee: str
    by: str
    began_at: datetime
    ended_at: datetime | None = None
    entry: int | None = None
    note: str | None = None

    def lasted(self, now: datetime) -> timedelta:
        """How long it was, or is by now."""
        return (self.ended_at or now) - self.began_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """What a kitchen was made for, and where that stands.

    Attributes:
        stays: at least one, the oldest first; each begins when the one before ends.
    """

    kitchen_id: str
    kitchen: str
    project: str
    environment: str
    ticket: str | None
    stays: tuple[Stay, ...]

    @property
    def present(self) -> Stay:
        """Where it stands, and with whom."""
        return self.stays[-1]

    def step_since(self) -> datetime:
        """When it came to the step at which it stands, whoever had it since."""
        began = self.present.began_at
        for stay in reversed(self.stays):
            if stay.step is not self.present.step:
                break
            began = stay.began_at
        return began

    def time_in(self, now: datetime) -> dict[Step, timedelta]:
        """The time that each step took so far; none for its ends."""
        spent: dict[Step, timedelta] = defaultdict(timedelta)
        for stay in self.stays:
            if not stay.step.is_end:
                spent[stay.step] += stay.lasted(now)
        return dict(spent)

    def cycle_time(self) -> timedelta | None:
        """From the order to the enabled schedule, the first time; None before that."""
        ends = (stay.began_at for stay in self.stays if stay.step is Step.SCHEDULED)
        end = next(ends, None)
        return None if end is None else end - self.stays[0].began_at


def works(entries: Iterable[AuditEntry], course: Course) -> list[Work]:
    """The pieces of work that a trail tells of, in the order in which they began.

    Args:
        entries: of a project, in any order; those of one moment in the order of their ids.
        course: what turns deeds into steps.
    """
    found: dict[str, _Journey] = {}
    # Two servers' clocks may differ, and no transaction waits for another: the moment decides.
    for entry in sorted(entries, key=lambda one: (one.at, one.id or 0)):
        if entry.action == BEGIN and entry.kitchen_id and entry.kitchen not in course.bases:
            found.setdefault(entry.kitchen_id, _Journey(entry, course))
        for journey in found.values():
            journey.take(entry)
    return [journey.work() for journey in found.values()]


class _Journey:
    """One piece of work, while the trail is read."""

    def __init__(self, first: AuditEntry, course: Course) -> None:
        self._first, self._course = first, course
        self._id, self._name = str(first.kitchen_id), str(first.kitchen)
        self._ticket = first.details.get(TICKET)
        # Kitchens that have the work, by id, in the order in which they got it.
        self._path: dict[str, str] = {self._id: self._name}
        self._came_from: dict[str, str] = {}
        self._taken_back: dict[str, str] = {}
        self._schedules: set[str] = set()
        self._enabled: dict[str, set[str]] = defaultdict(set)
        self._is_created = False
        self._stays = [self._stay(Step.CREATION, first.by, first)]

    def work(self) -> Work:
        """What became of it."""
        return Work(
            kitchen_id=self._id,
            kitchen=self._name,
            project=self._first.project,
            environment=self._first.environment,
            ticket=self._ticket,
            stays=tuple(self._stays),
        )

    def take(self, entry: AuditEntry) -> None:
        """Read on."""
        if self._stays[-1].step is Step.DROPPED or entry.project != self._first.project:
            return
        if entry.kitchen_id == self._id:
            self._take_own(entry)
        if entry.kitchen_id is not None:
            self._take_of_path(entry, entry.kitchen_id)
        self._go(self._step(), entry)

    def _take_own(self, entry: AuditEntry) -> None:
        if entry.action == CREATED:
            self._is_created = True
        elif entry.action == CHANGE and TICKET in entry.details:
            ticket = entry.details[TICKET]
            self._ticket = None if ticket == NONE else ticket
        elif entry.action == SET:
            self._schedules.add(entry.details.get("pipeline", ""))
        elif entry.action == HAND_OFF:
            self._hand_on(entry.details.get(TO, self._stays[-1].assignee), entry)

    def _take_of_path(self, entry: AuditEntry, where: str) -> None:
        merged, pipeline = entry.details.get("merged", ""), entry.details.get("pipeline", "")
        if entry.action == MERGE_UP and merged in self._path.values():
            self._arrive(where, str(entry.kitchen), merged)
        elif entry.action == REVERT:
            self._take_back(where, merged)
        elif entry.action == DELETED:
            self._path.pop(where, None)
        elif entry.action == ENABLE and where in self._path:
            self._enabled[where].add(pipeline)
        elif entry.action == DISABLE:
            self._enabled[where].discard(pipeline)

    def _arrive(self, where: str, kitchen: str, merged: str) -> None:
        self._is_created = True
        if merged == self._path.get(self._id):
            # More of it: what is further up has not got that yet.
            self._path = {self._id: self._name}
        self._path.pop(where, None)
        self._path[where] = kitchen
        self._came_from[where] = merged
        self._taken_back.pop(where, None)

    def _take_back(self, where: str, merged: str) -> None:
        """A merge is taken back; or one that was is, so that it counts again."""
        if self._came_from.get(where) != merged:
            return
        if where in self._path:
            self._taken_back[where] = self._path.pop(where)
        elif where in self._taken_back:
            self._path[where] = self._taken_back.pop(where)

    def _step(self) -> Step:
        if not self._path:
            return Step.DROPPED
        where, name = self._furthest()
        if name in self._course.released_in:
            enabled = self._enabled[where]
            is_on = enabled >= self._schedules if self._schedules else bool(enabled)
            return Step.SCHEDULED if is_on else Step.RELEASED
        if where != self._id:
            return Step.MERGED
        return Step.WORK if self._is_created else Step.CREATION

    def _furthest(self) -> tuple[str, str]:
        return list(self._path.items())[-1]

    def _go(self, step: Step, entry: AuditEntry) -> None:
        """To a step, through all between."""
        present = self._stays[-1]
        if step is present.step:
            if self._path and self._furthest()[1] != present.kitchen:
                self._add(self._stay(step, present.assignee, entry))
            return
        between: Sequence[Step] = (step,)
        if step is not Step.DROPPED and IN_ORDER.index(step) > IN_ORDER.index(present.step):
            between = IN_ORDER[IN_ORDER.index(present.step) + 1 : IN_ORDER.index(step) + 1]
        for one in between:
            assignee = self._assigned(one) or self._stays[-1].assignee
            self._add(self._stay(one, assignee, entry))

    def _hand_on(self, to: str, entry: AuditEntry) -> None:
        if to != self._stays[-1].assignee:
            self._add(self._stay(self._stays[-1].step, to, entry))

    def _assigned(self, step: Step) -> str | None:
        return self._course.assignees.get(self._first.environment, {}).get(step)

    def _stay(self, step: Step, assignee: str, entry: AuditEntry) -> Stay:
        kitchen = self._furthest()[1] if self._path else self._name
        return Stay(
            step=step,
            kitchen=kitchen,
            assignee=assignee,
            by=entry.by,
            began_at=entry.at,
            entry=entry.id,
            note=entry.reason if entry.action == HAND_OFF else None,
        )

    def _add(self, stay: Stay) -> None:
        self._stays[-1] = replace(self._stays[-1], ended_at=stay.began_at)
        self._stays.append(stay)


def lasting(span: timedelta) -> str:
    """A time as people say it, its two largest units: ``3d 4h``, ``12m 5s``, ``0s``."""
    seconds = int(span.total_seconds())
    parts: list[str] = []
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)):
        number, seconds = divmod(seconds, size)
        if number or (unit == "s" and not parts):
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2])
