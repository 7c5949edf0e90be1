"""What a merge was, on what grounds, and what came of it: for whoever asks years later."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from airflow_dataops.domain.approval import APPROVES, ASKS, REFUSES
from airflow_dataops.domain.audit import AuditQuery
from airflow_dataops.domain.promotion import Promotion, deeds_of
from airflow_dataops.errors import KitchenError, MergeNotFound, OutsideSystemError
from airflow_dataops.services.merging.reverting import reverted_by

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.domain.promotion import PromotionFacts
    from airflow_dataops.services.merging.request import MergePlaces

_MOST_ENTRIES = 10_000
_MOST_COMMITS = 200


def write_down(kitchen: Kitchen, places: MergePlaces, *, now: datetime) -> int:
    """Keep what the repository knows of each merge into a kitchen; gives how many were new.

    Raises:
        OutsideSystemError: the repository does not answer, or has a merge's commits no more.
    """
    new, missing = places.promotions.unwritten(kitchen), None
    for merge in new:
        try:
            places.promotions.write(merge, _facts(merge, places), now=now)
        except OutsideSystemError as error:
            # The commits of one may be gone: that is no reason to lose the others'.
            missing = error
    if missing is not None:
        raise missing
    return len(new)


def promotion(
    merge: KitchenMerge, kitchen: Kitchen, places: MergePlaces, *, now: datetime
) -> Promotion:
    """Everything that is known of a merge.

    Raises:
        MergeNotFound: it is not over.
        KitchenError: nothing of it was kept, and its commits are gone.
    """
    if merge.commit is None or merge.ended_at is None:
        message = f"merge {merge.id} into {kitchen.name} is {merge.state}: nothing was promoted"
        raise MergeNotFound(message)
    facts = places.promotions.of(merge)
    if facts is None:
        facts = _late(merge, places)
        places.promotions.write(merge, facts, now=now)
    known = places.book.of(kitchen)
    found = Promotion(
        merge=merge,
        kitchen=kitchen,
        other=places.reverts.kitchen(merge.other_id),
        facts=facts,
        evidence=_evidence(kitchen, facts, places),
        reverted_by=reverted_by(merge, known),
    )
    since = AuditQuery(kitchen_id=kitchen.id, since=merge.opened_at, at_most=_MOST_ENTRIES)
    # It was approved before the merge began.
    approved = replace(since, since=None, until=merge.opened_at, actions=(ASKS, APPROVES, REFUSES))
    entries = [*places.audit_trail.entries(since), *places.audit_trail.entries(approved)]
    return replace(found, deeds=deeds_of(found, entries))


def _late(merge: KitchenMerge, places: MergePlaces) -> PromotionFacts:
    try:
        return _facts(merge, places)
    except OutsideSystemError as error:
        message = (
            f"of merge {merge.id} nothing was kept (any more), and the repository does not have "
            f"its commits: {error}"
        )
        raise KitchenError(message) from error


def _facts(merge: KitchenMerge, places: MergePlaces) -> PromotionFacts:
    found = places.repository.promoted(merge, dags_folder=places.dags_folder)
    number, commits = places.repository.missing(
        merge.ours, str(merge.commit), at_most=_MOST_COMMITS
    )
    return replace(found, number=number, commits=tuple(commits))


def _evidence(
    kitchen: Kitchen, facts: PromotionFacts, places: MergePlaces
) -> dict[str, tuple[Evidence, ...]]:
    wanted = {one.name: one.input_tree for one in facts.pipelines if one.input_tree}
    found = places.evidence.about(kitchen.project, wanted) if wanted else {}
    return {name: tuple(told) for name, told in found.items()}
