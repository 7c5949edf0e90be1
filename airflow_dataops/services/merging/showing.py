"""A conflict as people look at it: all that its sides have, who decided what, and what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_draft import (
    Choice,
    check_path,
    open_places,
    present_resolutions,
    resolved,
)
from airflow_dataops.services.merging.landing import tips_of
from airflow_dataops.services.merging.resolving import (
    complaint_about,
    conflicts_of,
    under_way_still,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_dataops.domain.merge import FileVersion
    from airflow_dataops.domain.merge_draft import ConflictPath, KitchenMerge, Resolution
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest
    from airflow_dataops.specs.merged_file import Complaint

SIDES = (Choice.BASE, Choice.OURS, Choice.THEIRS)


@dataclass(frozen=True, slots=True, kw_only=True)
class SideShown:
    """What a side has at a path.

    Attributes:
        content: None where it was not asked for, or is another repository's.
    """

    version: FileVersion
    content: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictShown:
    """One path in conflict.

    Attributes:
        decided: what counts of it, by region; None for the path as a whole.
        sides: those that have something there.
    """

    merge: KitchenMerge
    conflict: ConflictPath
    decided: Mapping[int | None, Resolution]
    sides: Mapping[Choice, SideShown]


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What is open still, and what is wrong with the files in which nothing is.

    Attributes:
        moved: the commit that the kitchen has moved on to since; None where it has not.
    """

    open_places: tuple[tuple[str, int | None], ...]
    complaints: tuple[Complaint, ...]
    moved: str | None


def decisions(asked: MergeRequest, places: MergePlaces) -> KitchenMerge:
    """The merge under way with all its decisions. The repository is not asked.

    Raises:
        MergeNotFound: none is.
    """
    merge = places.book.under_way(asked.kitchen, asked.other)
    return under_way_still(asked, places) if merge is None else merge


def show(asked: MergeRequest, path: str, places: MergePlaces, *, whole: bool) -> ConflictShown:
    """One path in conflict.

    Args:
        asked: which merge.
        path: as a person knows it.
        places: where it is.
        whole: with the sides' contents, also where its text is in regions.

    Raises:
        MergeNotFound: no merge of the two is under way.
        InvalidRequest: nothing is in conflict there.
    """
    merge = under_way_still(asked, places)
    conflict = check_path(conflicts_of(merge, places), path)
    versions = {side: found for side in SIDES if (found := conflict.side(side)) is not None}
    wanted = [version.blob for version in versions.values()]
    contents: Mapping[str, bytes] = {}
    if whole or not conflict.regions:
        contents = places.repository.contents((merge.ours, merge.theirs), wanted)
    return ConflictShown(
        merge=merge,
        conflict=conflict,
        decided=present_resolutions(merge.resolutions).get(path, {}),
        sides={
            side: SideShown(version=version, content=contents.get(version.blob))
            for side, version in versions.items()
        },
    )


def check(asked: MergeRequest, places: MergePlaces) -> Checked:
    """What keeps a merge from being completed, as far as it can be said already.

    Raises:
        MergeNotFound: none is under way.
        OutsideSystemError: the repository does not answer.
    """
    merge = under_way_still(asked, places)
    ours, _ = tips_of(asked, places)
    conflicts = conflicts_of(merge, places)
    left = open_places(conflicts, merge.resolutions)
    is_open = {path for path, _ in left}
    found = (
        complaint_about(conflict, resolved([conflict], merge.resolutions).get(conflict.target))
        for conflict in conflicts
        if conflict.path not in is_open
    )
    return Checked(
        open_places=tuple(left),
        complaints=tuple(complaint for complaint in found if complaint is not None),
        moved=ours if ours != merge.ours else None,
    )
