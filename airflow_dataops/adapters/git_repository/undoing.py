"""Taking a merge out of a branch: a merge of today's files with those from before it.

The base is what the merge made, ours is today, theirs is what was before. ``git merge-tree`` finds
its base by itself, so *theirs* is a commit with the files from before, as the merge's own child.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.adapters.git_repository import previews
from airflow_dataops.adapters.git_repository.branches import identity_of
from airflow_dataops.adapters.git_repository.commands import piped
from airflow_dataops.adapters.git_repository.pipeline_inputs import tree_inputs
from airflow_dataops.domain.input_tree import changed_inputs
from airflow_dataops.domain.merge import Undoing
from airflow_dataops.domain.source_change import Authorship

if TYPE_CHECKING:
    from airflow_dataops.adapters.git_repository.merging import Merging
    from airflow_dataops.domain.input_tree import TreeInputs
    from airflow_dataops.domain.merge_draft import KitchenMerge


def undoing(merging: Merging, merge: KitchenMerge, *, within: str, dags_folder: str) -> Undoing:
    """What taking a merge out of a commit comes to."""
    theirs = _as_before(merging, merge)
    found = previews.preview_in(merging, within, theirs)

    def inputs(commit: str) -> TreeInputs:
        return tree_inputs(merging, commit, dags_folder=dags_folder)

    return Undoing(
        preview=found,
        files=tuple(previews.changes(merging, found, found.tree)) if found.tree else (),
        now=inputs(within),
        then=inputs(found.tree) if found.tree else None,
        merged=changed_inputs(inputs(merge.ours), inputs(str(merge.commit))),
    )


def undo(merging: Merging, merge: KitchenMerge, *, within: str, authorship: Authorship) -> str:
    """The commit that takes a merge out of another; the same one where nothing is left of it."""
    tree = merging.merge(within, _as_before(merging, merge)).tree
    if tree == _read(merging, "rev-parse", f"{within}^{{tree}}"):
        return within
    return _commit(merging, tree, within, authorship)


def _as_before(merging: Merging, merge: KitchenMerge) -> str:
    tree = _read(merging, "rev-parse", f"{merge.ours}^{{tree}}")
    nobody = Authorship(author="nobody", message=f"as before {merge.commit}")
    return _commit(merging, tree, str(merge.commit), nobody)


def _commit(merging: Merging, tree: str, parent: str, authorship: Authorship) -> str:
    with piped(authorship.message.encode()) as message:
        words = ("commit-tree", tree, "-p", parent, "-F", "-")
        made = merging.run(*words, stream=message, env=identity_of(authorship.author))
    return made.decode().strip()


def _read(merging: Merging, *words: str) -> str:
    return merging.run(*words).decode().strip()
