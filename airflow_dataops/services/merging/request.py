"""What is asked of a merge, where it is done, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from airflow_dataops.domain.audit import AuditEntry
from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_gate import Gate
from airflow_dataops.domain.source_change import Authorship

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime

    from airflow_dataops.domain.kitchen import Kitchen
    from airflow_dataops.domain.kitchen_at_parse import KitchenAtParse
    from airflow_dataops.domain.merge import FileChange, MergePreview
    from airflow_dataops.domain.merge_draft import ConflictPath, KitchenMerge
    from airflow_dataops.domain.merge_meaning import Meaning
    from airflow_dataops.domain.release_environment import ReleaseEnvironment
    from airflow_dataops.domain.staff import Person
    from airflow_dataops.evidence_ports import ApprovalBook, EvidenceBook, MergeQueue
    from airflow_dataops.merge_ports import (
        MergeBook,
        MergeRepository,
        OutlineReader,
        PipelineRuns,
        PromotionBook,
        PullRequests,
        RevertBook,
    )
    from airflow_dataops.ports import AuditTrail, Hooks, KitchenRegistry
    from airflow_dataops.schedule_ports import Schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeRequest:
    """What a person asks for two kitchens, when, why, and from where.

    Attributes:
        kitchen: the one merged into.
        other: the one that is merged; a parent or child of it.
        merge_id: of a merge that begins with this request.
        ours: commit that the person takes the kitchen to be at; None where they name nothing.
        theirs: the same of the other.
        acknowledged: of what the merge takes away, what the person says may go.
        overrides: the person does without evidence; for a reason, and they have the right to.
    """

    kitchen: Kitchen
    other: Kitchen
    direction: Direction
    by: Person
    now: datetime
    source: str
    merge_id: str
    reason: str | None = None
    ours: str | None = None
    theirs: str | None = None
    acknowledged: frozenset[str] = frozenset()
    overrides: bool = False

    @property
    def what(self) -> str:
        """The merge in the words of a refusal."""
        return f"the merge of {self.other.name} {self.direction} into {self.kitchen.name}"

    @property
    def child(self) -> Kitchen:
        """The one of the two that was cut from the other."""
        return self.other if self.direction is Direction.UP else self.kitchen

    def authorship(self) -> Authorship:
        """Who merges, and what the commit says."""
        title = f"Merge {self.other.name} into {self.kitchen.name}"
        message = f"{title}\n\n{self.reason}" if self.reason else title
        return Authorship(author=self.by.name, message=message)

    def entry(self, action: str, **details: str) -> AuditEntry:
        """What the audit trail keeps."""
        return AuditEntry(
            at=self.now,
            by=self.by.name,
            source=self.source,
            action=action,
            project=self.kitchen.project,
            environment=self.kitchen.environment,
            kitchen_id=self.kitchen.id,
            kitchen=self.kitchen.name,
            reason=self.reason,
            details={"merged": self.other.name, **details},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MergePlaces:
    """Where merges are made and written down.

    Attributes:
        outlines: None where this installation builds no pipelines of merges.
        at_parse: what pipelines of a kitchen may know of it.
        tools: that a kitchen's environment declares.
        evidence: what runs said of the files that they ran.
        runs: of the pipelines that a merge takes away.
        queue: who waits to be merged.
        dags_folder: of the project's branches, with ordinary DAG files.
        hooks: who has a say.
        environment: of a kitchen: it says what has to be approved, and by whom.
        approvals: what waits for that.
        reverts: what is put back with a merge.
        promotions: what is kept of merges.
        schedules: what is enabled.
        audit_trail: what was so before.
        pull_requests: where merges into a kitchen are proposed; None where they are pushed.
        has_secrets: whether the vault of a kitchen's environment has something for each of some
            tools; None where that could not be looked at.
    """

    repository: MergeRepository
    book: MergeBook
    registry: KitchenRegistry
    outlines: OutlineReader | None
    at_parse: Callable[[Kitchen], KitchenAtParse]
    tools: Callable[[Kitchen], Collection[str]]
    evidence: EvidenceBook
    runs: PipelineRuns
    queue: MergeQueue
    dags_folder: str
    hooks: Hooks
    environment: Callable[[Kitchen], ReleaseEnvironment]
    approvals: ApprovalBook
    reverts: RevertBook
    promotions: PromotionBook
    schedules: Schedules
    audit_trail: AuditTrail
    pull_requests: Callable[[Kitchen], PullRequests | None]
    has_secrets: Callable[[Kitchen, Collection[str]], Mapping[str, bool | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeReport:
    """What a merge comes to, before it is made.

    Attributes:
        files: what it makes of the kitchen's files; none with conflicts.
        meaning: what it does to pipelines.
        gate: what it has to have, and has.
        under_way: the merge of the two that people decide about already.
    """

    preview: MergePreview
    files: tuple[FileChange, ...] = ()
    meaning: tuple[Meaning, ...] = ()
    gate: Gate = field(default_factory=Gate)
    under_way: KitchenMerge | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """What stands in its way, one sentence each."""
        return tuple(str(item) for item in self.gate.missing)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeOutcome:
    """What became of a merge.

    Attributes:
        commit: the kitchen's tip from now on; None where people have to decide first.
        is_new: whether the kitchen's branch has moved.
        merge: as it is written down; None where there was nothing to merge.
    """

    preview: MergePreview
    commit: str | None
    is_new: bool
    merge: KitchenMerge | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeDraft:
    """A merge under way, with what is decided and what is open.

    Attributes:
        open_places: paths and regions that nobody has decided about.
        moved: the commit that the kitchen has moved on to since; None where it has not.
    """

    merge: KitchenMerge
    conflicts: tuple[ConflictPath, ...]
    open_places: tuple[tuple[str, int | None], ...]
    moved: str | None
