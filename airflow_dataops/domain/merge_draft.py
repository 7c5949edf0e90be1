"""What people decide about the conflicts of a merge, until all of them are decided.

A draft belongs to two commits; it is shared by all who may merge, and outlives a restart. What
somebody decided stays in it with their name, also when somebody else decides otherwise later.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_text import Parts, Region, joined, regions_of
from airflow_dataops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import datetime

    from airflow_dataops.domain.merge import (
        Conflict,
        ConflictKind,
        Direction,
        FileVersion,
        MergePreview,
    )

_FILE, _FILES = "100644", {"100644", "100755"}


class Choice(StrEnum):
    """What becomes of a region, or of a whole path."""

    OURS = "ours"
    THEIRS = "theirs"
    BOTH = "both"
    BASE = "base"
    OWN = "own"
    OPEN = "open"


class MergeState(StrEnum):
    """How far a merge has come."""

    OPEN = "open"
    PUSHING = "pushing"
    PROPOSED = "proposed"
    DONE = "done"
    ABANDONED = "abandoned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """One decision of one person.

    Attributes:
        path: as a person knows it.
        region: counted from 1; None for the path as a whole.
        text: what stands there, for ``Choice.OWN``.
    """

    path: str
    region: int | None
    choice: Choice
    text: str | None = None
    by: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class KitchenMerge:
    """A merge of one kitchen into another, under way or over.

    Attributes:
        kitchen_id: of the one merged into.
        other_id: of the one that is merged.
        ours: commit id of the one merged into.
        theirs: commit id of the other.
        commit: what was made of it, or is being pushed.
        resolutions: every decision, oldest first.
    """

    id: str
    kitchen_id: str
    other_id: str
    direction: Direction
    ours: str
    theirs: str
    state: MergeState
    opened_by: str
    opened_at: datetime
    ended_by: str | None = None
    ended_at: datetime | None = None
    commit: str | None = None
    reason: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    resolutions: tuple[Resolution, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ConflictPath:
    """All that is in conflict about one path, as a person knows it.

    Attributes:
        path: as text; one that is no UTF-8 is written as git quotes it.
        target: as git takes it.
        conflicts: mostly one; several where git put one side's version beside.
        parts: of its text, where it has one in conflict.
    """

    path: str
    target: str
    conflicts: tuple[Conflict, ...]
    parts: Parts = ()

    @property
    def kind(self) -> ConflictKind:
        """Why git could not merge it."""
        return self.conflicts[0].kind

    @property
    def regions(self) -> list[Region]:
        """The places of its text that are in conflict."""
        return regions_of(self.parts)

    @property
    def has_file(self) -> bool:
        """Whether a side has something there, or the conflict is only about a folder's name."""
        return any(True for one in self.conflicts for _ in one.file.sides())

    def side(self, choice: Choice) -> FileVersion | None:
        """What a side has there; None where it has nothing."""
        for conflict in self.conflicts:
            file = conflict.file
            sides = {Choice.OURS: file.ours, Choice.THEIRS: file.theirs, Choice.BASE: file.base}
            if (found := sides.get(choice)) is not None:
                return found
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """What stands at a path from now on: what a side has there, or a text.

    Attributes:
        content: id of a content that the repository has, or a new one.
    """

    mode: str
    content: str | bytes


def conflict_paths(preview: MergePreview, texts: Mapping[str, Parts]) -> list[ConflictPath]:
    """The conflicts of a merge by path."""
    grouped: dict[str, list[Conflict]] = {}
    for conflict in preview.conflicts:
        grouped.setdefault(conflict.shown, []).append(conflict)
    return [
        ConflictPath(
            path=path_as_text(path),
            target=path,
            conflicts=tuple(conflicts),
            # Text in two places is two files: it is decided about as a whole.
            parts=texts.get(conflicts[0].path, ()) if len(conflicts) == 1 else (),
        )
        for path, conflicts in grouped.items()
    ]


def path_as_text(path: str) -> str:
    """A path that can be sent and kept; the bytes of one that is no UTF-8 become numbers."""
    try:
        path.encode()
    except UnicodeEncodeError:
        quoted = (
            chr(byte) if " " <= chr(byte) <= "~" and chr(byte) not in '"\\' else f"\\{byte:03o}"
            for byte in path.encode("utf-8", "surrogateescape")
        )
        return f'"{"".join(quoted)}"'
    return path


def check_path(conflicts: Iterable[ConflictPath], path: str) -> ConflictPath:
    """The conflict at a path.

    Raises:
        InvalidRequest: nothing is in conflict there.
    """
    known = {conflict.path: conflict for conflict in conflicts}
    if path not in known:
        listed = ", ".join(sorted(known)[:10]) or "none"
        message = f"nothing is in conflict at {path!r}; in conflict: {listed}"
        raise InvalidRequest(message, field="path")
    return known[path]


