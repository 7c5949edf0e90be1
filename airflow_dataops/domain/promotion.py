"""A merge as an auditor wants to see it: what became what, who said so, on what grounds.

What only the repository knows is written down with the merge, because branches go. The rest is in
our tables, which outlive kitchens, DAGs and runs.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import FileChange
from airflow_dataops.domain.release import Commit, PipelineChange

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from airflow_dataops.domain.audit import AuditEntry
    from airflow_dataops.domain.evidence import Evidence
    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.merge_draft import KitchenMerge

_ABOUT_PIPELINES = {"enable schedule", "disable schedule", "chart rebaseline", "chart incident"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotedPipeline:
    """A pipeline that a merge changed.

    Attributes:
        input_tree: id of what it is built from since; None for one that the merge took away.
    """

    name: str
    change: PipelineChange
    input_tree: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PromotionFacts:
    """What a repository knows of a merge.

    Attributes:
        trees: ids of the files before, of what was merged, and after.
        commits: the last of those that came with it, the newest first.
        number: how many came.
        files: what became of files; ``more_files`` are not listed.
    """

    trees: tuple[str, str, str]
    commits: tuple[Commit, ...] = ()
    number: int = 0
    files: tuple[FileChange, ...] = ()
    more_files: int = 0
    pipelines: tuple[PromotedPipeline, ...] = ()

    def as_text(self) -> str:
        """As it is kept."""
        found = {
            "trees": self.trees,
            "commits": [
                [one.id, one.author, one.at.isoformat(), one.title] for one in self.commits
            ],
            "number": self.number,
            "files": [[one.path, one.change, one.before] for one in self.files],
            "more_files": self.more_files,
            "pipelines": [[one.name, one.change, one.input_tree] for one in self.pipelines],
        }
        # Paths may hold what is no UTF-8, which JSON's own escapes carry.
        return json.dumps(found)

    @classmethod
    def read(cls, text: str) -> PromotionFacts:
        """What ``as_text`` wrote."""
        found = json.loads(text)
        before, merged, after = found["trees"]
        return cls(
            trees=(before, merged, after),
            commits=tuple(
                Commit(id=id_, author=author, at=datetime.fromisoformat(at), title=title)
                for id_, author, at, title in found["commits"]
            ),
            number=found["number"],
            files=tuple(
                FileChange(path=path, change=change, before=before)
                for path, change, before in found["files"]
            ),
            more_files=found["more_files"],
            pipelines=tuple(
                PromotedPipeline(name=name, change=PipelineChange(change), input_tree=tree)
                for name, change, tree in found["pipelines"]
            ),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """Everything that is known of a merge.

    Attributes:
        evidence: what runs said of exactly the files that each pipeline is built from since.
        deeds: of the audit trail: how it came about, and what was done because of it.
        reverted_by: the revert that holds of it.
    """

    merge: KitchenMerge
    kitchen: Kitchen
    other: Kitchen
    facts: PromotionFacts
    evidence: Mapping[str, tuple[Evidence, ...]] = field(default_factory=dict)
    deeds: tuple[AuditEntry, ...] = ()
    reverted_by: KitchenMerge | None = None


def deeds_of(promotion: Promotion, entries: Iterable[AuditEntry]) -> tuple[AuditEntry, ...]:
    """Which entries of the kitchen's audit trail tell of a promotion, the oldest first."""
    merge, until = promotion.merge, promotion.reverted_by
    over = until.ended_at if until else None
    pipelines = {one.name for one in promotion.facts.pipelines}

    def is_of_it(entry: AuditEntry) -> bool:
        if merge.id == entry.details.get("merge") or merge.theirs == entry.details.get("exactly"):
            return True
        if merge.ended_at is not None and entry.at <= merge.ended_at:
            is_between = merge.opened_at <= entry.at
            return is_between and entry.details.get("merged") == promotion.other.name
        is_in_force = over is None or entry.at <= over
        about = entry.details.get("pipeline")
        return is_in_force and entry.action in _ABOUT_PIPELINES and about in pipelines

    # The trail gives the newest first, those of one moment too.
    oldest_first = reversed(list(filter(is_of_it, entries)))
    return tuple(sorted(oldest_first, key=lambda entry: entry.at))
