"""Proposals that are open: what became of them at the host, and what is new to say there."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.services.merging import proposing
from airflow_dataops.services.merging.landing import tips_of
from airflow_dataops.services.merging.making import preview

if TYPE_CHECKING:
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest


def look_after(asked: MergeRequest, places: MergePlaces, *, says_what_is_new: bool = True) -> bool:
    """Recognise what was done at the host, or else bring the gate there up to date.

    Args:
        asked: the merge; whoever looks is no person.
        places: where.
        says_what_is_new: build and judge the merge again, which takes a while.

    Returns:
        Whether it is proposed still.

    Raises:
        DataOpsError: the host or the repository does not answer, or the branches are gone.
    """
    merge = proposing.under_way(asked, places)
    if merge is None or merge.state is not MergeState.PROPOSED:
        return False
    if says_what_is_new:
        _, theirs = tips_of(asked, places)
        again = proposing.asked_again(merge, asked, theirs=theirs)
        proposing.follow(merge, again, preview(again, places), places)
    return True
