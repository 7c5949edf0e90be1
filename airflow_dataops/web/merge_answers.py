"""Merges as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import ConflictKind, Direction
from airflow_dataops.domain.merge_draft import (
    Choice,
    MergeState,
    path_as_text,
    present_resolutions,
)
from airflow_dataops.domain.merge_meaning import MeaningKind
from airflow_dataops.domain.revert import REVERTS
from airflow_dataops.services.merging.proposing import GATE, URL
from airflow_dataops.web.gate_answers import GateAnswer, gate_answer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.merge import Conflict, FileChange
    from airflow_dataops.domain.merge_draft import ConflictPath, KitchenMerge, Resolution
    from airflow_dataops.services.merging import (
        MergeDraft,
        MergeOutcome,
        MergeReport,
        MergeRequest,
    )


@dataclass(frozen=True, kw_only=True)
class ConflictAnswer:
    """A path in conflict, and how many regions of its text are."""

    path: str
    kind: ConflictKind
    regions: int
    said: list[str]


@dataclass(frozen=True, kw_only=True)
class FileAnswer:
    """What a merge makes of a file."""

    path: str
    change: str
    before: str | None


@dataclass(frozen=True, kw_only=True)
class MeaningAnswer:
    """What a merge does to a pipeline; ``text`` is what one acknowledges if it takes away."""

    pipeline: str
    kind: MeaningKind
    what: str
    takes_away: bool
    text: str


@dataclass(frozen=True, kw_only=True)
class PreviewAnswer:
    """What a merge would come to; ``missing`` says what stands in its way, ``gate`` all of it."""

    kitchen: str
    merged: str
    direction: Direction
    ours: str
    theirs: str
    tree: str | None
    is_nothing_new: bool
    conflicts: list[ConflictAnswer]
    files: list[FileAnswer]
    meaning: list[MeaningAnswer]
    missing: list[str]
    gate: GateAnswer
    is_under_way: bool


@dataclass(frozen=True, kw_only=True)
class MergeAnswer:
    """A merge that was made, or waits; ``commit`` is the kitchen's tip from then on.

    ``state`` is ``nothing new`` where there was nothing to merge, and ``proposed`` where it waits
    at ``pull_request`` instead of for decisions about conflicts.
    """

    kitchen: str
    merged: str
    direction: Direction
    state: str
    ours: str
    theirs: str
    commit: str | None
    conflicts: list[ConflictAnswer]
    pull_request: str | None
    gate: str | None


@dataclass(frozen=True, kw_only=True)
class DecisionAnswer:
    """What somebody decided."""

    choice: Choice
    text: str | None
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class RegionAnswer:
    """A region with its three texts; bytes that are no UTF-8 are shown as U+FFFD."""

    number: int
    line: int
    base: str
    ours: str
    theirs: str
    decided: DecisionAnswer | None


@dataclass(frozen=True, kw_only=True)
class OpenConflictAnswer:
    """A path in conflict; ``clean`` is the merged text before each region and after the last."""

    path: str
    kind: ConflictKind
    said: list[str]
    decided: DecisionAnswer | None
    regions: list[RegionAnswer]
    clean: list[str]


@dataclass(frozen=True, kw_only=True)
class OpenPlaceAnswer:
    """Something that nobody has decided about; without a region, the path as a whole."""

    path: str
    region: int | None


@dataclass(frozen=True, kw_only=True)
class DraftAnswer:
    """A merge under way; ``moved`` is where the kitchen's branch is now, if not at ``ours``.

    ``taken_away`` is what completing it as decided takes from the pipelines of one side.
    """

    kitchen: str
    merged: str
    direction: Direction
    ours: str
    theirs: str
    moved: str | None
    opened_by: str
    opened_at: datetime
    pull_request: str | None
    conflicts: list[OpenConflictAnswer]
    open: list[OpenPlaceAnswer]
    taken_away: list[str]


@dataclass(frozen=True, kw_only=True)
class PastMergeAnswer:
    """A merge into a kitchen, over or not.

    ``reverts`` is the id of the merge that this one took back; ``reverted_by`` that of the revert
    which holds of this one.
    """

    id: str
    direction: Direction
    state: MergeState
    ours: str
    theirs: str
    commit: str | None
    opened_by: str
    opened_at: datetime
    ended_by: str | None
    ended_at: datetime | None
    reason: str | None
    pull_request: str | None
    reverts: str | None
    reverted_by: str | None


def preview_answer(asked: MergeRequest, report: MergeReport) -> PreviewAnswer:
    """What a merge would come to."""
    preview = report.preview
    return PreviewAnswer(
        kitchen=asked.kitchen.name,
        merged=asked.other.name,
        direction=asked.direction,
        ours=preview.ours,
        theirs=preview.theirs,
        tree=preview.tree,
        is_nothing_new=preview.is_nothing_new,
        conflicts=conflict_answers(preview.conflicts),
        files=[file_answer(file) for file in report.files],
        meaning=[
            MeaningAnswer(
                pipeline=one.pipeline,
                kind=one.kind,
                what=one.what,
                takes_away=one.takes_away,
                text=str(one),
            )
            for one in report.meaning
        ],
        missing=list(report.missing),
        gate=gate_answer(report.gate),
        is_under_way=report.under_way is not None,
    )


def merge_answer(asked: MergeRequest, outcome: MergeOutcome) -> MergeAnswer:
    """What became of a merge."""
    return MergeAnswer(
        kitchen=asked.kitchen.name,
        merged=asked.other.name,
        direction=asked.direction,
        state=str(outcome.merge.state) if outcome.merge else "nothing new",
        ours=outcome.preview.ours,
        theirs=outcome.preview.theirs,
        commit=outcome.commit,
        conflicts=conflict_answers(outcome.preview.conflicts) if outcome.commit is None else [],
        pull_request=outcome.merge.details.get(URL) if outcome.merge else None,
        gate=outcome.merge.details.get(GATE) if outcome.merge else None,
    )


def draft_answer(
    asked: MergeRequest, draft: MergeDraft, *, taken_away: Sequence[str] = ()
) -> DraftAnswer:
    """A merge under way."""
    merge = draft.merge
    decided = present_resolutions(merge.resolutions)
    return DraftAnswer(
        kitchen=asked.kitchen.name,
        merged=asked.other.name,
        direction=merge.direction,
        ours=merge.ours,
        theirs=merge.theirs,
        moved=draft.moved,
        opened_by=merge.opened_by,
        opened_at=merge.opened_at,
        pull_request=merge.details.get(URL),
        conflicts=[open_conflict(one, decided.get(one.path, {})) for one in draft.conflicts],
        open=[OpenPlaceAnswer(path=path, region=region) for path, region in draft.open_places],
        taken_away=list(taken_away),
    )


def past_merge_answer(merge: KitchenMerge, reverted_by: KitchenMerge | None) -> PastMergeAnswer:
    """A merge into a kitchen, and what took it back."""
    return PastMergeAnswer(
        id=merge.id,
        direction=merge.direction,
        state=merge.state,
        ours=merge.ours,
        theirs=merge.theirs,
        commit=merge.commit,
        opened_by=merge.opened_by,
        opened_at=merge.opened_at,
        ended_by=merge.ended_by,
        ended_at=merge.ended_at,
        reason=merge.reason,
        pull_request=merge.details.get(URL),
        reverts=merge.details.get(REVERTS),
        reverted_by=reverted_by.id if reverted_by else None,
    )


def conflict_answers(conflicts: Sequence[Conflict]) -> list[ConflictAnswer]:
    """Paths in conflict."""
    return [
        ConflictAnswer(
            path=path_as_text(one.shown),
            kind=one.kind,
            regions=one.regions,
            said=[_shown(sentence) for sentence in one.said],
        )
        for one in conflicts
    ]


def file_answer(file: FileChange) -> FileAnswer:
    """What becomes of a file."""
    before = path_as_text(file.before) if file.before is not None else None
    return FileAnswer(path=path_as_text(file.path), change=file.change, before=before)


def open_conflict(
    conflict: ConflictPath, decided: Mapping[int | None, Resolution]
) -> OpenConflictAnswer:
    """A path in conflict."""
    clean, texts = [], []
    for part in conflict.parts:
        if isinstance(part, str):
            texts.append(part)
        else:
            clean.append(_shown("".join(texts)))
            texts = []
    return OpenConflictAnswer(
        path=conflict.path,
        kind=conflict.kind,
        said=[_shown(said) for one in conflict.conflicts for said in one.said],
        decided=_decision(decided.get(None)),
        regions=[
            RegionAnswer(
                number=number,
                line=region.line,
                base=_shown(region.base),
                ours=_shown(region.ours),
                theirs=_shown(region.theirs),
                decided=_decision(decided.get(number)),
            )
            for number, region in enumerate(conflict.regions, start=1)
        ],
        clean=[*clean, _shown("".join(texts))] if conflict.parts else [],
    )


def _decision(decided: Resolution | None) -> DecisionAnswer | None:
    if decided is None:
        return None
    return DecisionAnswer(choice=decided.choice, text=decided.text, by=decided.by, at=decided.at)


def _shown(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
