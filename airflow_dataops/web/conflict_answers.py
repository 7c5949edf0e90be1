"""One conflict of a merge, and what people decide about all of them, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge import ConflictKind
from airflow_dataops.domain.merge_draft import Choice, MergeState
from airflow_dataops.web.merge_answers import (
    DecisionAnswer,
    OpenPlaceAnswer,
    RegionAnswer,
    open_conflict,
)

if TYPE_CHECKING:
    from airflow_dataops.domain.merge_draft import KitchenMerge
    from airflow_dataops.services.merging import Checked, ConflictShown
    from airflow_dataops.services.merging.showing import SideShown

_LINK, _SUBMODULE = "120000", "160000"
_MOST_SHOWN_BYTES = 1_000_000


@dataclass(frozen=True, kw_only=True)
class SideAnswer:
    """What a side has at a path; ``what`` is text, binary, link, submodule or large.

    ``text`` is there where all of it can be shown as it is, ``bytes`` where it was read.
    """

    mode: str
    id: str
    what: str
    bytes: int | None
    text: str | None


@dataclass(frozen=True, kw_only=True)
class ConflictFileAnswer:
    """A path in conflict with all that its sides have.

    ``clean`` is the merged text before each region and after the last. With ``is_exact`` every
    text here is what stands in the file; without, some bytes are no UTF-8 and shown as U+FFFD.
    ``version`` is how many decisions this merge had.
    """

    path: str
    kind: ConflictKind
    said: list[str]
    is_exact: bool
    regions: list[RegionAnswer]
    clean: list[str]
    decided: DecisionAnswer | None
    sides: dict[str, SideAnswer]
    version: int


@dataclass(frozen=True, kw_only=True)
class PlacedDecisionAnswer:
    """What somebody decided about a region, or, without one, about a path as a whole."""

    path: str
    region: int | None
    choice: Choice
    text: str | None
    by: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class DecisionsAnswer:
    """Decisions about a merge, oldest first; ``version`` is how many there are by now."""

    merge: str
    state: MergeState
    ours: str
    theirs: str
    version: int
    decisions: list[PlacedDecisionAnswer]


@dataclass(frozen=True, kw_only=True)
class ComplaintAnswer:
    """What is wrong with a file as it was decided; lines count from 1."""

    path: str
    line: int
    what: str


@dataclass(frozen=True, kw_only=True)
class ChecksAnswer:
    """What keeps a merge from being completed; ``moved`` is where the kitchen's branch is now."""

    open: list[OpenPlaceAnswer]
    complaints: list[ComplaintAnswer]
    moved: str | None


def conflict_file_answer(shown: ConflictShown) -> ConflictFileAnswer:
    """One path in conflict."""
    conflict = open_conflict(shown.conflict, shown.decided)
    return ConflictFileAnswer(
        path=conflict.path,
        kind=conflict.kind,
        said=conflict.said,
        is_exact=_is_exact(shown),
        regions=conflict.regions,
        clean=conflict.clean,
        decided=conflict.decided,
        sides={str(side): _side(one) for side, one in shown.sides.items()},
        version=len(shown.merge.resolutions),
    )


def decisions_answer(merge: KitchenMerge, *, after: int) -> DecisionsAnswer:
    """What was decided after the first so many decisions."""
    return DecisionsAnswer(
        merge=merge.id,
        state=merge.state,
        ours=merge.ours,
        theirs=merge.theirs,
        version=len(merge.resolutions),
        decisions=[
            PlacedDecisionAnswer(
                path=one.path,
                region=one.region,
                choice=one.choice,
                text=one.text,
                by=one.by,
                at=one.at,
            )
            for one in merge.resolutions[after:]
        ],
    )


def checks_answer(checked: Checked) -> ChecksAnswer:
    """What keeps a merge from being completed."""
    return ChecksAnswer(
        open=[OpenPlaceAnswer(path=path, region=region) for path, region in checked.open_places],
        complaints=[
            ComplaintAnswer(path=one.path, line=one.line, what=one.what)
            for one in checked.complaints
        ],
        moved=checked.moved,
    )


def _is_exact(shown: ConflictShown) -> bool:
    parts = shown.conflict.parts
    texts = [part for part in parts if isinstance(part, str)]
    texts += [
        text
        for region in shown.conflict.regions
        for text in (region.base, region.ours, region.theirs)
    ]
    try:
        "".join(texts).encode()
    except UnicodeEncodeError:
        return False
    return True


def _side(one: SideShown) -> SideAnswer:
    what, text = _what(one)
    return SideAnswer(
        mode=one.version.mode,
        id=one.version.blob,
        what=what,
        bytes=len(one.content) if one.content is not None else None,
        text=text,
    )


def _what(one: SideShown) -> tuple[str, str | None]:
    if one.version.mode == _SUBMODULE:
        return "submodule", None
    kind = "link" if one.version.mode == _LINK else "text"
    if one.content is None:
        return kind, None
    if len(one.content) > _MOST_SHOWN_BYTES:
        return "large", None
    try:
        text = one.content.decode()
    except UnicodeDecodeError:
        return "binary", None
    return ("binary", None) if "\0" in text else (kind, text)