def check_resolution(conflicts: Iterable[ConflictPath], asked: Resolution) -> Resolution:
    """Give a decision back if it can be one about these conflicts.

    Raises:
        InvalidRequest: there is no such path or region, or it cannot be decided so.
    """
    conflict = check_path(conflicts, asked.path)
    if not conflict.has_file and asked.choice not in {Choice.OURS, Choice.OPEN}:
        message = (
            f"at {asked.path} files have two folders to be moved to, or one where something is:"
            " choose ours to leave them where they are, and move them in a commit of your own"
        )
        raise InvalidRequest(message, field="choice")
    regions = len(conflict.regions)
    if asked.region is not None and not 1 <= asked.region <= regions:
        has = f"regions 1 to {regions}" if regions else "no regions; decide about it as a whole"
        message = f"{asked.path} has no region {asked.region}; it has {has}"
        raise InvalidRequest(message, field="region")
    if (asked.choice is Choice.OWN) != (asked.text is not None):
        message = "an own text goes with the choice own, and with no other"
        raise InvalidRequest(message, field="text")
    if asked.choice is Choice.BOTH and not regions:
        message = f"{asked.path} is no text of which both sides could be kept; choose one"
        raise InvalidRequest(message, field="choice")
    return asked


def present_resolutions(given: Iterable[Resolution]) -> dict[str, dict[int | None, Resolution]]:
    """The decisions that count, by path and region: of each place the last.

    A decision about a whole path takes the place of those about its regions, and the other way.
    """
    counting: dict[str, dict[int | None, Resolution]] = {}
    for one in given:
        here = counting.setdefault(one.path, {})
        if one.region is None:
            here.clear()
        else:
            here.pop(None, None)
        if one.choice is Choice.OPEN:
            here.pop(one.region, None)
        else:
            here[one.region] = one
    return {path: here for path, here in counting.items() if here}


def open_places(
    conflicts: Iterable[ConflictPath], given: Iterable[Resolution]
) -> list[tuple[str, int | None]]:
    """Paths and regions that nobody has decided about yet."""
    counting = present_resolutions(given)
    left: list[tuple[str, int | None]] = []
    for conflict in conflicts:
        here = counting.get(conflict.path, {})
        if None in here:
            continue
        # Beside its text, a path can be in conflict as a whole: deleted or renamed by a side.
        if not conflict.regions:
            left.append((conflict.path, None))
        left += [
            (conflict.path, number)
            for number in range(1, len(conflict.regions) + 1)
            if number not in here
        ]
    return left


def resolved(
    conflicts: Iterable[ConflictPath], given: Iterable[Resolution]
) -> dict[str, Resolved | None]:
    """What stands at each path of a merge in which nothing is open; None where nothing does.

    A folder of which git could not tell the new name is left as it is.
    """
    counting = present_resolutions(given)
    found: dict[str, Resolved | None] = {}
    for conflict in (one for one in conflicts if one.has_file):
        # What git put beside a path is its own name for it, and goes.
        found |= {one.path: None for one in conflict.conflicts}
        found[conflict.target] = _resolved(conflict, counting[conflict.path])
    return found


def _resolved(conflict: ConflictPath, given: Mapping[int | None, Resolution]) -> Resolved | None:
    whole = given.get(None)
    if whole is not None and whole.choice not in {Choice.OWN, Choice.BOTH}:
        side = conflict.side(whole.choice)
        return Resolved(mode=side.mode, content=side.blob) if side else None
    if whole is not None and whole.choice is Choice.OWN:
        text = whole.text or ""
    else:
        texts = _texts(conflict.parts, lambda number: whole or given[number])
        text = joined(texts)
    return Resolved(mode=_mode(conflict), content=text.encode("utf-8", "surrogateescape"))


def _texts(parts: Parts, decided: Callable[[int], Resolution]) -> Sequence[str]:
    texts: list[str] = []
    number = 0
    for part in parts:
        if isinstance(part, Region):
            number += 1
            texts.append(_text(part, decided(number)))
        else:
            texts.append(part)
    return texts


def _text(region: Region, decided: Resolution) -> str:
    if decided.choice is Choice.OWN:
        return decided.text or ""
    sides = {
        Choice.OURS: [region.ours],
        Choice.THEIRS: [region.theirs],
        Choice.BASE: [region.base],
    }
    return joined(sides.get(decided.choice, [region.ours, region.theirs]))


def _mode(conflict: ConflictPath) -> str:
    """Of a file that is put together: the one that a side has changed it to."""
    base, ours, theirs = (
        side.mode if (side := conflict.side(choice)) else None
        for choice in (Choice.BASE, Choice.OURS, Choice.THEIRS)
    )
    preferred = (theirs, ours, base) if ours == base else (ours, theirs, base)
    return next((mode for mode in preferred if mode in _FILES), _FILE)
