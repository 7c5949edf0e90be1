"""What a merge means for pipelines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_meaning import (
    EVERYTHING,
    Meaning,
    MeaningKind,
    meanings,
    secret_meanings,
    tools_of_changed,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.merge import FileChange, MergePreview
    from airflow_dataops.services.merging.request import MergePlaces, MergeRequest

# What is not looked at may be gone: whoever delivers it says that they know.
NOT_COMPARED = Meaning(
    pipeline=EVERYTHING,
    kind=MeaningKind.NOT_COMPARED,
    what="tests and schedules may be gone; here no pipelines of merges are built",
)


def meaning_of(
    asked: MergeRequest,
    found: MergePreview,
    files: Sequence[FileChange],
    places: MergePlaces,
) -> list[Meaning]:
    """What the merge does to pipelines: nothing is known of one with conflicts."""
    if found.tree is None or found.is_nothing_new:
        return []
    if places.outlines is None:
        return [NOT_COMPARED]
    with places.repository.laid_out(found, paths=()) as trees:
        before, after = places.outlines.of(trees, places.at_parse(asked.kitchen))
    declared = places.tools(asked.kitchen)
    said = meanings(before, after, tools=declared)
    changed = [path for file in files for path in (file.path, file.before) if path is not None]
    wanted = tools_of_changed(before, after, changed=changed)
    asked_for = {tool for tools in wanted.values() for tool in tools} & set(declared)
    has_secrets = places.has_secrets(asked.kitchen, asked_for) if asked_for else {}
    return sorted([*said, *secret_meanings(wanted, has_secrets)])
