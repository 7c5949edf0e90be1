"""How a file differs between two trees, line by line, read from what git prints."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_LINES = 2_000
_LONGEST_LINE = 1_000
_HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+(\d+)(?:,\d+)? @@")


class LineKind(StrEnum):
    """What becomes of a line."""

    PLACE = "place"
    SAME = "same"
    ADDED = "added"
    REMOVED = "removed"


_KINDS = {" ": LineKind.SAME, "+": LineKind.ADDED, "-": LineKind.REMOVED}


@dataclass(frozen=True, slots=True, kw_only=True)
class DifferentLine:
    """One line of a difference.

    Attributes:
        before: its number in the file as it is; None where it is new, or says a place.
        after: its number in the file as it would be.
    """

    kind: LineKind
    text: str
    before: int | None = None
    after: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDifference:
    """What changes in a file.

    Attributes:
        lines: changed ones with three lines around them; none of a file that is no text.
        is_text: whether git takes it for text.
        is_cut: whether there are more lines than are kept.
    """

    path: str
    lines: tuple[DifferentLine, ...]
    is_text: bool = True
    is_cut: bool = False


def read_difference(path: str, printed: str) -> FileDifference:
    """The difference that ``git diff`` printed about one file."""
    head, place, body = printed.partition("\n@@ ")
    if not place:
        return FileDifference(path=path, lines=(), is_text="\nBinary files " not in f"\n{head}")
    lines: list[DifferentLine] = []
    for line in _lines(f"@@ {body}"):
        if len(lines) == MOST_LINES:
            return FileDifference(path=path, lines=tuple(lines), is_cut=True)
        lines.append(line)
    return FileDifference(path=path, lines=tuple(lines))


def _lines(body: str) -> Iterator[DifferentLine]:
    before = after = 0
    # Not splitlines(): a form feed does not end a line of a file.
    for line in body.removesuffix("\n").split("\n"):
        if found := _HUNK.match(line):
            before, after = int(found[1]), int(found[2])
            yield DifferentLine(kind=LineKind.PLACE, text=line[found.end() :].strip())
            continue
        kind = _KINDS.get(line[:1])
        if kind is None:  # "\ No newline at end of file"
            continue
        yield DifferentLine(
            kind=kind,
            text=line[1 : _LONGEST_LINE + 1].rstrip("\r"),
            before=before if kind is not LineKind.ADDED else None,
            after=after if kind is not LineKind.REMOVED else None,
        )
        before += kind is not LineKind.ADDED
        after += kind is not LineKind.REMOVED
