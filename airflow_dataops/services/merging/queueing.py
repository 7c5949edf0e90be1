"""The queue of merges up: joined by kitchens that are ready, landed many at once.

A pass merges all that wait into one candidate. It lands when each pipeline that it changes is
green on its input tree in the candidate: what kitchens tested counts as far as nobody else
touched it. Where something is untested, the candidate is to be tested, once. Where something is
red, the batch is split, and what is red alone is sent back. A pass keeps nothing of its own:
evidence belongs to files, so the next one finds what was tested meanwhile.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.approval import ApprovalOf, who_approves
from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_event import MergePlan
from airflow_dataops.domain.merge_gate import Asked, Gate
from airflow_dataops.domain.merge_queue import (
    Candidate,
    QueueEntry,
    QueuePass,
    QueueState,
    halves,
)
from airflow_dataops.errors import InvalidRequest, KitchenError, MergeNotFound, MergeNotReady
from airflow_dataops.services.merging import gate
from airflow_dataops.services.merging.landing import (
    land,
    land_together,
    new_merge,
    promises,
    tips_of,
)
from airflow_dataops.services.merging.making import preview
from airflow_dataops.services.merging.meaning import meaning_of
from airflow_dataops.services.merging.request import MergeRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_gate import GateItem
    from airflow_dataops.domain.staff import Person
    from airflow_dataops.services.merging.request import MergePlaces

_QUEUE = "queue"
_MOST_PATHS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class LandRequest:
    """A pass over a kitchen's queue, asked for by somebody who may merge into it.

    Attributes:
        new_id: makes the id of a merge.
        acknowledged: of what the candidate takes away, what the person says may go.
        tested_in: ids of kitchens in which candidates are tested.
    """

    parent: Kitchen
    by: Person
    now: datetime
    source: str
    new_id: Callable[[], str]
    reason: str | None = None
    acknowledged: frozenset[str] = frozenset()
    tested_in: tuple[str, ...] = ()

    def merging(self, kitchen: Kitchen) -> MergeRequest:
        """The merge of one of the kitchens."""
        return MergeRequest(
            kitchen=self.parent,
            other=kitchen,
            direction=Direction.UP,
            by=self.by,
            now=self.now,
            source=self.source,
            merge_id=self.new_id(),
            reason=self.reason,
            acknowledged=self.acknowledged,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A kitchen merged into what is before it in a candidate."""

    entry: QueueEntry
    asked: MergeRequest
    ours: str
    commit: str


def join(asked: MergeRequest, places: MergePlaces) -> QueueEntry:
    """Have a kitchen wait to be merged up, which is ready for it.

    What is taken away is acknowledged by whoever lands the queue.

    Raises:
        MergeNotReady: it is not ready, or the parent has no queue here; says what is missing.
        KitchenBusy: it joins in this moment already.
    """
    _check_pushes(asked.kitchen, asked.what, places)
    report = preview(asked, places)
    if report.preview.is_nothing_new:
        raise MergeNotReady(asked.what, [f"{asked.kitchen.name} has all of it already"])
    lacking = [item for item in report.gate.missing if item.asked is not Asked.ACKNOWLEDGED]
    if lacking:
        raise MergeNotReady(asked.what, [str(item) for item in lacking])
    commit = report.preview.theirs
    entry = QueueEntry(
        id=asked.merge_id,
        kitchen_id=asked.other.id,
        kitchen=asked.other.name,
        parent_id=asked.kitchen.id,
        commit=commit,
        joined_by=asked.by.name,
        joined_at=asked.now,
    )
    places.queue.join(entry, asked.other, audit=asked.entry("join merge queue", commit=commit))
    return entry


def _check_pushes(parent: Kitchen, what: str, places: MergePlaces) -> None:
    if places.pull_requests(parent) is not None:
        first = f"merges into {parent.name} are proposed one by one, and queued by its host"
        raise MergeNotReady(what, [f"{first}: airflow dataops merge up KITCHEN"])
    if who_approves(places.environment(parent), ApprovalOf.MERGE):
        first = f"merges into {parent.name} are approved one by one"
        raise MergeNotReady(what, [f"{first}: airflow dataops merge up KITCHEN"])


