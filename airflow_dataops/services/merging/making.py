"""Previewing merges, and making those that git makes by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import (
    Choice,
    Resolution,
    conflict_paths,
    present_resolutions,
)
from airflow_dataops.domain.merge_event import MergePlan
from airflow_dataops.domain.merge_gate import Gate
from airflow_dataops.errors import InvalidRequest, KitchenBusy, MergeNotReady
from airflow_dataops.services.merging import approving, proposing
from airflow_dataops.services.merging.gate import gate_of, merged_down
from airflow_dataops.services.merging.landing import check_seen, land, new_merge, promises, tips_of
from airflow_dataops.services.merging.meaning import meaning_of
from airflow_dataops.services.merging.request import MergeOutcome, MergeReport

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.merge import FileChange, MergePreview
    from airflow_dataops.domain.merge_draft import ConflictPath, KitchenMerge
    from airflow_dataops.domain.merge_meaning import Meaning
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest


def preview(asked: MergeRequest, places: MergePlaces, *, with_meaning: bool = True) -> MergeReport:
    """What the merge would come to now; changes nothing.

    Args:
        asked: the merge.
        places: where.
        with_meaning: build the pipelines, before and after, to say what becomes of them.

    Raises:
        CannotMerge: the branches have nothing in common.
        KitchenError: one of them is gone.
        OutsideSystemError: the repository does not answer.
    """
    ours, theirs = tips_of(asked, places)
    found, files = places.repository.preview(ours, theirs)
    found = _with_relation(found, places)
    report = _report(asked, found, files, places, with_meaning=with_meaning)
    return replace(report, under_way=places.book.under_way(asked.kitchen, asked.other))


def merge(asked: MergeRequest, places: MergePlaces) -> MergeOutcome:
    """Merge, or open a draft about what git cannot merge by itself.

    A draft that is open keeps what people decided, as far as it is still about the same.

    Raises:
        BranchMoved: the branches are not where the person saw them.
        MergeNotReady: something is missing; says what.
        CannotMerge: the branches have nothing in common.
        PushRefused: the repository does not take it; nothing has changed.
        PullRequestRefused: its host takes no pull request; nothing has changed.
        Vetoed: a hook refuses.
        KitchenBusy: somebody merges the two at this moment.
        InvalidRequest: the reason cannot be kept.
        OutsideSystemError: the repository does not answer.
    """
    check_reason(asked.reason)
    _check_override(asked)
    under_way = proposing.under_way(asked, places)
    ours, theirs = tips_of(asked, places)
    check_seen(asked, ours=ours, theirs=theirs)
    found, files = places.repository.preview(ours, theirs)
    found = _with_relation(found, places)
    if found.is_nothing_new:
        return MergeOutcome(preview=found, commit=ours, is_new=False)
    if proposing.host_of(asked, places) is not None:
        report = _report(asked, found, files, places)
        return proposing.propose(asked, report, under_way, places)
    gate, meaning = _passed(asked, found, files, places)
    if found.conflicts:
        return MergeOutcome(
            preview=found,
            commit=None,
            is_new=False,
            merge=_drafted(asked, found, under_way, places),
        )
    begun = _at(under_way, found) or new_merge(asked, ours=ours, theirs=theirs, conflicts=0)
    begun = replace(begun, details={**begun.details, **promises(asked, gate)})
    if under_way is not None and not places.book.change(under_way, begun):
        raise KitchenBusy(asked.kitchen.name, "being merged into", "look at it again")
    # Down without work of one's own is the parent's line; up always says who delivered.
    is_forward = found.is_forward and asked.direction is Direction.DOWN
    commit = theirs if is_forward else places.repository.write(found, {}, asked.authorship())
    plan = MergePlan(files=tuple(files), meaning=tuple(meaning))
    done = land(begun, commit, asked, places, is_new=under_way is None, plan=plan)
    approving.use_up(asked, theirs, places)
    return MergeOutcome(preview=found, commit=commit, is_new=True, merge=done)


def _report(
    asked: MergeRequest,
    found: MergePreview,
    files: Sequence[FileChange],
    places: MergePlaces,
    *,
    with_meaning: bool = True,
) -> MergeReport:
    meaning = meaning_of(asked, found, files, places) if with_meaning else []
    return MergeReport(
        preview=found,
        files=tuple(files),
        meaning=tuple(meaning),
        gate=gate_of(asked, found, meaning, places),
    )


def _check_override(asked: MergeRequest) -> None:
    if asked.overrides and not (asked.reason or "").strip():
        message = "whoever overrides the gate says why: give a reason"
        raise InvalidRequest(message, field="reason")


def _with_relation(found: MergePreview, places: MergePlaces) -> MergePreview:
    """The preview with what one commit is to the other."""
    repository = places.repository
    return replace(
        found,
        is_nothing_new=repository.contains(found.theirs, within=found.ours),
        is_forward=repository.contains(found.ours, within=found.theirs),
    )


def _passed(
    asked: MergeRequest,
    found: MergePreview,
    files: Sequence[FileChange],
    places: MergePlaces,
) -> tuple[Gate, list[Meaning]]:
    """The gate, which is open, and what it was held against.

    Raises:
        MergeNotReady: it is not; says what is missing.
    """
    if asked.direction is Direction.DOWN:
        return Gate(), []
    first = merged_down(asked, found)
    # Nothing is built for a merge that cannot be made anyway.
    meaning = meaning_of(asked, found, files, places) if first.is_met else []
    gate = gate_of(asked, found, meaning, places) if first.is_met else Gate(items=(first,))
    if not gate.is_open:
        approving.ask(asked, found, gate, places)
        gate = gate_of(asked, found, meaning, places) if first.is_met else gate
        raise MergeNotReady(asked.what, [str(item) for item in gate.missing])
    return gate, meaning


def _drafted(
    asked: MergeRequest, found: MergePreview, under_way: KitchenMerge | None, places: MergePlaces
) -> KitchenMerge:
    """The draft about these conflicts, opened now or brought to what is in conflict now."""
    if under_way is None:
        count = len(found.conflicts)
        opened = new_merge(asked, ours=found.ours, theirs=found.theirs, conflicts=count)
        places.book.begin(opened, asked.kitchen, audit=asked.entry("open merge"))
        return opened
    if (under_way.ours, under_way.theirs) == (found.ours, found.theirs):
        return under_way
    lost = _lost(under_way, found, places)
    moved = _at(under_way, found) or under_way
    if not places.book.change(under_way, moved, audit=asked.entry("renew merge")):
        raise KitchenBusy(asked.kitchen.name, "being merged into", "look at it again")
    # Read after the change, from which on nobody decides about the old commits any more.
    renewed = places.book.under_way(asked.kitchen, asked.other) or moved
    taken_back = [
        Resolution(path=path, region=None, choice=Choice.OPEN, by=asked.by.name, at=asked.now)
        for path in present_resolutions(renewed.resolutions)
        if path in lost
    ]
    if not taken_back:
        return renewed
    places.book.resolve(moved, taken_back)
    return places.book.under_way(asked.kitchen, asked.other) or moved


def _lost(under_way: KitchenMerge, found: MergePreview, places: MergePlaces) -> set[str]:
    """Paths whose conflict is another now, or none any more."""
    repository = places.repository
    old, _ = repository.preview(under_way.ours, under_way.theirs)
    before = _by_path(conflict_paths(old, repository.texts(old.ours, old.theirs)))
    after = _by_path(conflict_paths(found, repository.texts(found.ours, found.theirs)))
    return {
        path
        for path, conflict in before.items()
        if path not in after or not _are_alike(conflict, after[path])
    }


def _by_path(conflicts: list[ConflictPath]) -> dict[str, ConflictPath]:
    return {conflict.path: conflict for conflict in conflicts}


def _are_alike(one: ConflictPath, other: ConflictPath) -> bool:
    """Whether the same is in conflict, wherever in the text it is."""
    if one.regions or other.regions:
        return _sides(one) == _sides(other)
    return [c.file for c in one.conflicts] == [c.file for c in other.conflicts]


def _sides(conflict: ConflictPath) -> list[tuple[str, str, str]]:
    return [(region.base, region.ours, region.theirs) for region in conflict.regions]


def _at(under_way: KitchenMerge | None, found: MergePreview) -> KitchenMerge | None:
    """A merge under way, brought to other commits."""
    if under_way is None:
        return None
    details = {**under_way.details, "conflicts": str(len(found.conflicts))}
    return replace(under_way, ours=found.ours, theirs=found.theirs, details=details)
