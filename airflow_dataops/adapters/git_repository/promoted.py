"""What a repository knows of a merge that is over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.adapters.git_repository import previews
from airflow_dataops.adapters.git_repository.pipeline_inputs import tree_inputs
from airflow_dataops.domain.input_tree import changed_inputs
from airflow_dataops.domain.merge import MergePreview
from airflow_dataops.domain.promotion import PromotedPipeline, PromotionFacts
from airflow_dataops.domain.release import PipelineChange

if TYPE_CHECKING:
    from airflow_dataops.adapters.git_repository.merging import Merging
    from airflow_dataops.domain.merge_draft import KitchenMerge

_MOST_FILES = 2_000


def promoted(merging: Merging, merge: KitchenMerge, *, dags_folder: str) -> PromotionFacts:
    """What became what by a merge; without its commits."""
    ours, theirs, commit = merge.ours, merge.theirs, str(merge.commit)
    asked = (f"{one}^{{tree}}" for one in (ours, theirs, commit))
    before, merged, after = merging.run("rev-parse", *asked).decode().split()
    files = previews.changes(merging, MergePreview(ours=ours, theirs=theirs, tree=after), after)
    was = tree_inputs(merging, ours, dags_folder=dags_folder)
    changed = changed_inputs(was, tree_inputs(merging, commit, dags_folder=dags_folder))
    coming = [
        PromotedPipeline(
            name=one.name,
            change=PipelineChange.CHANGED if one.name in was.pipelines else PipelineChange.NEW,
            input_tree=one.input_tree,
        )
        for one in changed.pipelines
    ]
    gone = [
        PromotedPipeline(name=name, change=PipelineChange.REMOVED, input_tree=None)
        for name in changed.removed
    ]
    return PromotionFacts(
        trees=(before, merged, after),
        files=tuple(files[:_MOST_FILES]),
        more_files=max(0, len(files) - _MOST_FILES),
        pipelines=tuple(sorted([*coming, *gone], key=lambda one: one.name)),
    )
