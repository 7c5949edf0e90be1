"""What a merge means for pipelines, and what of it somebody has to acknowledge first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_meaning import EVERYTHING, Meaning, MeaningKind, meanings

if TYPE_CHECKING:
    from airflow_dataops.domain.merge import MergePreview
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

# What is not looked at may be gone: whoever delivers it says that they know.
NOT_COMPARED = Meaning(
    pipeline=EVERYTHING,
    kind=MeaningKind.NOT_COMPARED,
    what="tests and schedules may be gone; here no pipelines of merges are built",
)


def meaning_of(asked: MergeRequest, found: MergePreview, places: MergePlaces) -> list[Meaning]:
    """What the merge does to pipelines: nothing is known of one with conflicts."""
    if found.tree is None or found.is_nothing_new:
        return []
    if places.outlines is None:
        return [NOT_COMPARED]
    with places.repository.laid_out(found, paths=()) as trees:
        before, after = places.outlines.of(trees, places.at_parse(asked.kitchen))
    return meanings(before, after, tools=places.tools(asked.kitchen))


def missing_of(asked: MergeRequest, found: list[Meaning]) -> list[str]:
    """What stands in the way of a merge up: code that does not build, guards that go unseen."""
    if asked.direction is Direction.DOWN:
        return []
    broken = [f"{one}" for one in found if one.kind is MeaningKind.DOES_NOT_BUILD]
    unseen = [
        f"{one}; who merges has to acknowledge it (--acknowledge)"
        for one in found
        if one.takes_away and str(one) not in asked.acknowledged
    ]
    return broken + unseen