def leave(asked: MergeRequest, places: MergePlaces) -> None:
    """Have a kitchen wait no longer.

    Raises:
        MergeNotFound: it does not wait.
    """
    for entry in places.queue.waiting(asked.kitchen):
        if entry.kitchen_id == asked.other.id:
            over = _ended(entry, QueueState.LEFT, "", asked)
            places.queue.end(over, audit=asked.entry("leave merge queue"))
            return
    message = f"{asked.other.name} does not wait to be merged into {asked.kitchen.name}"
    raise MergeNotFound(message)


def land_queue(asked: LandRequest, places: MergePlaces) -> QueuePass:
    """Land as many of the kitchens that wait as can be.

    Raises:
        KitchenError: the parent's branch is gone.
        BranchMoved: somebody pushed to it meanwhile; ask again.
        PushRefused: the repository does not take it; nothing has changed.
        KitchenBusy: somebody merges one of them at this moment.
        OutsideSystemError: the repository does not answer.
    """
    check_reason(asked.reason)
    _check_pushes(asked.parent, f"the queue of {asked.parent.name}", places)
    waiting = places.queue.waiting(asked.parent)
    kitchens = {one.id: one for one in places.registry.kitchens()}
    present = [entry for entry in waiting if entry.kitchen_id in kitchens]
    branches = [kitchens[entry.kitchen_id].branch for entry in present]
    tips = places.repository.tips([asked.parent.branch, *branches])
    if asked.parent.branch not in tips:
        message = f"the repository has no branch {asked.parent.branch!r} any more; push it again"
        raise KitchenError(message)
    one_pass = _Pass(asked, places, kitchens, commit=tips[asked.parent.branch])
    ready = []
    for entry, branch in zip(present, branches, strict=True):
        if tips.get(branch) == entry.commit:
            ready.append(entry)
        else:
            one_pass.send_back(entry, "its branch has moved since it joined; join again")
    one_pass.land(ready)
    return one_pass.outcome(waiting)


def stage(asked: MergeRequest, candidate: Candidate, places: MergePlaces) -> str:
    """Bring a candidate into a kitchen that is there to test it; gives that kitchen's tip.

    Raises:
        InvalidRequest: the kitchen has work of its own, which would be lost.
        BranchMoved: somebody pushed to it meanwhile.
        PushRefused: the repository does not take it.
    """
    tip, _ = tips_of(asked, places)
    repository = places.repository
    trees = [repository.preview(candidate.base, one)[0] for one in (tip, candidate.commit)]
    if trees[0].theirs_tree == trees[1].theirs_tree:
        return tip
    earlier = {one.commit for one in places.book.of(asked.kitchen) if _QUEUE in one.details}
    if tip not in earlier and not repository.contains(tip, within=candidate.commit):
        message = (
            f"kitchen {asked.kitchen.name} has work of its own; to test a queue, name one that"
            f" was cut from {asked.other.name} for that, and has none"
        )
        raise InvalidRequest(message, field="test_in")
    merge = new_merge(asked, ours=tip, theirs=candidate.base, conflicts=0)
    named = replace(merge, details={**merge.details, _QUEUE: ", ".join(candidate.kitchens)})
    land(named, candidate.commit, asked, places, is_new=True, plan=MergePlan())
    return candidate.commit


