"""What a merge means for pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
