"""What a merge makes of one file, for who reads before they merge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.file_difference import FileDifference, read_difference
from airflow_dataops.domain.merge_draft import path_as_text
from airflow_dataops.errors import InvalidRequest
from airflow_dataops.services.merging.landing import check_seen, tips_of

if TYPE_CHECKING:
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest


def difference(asked: MergeRequest, number: int, places: MergePlaces) -> FileDifference:
    """How a file differs between the kitchen as it is and the merge.

    Args:
        asked: the merge; the commits that it names have to be the branches' still.
        number: of the file in the merge's list of files, from 1.
        places: where merges are.

    Raises:
        BranchMoved: one of the branches has moved on.
        InvalidRequest: the merge changes fewer files.
        OutsideSystemError: the repository does not answer.
    """
    ours, theirs = tips_of(asked, places)
    check_seen(asked, ours=ours, theirs=theirs)
    preview, files = places.repository.preview(ours, theirs)
    if not 1 <= number <= len(files):
        message = f"the merge changes {len(files)} files; there is no file {number} among them"
        raise InvalidRequest(message, field="number")
    changed = files[number - 1]
    printed = places.repository.difference(preview, changed)
    return read_difference(path_as_text(changed.path), printed)
