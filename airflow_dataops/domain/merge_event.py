"""What hooks are told when kitchens are merged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge import Direction, FileChange
    from airflow_dataops.domain.merge_meaning import Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlan:
    """What a merge comes to.

    Attributes:
        files: what it makes of the kitchen's files; where people decided, only what they decided.
        meaning: what it does to pipelines, as far as they were built for it.
        decided: paths in conflict about which people decided.
        reverts: id of the merge that is taken back; None where one is made.
    """

    files: tuple[FileChange, ...] = ()
    meaning: tuple[Meaning, ...] = ()
    decided: tuple[str, ...] = ()
    reverts: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeEvent:
    """Two kitchens that are to be merged, or were.

    Attributes:
        direction: ``down`` from parent to child, or ``up``.
        kitchen: the one merged into.
        other: the one that is merged.
        ours: commit that the kitchen is at before.
        theirs: commit of the other.
        commit: what the kitchen is at from then on; None where the repository's host makes it.
        by: who asked for it.
        reason: why, in their words.
        reverts: id of an earlier merge of the two that is taken back; None where one is made.
        is_proposal: a pull request is to be opened; it is merged at the repository's host.
    """

    direction: Direction
    kitchen: Kitchen
    other: Kitchen
    ours: str
    theirs: str
    commit: str | None
    plan: MergePlan
    by: str
    reason: str | None
    reverts: str | None = None
    is_proposal: bool = False

    @property
    def what(self) -> str:
        """What is to be done, in the words of a refusal."""
        what = f"merge of {self.other.name!r} {self.direction} into {self.kitchen.name!r}"
        if self.reverts is not None:
            return f"the revert of the {what}"
        return f"the proposal of the {what}" if self.is_proposal else f"the {what}"
