"""Deciding about what git could not merge, and making the merge once nothing is open."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import check_reason
from airflow_dataops.domain.input_tree import pipeline_folder
from airflow_dataops.domain.kitchen_at_parse import PIPELINES
from airflow_dataops.domain.merge import moved
from airflow_dataops.domain.merge_draft import (
    MergeState,
    check_resolution,
    conflict_paths,
    open_places,
    resolved,
)
from airflow_dataops.domain.merge_event import MergePlan
from airflow_dataops.domain.merge_gate import Gate
from airflow_dataops.domain.merge_text import side_texts
from airflow_dataops.errors import BranchMoved, KitchenBusy, MergeNotFound, MergeNotReady
from airflow_dataops.services.merging.landing import check_seen, land, promises, tips_of
from airflow_dataops.services.merging.meaning import meaning_of
from airflow_dataops.services.merging.proposing import URL, under_way, withdraw
from airflow_dataops.services.merging.request import MergeDraft, MergeOutcome
from airflow_dataops.specs import merged_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_dataops.domain.merge_draft import (
        ConflictPath,
        KitchenMerge,
        Resolution,
        Resolved,
    )
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

_MOST_LISTED = 10
_ACKNOWLEDGE = "who completes has to acknowledge that it may go (--acknowledge)"


def draft(asked: MergeRequest, places: MergePlaces) -> MergeDraft:
    """The merge under way, with its conflicts and what is decided about them.

    Raises:
        MergeNotFound: none is.
    """
    merge = under_way_still(asked, places)
    ours, _ = tips_of(asked, places)
    conflicts = conflicts_of(merge, places)
    return MergeDraft(
        merge=merge,
        conflicts=tuple(conflicts),
        open_places=tuple(open_places(conflicts, merge.resolutions)),
        moved=ours if ours != merge.ours else None,
    )


def resolve(asked: MergeRequest, given: Sequence[Resolution], places: MergePlaces) -> MergeDraft:
    """Add decisions to the draft, all of them or none.

    Raises:
        MergeNotFound: no merge of the two is under way.
        InvalidRequest: a decision cannot be one about these conflicts.
        BranchMoved: the merge goes on from other commits than those that the person saw, where
            the same number can be another region.
    """
    found = draft(asked, places)
    check_seen(asked, ours=found.merge.ours, theirs=found.merge.theirs)
    for one in given:
        check_resolution(found.conflicts, one)
    is_added = places.book.resolve(found.merge, given)
    merge = under_way_still(asked, places)
    if not is_added:
        raise BranchMoved(asked.kitchen.branch)
    left = open_places(found.conflicts, merge.resolutions)
    return replace(found, merge=merge, open_places=tuple(left))


def complete(asked: MergeRequest, places: MergePlaces) -> MergeOutcome:
    """Make the merge as people decided it.

    Raises:
        MergeNotFound: no merge of the two is under way.
        MergeNotReady: something is open, a file cannot be read as it was decided, or a test or
            schedule would be gone that nobody said may go.
        BranchMoved: somebody pushed to the kitchen's branch since; the draft stays.
        PushRefused: the repository does not take it; the draft stays.
        OutsideSystemError: the repository does not answer.
    """
    check_reason(asked.reason)
    found = draft(asked, places)
    merge = found.merge
    if merge.state is MergeState.PROPOSED:
        raise MergeNotReady(asked.what, [f"it is proposed; merge it at {merge.details.get(URL)}"])
    if found.moved is not None:
        raise BranchMoved(asked.kitchen.branch, moved(merge.ours, found.moved))
    if found.open_places:
        raise MergeNotReady(asked.what, _still_open(found.open_places))
    files = resolved(found.conflicts, merge.resolutions)
    if complaints := _complaints(found.conflicts, files):
        raise MergeNotReady(asked.what, complaints)
    preview, _ = places.repository.preview(merge.ours, merge.theirs)
    commit = places.repository.write(preview, files, asked.authorship())
    if unseen := [
        one for one in _lost(found, commit, asked, places) if one not in asked.acknowledged
    ]:
        raise MergeNotReady(asked.what, [f"{one}; {_ACKNOWLEDGE}" for one in unseen])
    merge = replace(merge, details={**merge.details, **promises(asked, Gate())})
    plan = MergePlan(decided=tuple(conflict.path for conflict in found.conflicts))
    done = land(merge, commit, asked, places, is_new=False, plan=plan)
    return MergeOutcome(preview=preview, commit=commit, is_new=True, merge=done)


def lost(asked: MergeRequest, places: MergePlaces) -> list[str]:
    """Tests and schedules that the decisions take away from one of the two sides.

    None while something is open, and where no pipelines of merges are built.

    Raises:
        MergeNotFound: no merge of the two is under way.
    """
    found = draft(asked, places)
    files = {} if found.open_places else resolved(found.conflicts, found.merge.resolutions)
    if found.open_places or places.outlines is None or _complaints(found.conflicts, files):
        return []
    merge = found.merge
    preview, _ = places.repository.preview(merge.ours, merge.theirs)
    commit = places.repository.write(preview, files, asked.authorship())
    return _lost(found, commit, asked, places)


def abandon(asked: MergeRequest, places: MergePlaces) -> None:
    """End the draft without a merge; what was decided stays in the records.

    Raises:
        MergeNotFound: no merge of the two is under way.
        KitchenBusy: somebody completes it at this moment.
        InvalidRequest: the reason cannot be kept.
    """
    check_reason(asked.reason)
    merge = under_way_still(asked, places)
    if merge.state is MergeState.PROPOSED:
        withdraw(merge, asked, places)
    over = replace(
        merge,
        state=MergeState.ABANDONED,
        ended_by=asked.by.name,
        ended_at=asked.now,
        reason=asked.reason,
    )
    if not places.book.change(merge, over, audit=asked.entry("abandon merge")):
        raise KitchenBusy(asked.kitchen.name, "being merged into", "look at it again")


def under_way_still(asked: MergeRequest, places: MergePlaces) -> KitchenMerge:
    """The merge that people decide about.

    Raises:
        MergeNotFound: none is under way.
    """
    merge = under_way(asked, places)
    if merge is None:
        message = (
            f"{asked.what} is not under way: it is once a merge has met conflicts; see"
            " `airflow dataops merge preview`"
        )
        raise MergeNotFound(message)
    return merge


def conflicts_of(merge: KitchenMerge, places: MergePlaces) -> list[ConflictPath]:
    """What git could not merge, by path."""
    preview, _ = places.repository.preview(merge.ours, merge.theirs)
    return conflict_paths(preview, places.repository.texts(merge.ours, merge.theirs))


def _lost(found: MergeDraft, commit: str, asked: MergeRequest, places: MergePlaces) -> list[str]:
    """What a resolved merge takes away from the pipelines that people decided about."""
    if places.outlines is None:
        return []
    gone: set[str] = set()
    for side in (found.merge.ours, found.merge.theirs):
        one, _ = places.repository.preview(side, commit)
        gone |= {
            str(meaning)
            for meaning in meaning_of(asked, one, (), places)
            if meaning.takes_away and _is_about(meaning.pipeline, found)
        }
    return sorted(gone)


def _is_about(pipeline: str, found: MergeDraft) -> bool:
    """Whether people decided about files of a pipeline, or of many."""
    paths = [conflict.path for conflict in found.conflicts]
    own = f"{pipeline_folder(pipeline)}/"
    return any(path.startswith(own) or not path.startswith(f"{PIPELINES}/") for path in paths)


def _still_open(places: Sequence[tuple[str, int | None]]) -> list[str]:
    listed = [
        f"{path}, region {region}, is open" if region else f"{path} is open"
        for path, region in places[:_MOST_LISTED]
    ]
    more = len(places) - _MOST_LISTED
    return [*listed, f"{more} more are open"] if more > 0 else listed


def _complaints(
    conflicts: Iterable[ConflictPath], files: Mapping[str, Resolved | None]
) -> list[str]:
    """What is wrong with texts that people made; a side's own version is that side's affair."""
    about = (complaint_about(conflict, files.get(conflict.target)) for conflict in conflicts)
    return [str(found) for found in about if found is not None]


def complaint_about(conflict: ConflictPath, one: Resolved | None) -> merged_file.Complaint | None:
    """What is wrong with a text that people made; None of anything else."""
    if one is None or not isinstance(one.content, bytes):
        return None
    sides = side_texts(conflict.parts)
    return merged_file.complaint(conflict.path, one.content, sides=sides)
