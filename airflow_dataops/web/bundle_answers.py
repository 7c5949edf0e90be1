"""The evidence of a promotion in one piece, as JSON: to be handed to whoever asks.

Links say whether their target was there when the piece was made: runs, DAGs and kitchens go, what
they were evidence of stays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import Direction
from airflow_dataops.domain.merge_draft import MergeState
from airflow_dataops.domain.release import PipelineChange
from airflow_dataops.web.gate_answers import EvidenceAnswer
from airflow_dataops.web.merge_answers import FileAnswer
from airflow_dataops.web.release_answers import CommitAnswer

FORMAT = 1

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, kw_only=True)
class LinkAnswer:
    """A link, and whether its target was there when this was made; None: nobody looked."""

    href: str
    is_there: bool | None
    said: str


@dataclass(frozen=True, kw_only=True)
class RunEvidenceAnswer:
    """A run that is evidence of a pipeline's files, and where it ran.

    ``seconds`` is from its beginning to its end.
    """

    kitchen: str
    environment: str
    seconds: float | None
    link: LinkAnswer
    said: EvidenceAnswer


@dataclass(frozen=True, kw_only=True)
class PromotedPipelineAnswer:
    """A pipeline that the merge changed; ``runs`` ran exactly its files, also later ones."""

    pipeline: str
    change: PipelineChange
    input_tree: str | None
    runs: list[RunEvidenceAnswer]


@dataclass(frozen=True, kw_only=True)
class SideAnswer:
    """A commit and the id of its files."""

    commit: str
    tree: str


@dataclass(frozen=True, kw_only=True)
class CodeAnswer:
    """What became what; ``number`` commits came with it, of which the last are listed."""

    before: SideAnswer
    merged: SideAnswer
    after: SideAnswer
    number: int
    commits: list[CommitAnswer]
    files: list[FileAnswer]
    more_files: int


@dataclass(frozen=True, kw_only=True)
class DeedAnswer:
    """What somebody did, of the audit trail."""

    at: datetime
    by: str
    action: str
    reason: str | None
    details: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class TimingsAnswer:
    """How long it took, in seconds.

    Attributes:
        waited_seconds: from the first commit that came with it until it was merged.
        merging_seconds: from when the merge was asked for until it was made.
        enabled_seconds: from then until a schedule was enabled; None where none was.
    """

    first_commit_at: datetime | None
    asked_at: datetime
    merged_at: datetime
    first_enabled_at: datetime | None
    waited_seconds: float | None
    merging_seconds: float
    enabled_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class BundleAnswer:
    """The evidence of one merge.

    Attributes:
        grounds: what the gate was opened with: ``green``, ``acknowledged``, ``overridden``.
        digest: SHA-256 of this as JSON with an empty digest: sorted keys, no spaces.
    """

    format: int = FORMAT
    exported_at: datetime
    exported_by: str
    project: str
    id: str
    direction: Direction
    state: MergeState
    kitchen: str
    environment: str
    merged: str
    merged_environment: str
    ticket: str | None
    asked_by: str
    made_by: str | None
    reason: str | None
    reverts: str | None
    taken_back_by: str | None
    taken_back_at: datetime | None
    code: CodeAnswer
    grounds: dict[str, str]
    pipelines: list[PromotedPipelineAnswer]
    deeds: list[DeedAnswer]
    timings: TimingsAnswer
    links: list[LinkAnswer] = field(default_factory=list)
    digest: str = ""


def seconds_between(first: datetime | None, then: datetime | None) -> float | None:
    """A span; None where an end of it is missing."""
    return (then - first).total_seconds() if first is not None and then is not None else None


def earliest(moments: Sequence[datetime]) -> datetime | None:
    """The first of some moments, if there are any."""
    return min(moments, default=None)