class _Pass:
    """One pass: what has landed so far, what is sent back, and what somebody has to see to."""

    def __init__(
        self,
        asked: LandRequest,
        places: MergePlaces,
        kitchens: Mapping[str, Kitchen],
        *,
        commit: str,
    ) -> None:
        self._asked = asked
        self._places = places
        self._kitchens = kitchens
        self._commit = commit
        self._landed: list[QueueEntry] = []
        self._sent_back: list[QueueEntry] = []
        self._candidate: Candidate | None = None

    def outcome(self, waiting: Sequence[QueueEntry]) -> QueuePass:
        over = {one.id for one in (*self._landed, *self._sent_back)}
        return QueuePass(
            commit=self._commit,
            landed=tuple(self._landed),
            sent_back=tuple(self._sent_back),
            waiting=tuple(entry for entry in waiting if entry.id not in over),
            candidate=self._candidate,
        )

    def land(self, batch: Sequence[QueueEntry]) -> None:
        """Land a batch as a whole; where something in it is red, its halves one by one."""
        base = self._commit
        steps, in_the_way = self._merged(batch)
        if steps:
            self._land_steps(steps)
        # Whoever conflicts with one that has landed now conflicts with the parent.
        if in_the_way and self._commit != base:
            self.land(in_the_way)

    def send_back(self, entry: QueueEntry, why: str) -> None:
        """Have it wait no longer, and say why."""
        merging = self._asked.merging(self._kitchens[entry.kitchen_id])
        over = _ended(entry, QueueState.SENT_BACK, why, merging)
        if self._places.queue.end(over, audit=merging.entry("send back", why=why)):
            self._sent_back.append(over)

    def _land_steps(self, steps: Sequence[_Step]) -> None:
        found = self._gate(steps)
        if found.is_open:
            self._push(steps, found)
            return
        bad = [item for item in found.missing if item.is_red or item.asked is Asked.BUILDS]
        if not bad:
            self._candidate = self._candidate or Candidate(
                base=self._commit,
                commit=steps[-1].commit,
                kitchens=tuple(step.entry.kitchen for step in steps),
                gate=found,
            )
        elif len(steps) == 1:
            self.send_back(steps[0].entry, "; ".join(str(item) for item in bad))
        else:
            for half in halves([step.entry for step in steps]):
                self.land(half)

    def _merged(self, batch: Sequence[QueueEntry]) -> tuple[list[_Step], list[QueueEntry]]:
        """The batch merged one after the other, and those that do not merge with the others."""
        repository, head = self._places.repository, self._commit
        steps: list[_Step] = []
        in_the_way: list[QueueEntry] = []
        for entry in batch:
            asked = self._asked.merging(self._kitchens[entry.kitchen_id])
            found, _ = repository.preview(head, entry.commit)
            if found.conflicts and head != self._commit:
                in_the_way.append(entry)
            elif found.conflicts:
                paths = ", ".join(one.shown for one in found.conflicts[:_MOST_PATHS])
                to_do = f"airflow dataops merge down {entry.kitchen}"
                self.send_back(entry, f"it conflicts with {asked.kitchen.name}: {paths}; {to_do}")
            else:
                commit = repository.write(found, {}, asked.authorship())
                steps.append(_Step(entry=entry, asked=asked, ours=head, commit=commit))
                head = commit
        return steps, in_the_way

    def _gate(self, steps: Sequence[_Step]) -> Gate:
        found, files = self._places.repository.preview(self._commit, steps[-1].commit)
        asked = steps[0].asked
        meaning = meaning_of(asked, found, files, self._places)
        kitchens = {*(step.entry.kitchen_id for step in steps), *self._asked.tested_in}
        tested = gate.green(
            gate.changed(found, self._places),
            self._places,
            project=asked.kitchen.project,
            kitchens=kitchens,
            to_do="test the candidate: airflow dataops merge queue land, with --in KITCHEN",
        )
        items: list[GateItem] = [*gate.built(meaning), *tested, *gate.acknowledged(meaning, asked)]
        return Gate(items=tuple(items))

    def _push(self, steps: Sequence[_Step], found: Gate) -> None:
        merges = [
            replace(
                new_merge(step.asked, ours=step.ours, theirs=step.entry.commit, conflicts=0),
                commit=step.commit,
                details=promises(step.asked, found),
            )
            for step in steps
        ]
        asked = [step.asked for step in steps]
        land_together(merges, asked, self._places, seen=self._commit)
        self._commit = steps[-1].commit
        for step in steps:
            over = _ended(step.entry, QueueState.LANDED, step.commit, step.asked)
            self._places.queue.end(over)
            self._landed.append(over)


def _ended(entry: QueueEntry, state: QueueState, detail: str, asked: MergeRequest) -> QueueEntry:
    return replace(entry, state=state, detail=detail, ended_by=asked.by.name, ended_at=asked.now)
