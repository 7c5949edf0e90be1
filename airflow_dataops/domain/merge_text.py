"""Texts in conflict: what git merged by itself, and the regions that it left to a person.

git writes conflicts as text between markers. It is asked twice: once as ``git merge`` shows
them, which decides what the regions are, and once with the base between the other two
(``diff3``), whose regions can be cut differently. Both agree on the text in which each region
is ours, so that places in one can be found in the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

# So long that no line of a person's looks like one.
MARKER_LENGTH = 61
_SIGNS = {sign * MARKER_LENGTH: sign for sign in "<|=>"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """A place where both sides changed what the base had; each text holds whole lines.

    Attributes:
        line: of the first line in ours' text so far, counted from 1.
    """

    base: str
    ours: str
    theirs: str
    line: int = 1


Parts = tuple["str | Region", ...]


def parts_of(merged: str, with_base: str) -> Parts:
    """What is merged and what is in conflict, in the order of the text.

    Args:
        merged: as git marks it by default, with markers of our length.
        with_base: the same with the base's text in it, ``diff3``.
    """
    base = _BaseText(_read(with_base))
    found: list[str | Region] = []
    ours_at = theirs_at = 0
    for part in _read(merged):
        if isinstance(part, Region):
            ours, theirs = _lines(part.ours), _lines(part.theirs)
            text = base.between(
                (ours_at, theirs_at), (ours_at + len(ours), theirs_at + len(theirs))
            )
            line = ours_at + 1
            found.append(Region(base=text, ours=part.ours, theirs=part.theirs, line=line))
            ours_at, theirs_at = ours_at + len(ours), theirs_at + len(theirs)
        else:
            found.append(part)
            length = len(_lines(part))
            ours_at, theirs_at = ours_at + length, theirs_at + length
    return tuple(found)


def regions_of(parts: Parts) -> list[Region]:
    """The places in conflict."""
    return [part for part in parts if isinstance(part, Region)]


def side_texts(parts: Parts) -> list[str]:
    """What both sides have: the text that is merged, and of each region ours and theirs."""
    return [
        text
        for part in parts
        for text in ((part.ours, part.theirs) if isinstance(part, Region) else (part,))
    ]


def joined(parts: Iterable[str]) -> str:
    """Texts after each other, each beginning on a line of its own."""
    whole: list[str] = []
    for part in parts:
        if not part:
            continue
        if whole and not whole[-1].endswith("\n"):
            whole.append("\r\n" if whole[-1].endswith("\r") else "\n")
        whole.append(part)
    return "".join(whole)


def count_regions(marked: bytes, *, ours: str) -> int:
    """How many conflicts git has marked in a text with its usual markers.

    Args:
        marked: the file as ``git merge`` leaves it.
        ours: the label that git was given for our side.
    """
    label = b" " + ours.encode()
    return sum(
        line.startswith(b"<<<<<<<") and line.lstrip(b"<").startswith(label)
        for line in marked.split(b"\n")
    )


def _lines(text: str) -> list[str]:
    # Not splitlines: for git a line ends with \n alone.
    lines = text.split("\n")
    last = lines.pop()
    return [f"{line}\n" for line in lines] + ([last] if last else [])


def _read(marked: str) -> Parts:
    """Parts of a marked text; a region that lists no base has an empty one."""
    parts: list[str | Region] = []
    clean: list[str] = []
    sides: dict[str, list[str]] = {}
    into = clean
    for line in _lines(marked):
        sign = _sign(line)
        if sign == "<" and into is clean:
            sides = {"<": [], "|": [], "=": []}
            into = sides["<"]
        elif sign in {"|", "="} and into is not clean:
            into = sides[sign]
        elif sign == ">" and into is not clean:
            if clean:
                parts.append("".join(clean))
            ours, base, theirs = ("".join(sides[of]) for of in "<|=")
            parts.append(Region(base=base, ours=ours, theirs=theirs))
            clean = []
            into = clean
        else:
            into.append(line)
    if clean:
        parts.append("".join(clean))
    return tuple(parts)


def _sign(line: str) -> str:
    """Which marker a line is; empty where it is none.

    Where two sides were merged into each other before, the base is a merge of its own and can have
    conflicts in it: git gives their markers two signs more for each level.
    """
    sign = _SIGNS.get(line[:MARKER_LENGTH], "")
    return "" if line[MARKER_LENGTH : MARKER_LENGTH + 1] == sign else sign


Place = tuple[int, int]


class _BaseText:
    """The base's text of any stretch of a merged text.

    A place is how many lines of the text precede it: with each region as ours, and as theirs.
    """

    def __init__(self, parts: Parts) -> None:
        self._stretches: list[tuple[Place, Place, Region | list[str]]] = []
        at: Place = (0, 0)
        for part in parts:
            if isinstance(part, Region):
                until = (at[0] + len(_lines(part.ours)), at[1] + len(_lines(part.theirs)))
                self._stretches.append((at, until, part))
            else:
                lines = _lines(part)
                until = (at[0] + len(lines), at[1] + len(lines))
                self._stretches.append((at, until, lines))
            at = until
        self._taken: dict[Place, int] = {}

    def between(self, start: Place, end: Place) -> str:
        """The base of what lies between two places; asked for in the order of the text."""
        found: list[str] = []
        for since, until, what in self._stretches:
            if not _overlap((since, until), (start, end)):
                continue
            low = max(start[0] - since[0], 0)
            high = min(end[0], until[0]) - since[0]
            if isinstance(what, list):
                found += what[low:high]
            else:
                is_last = end >= until
                found += self._cut(since, what, (low, high), is_last=is_last)
        return "".join(found)

    def _cut(self, since: Place, region: Region, ours: Place, *, is_last: bool) -> list[str]:
        """The base lines that stand for some lines of a region's ours."""
        base, lines = _lines(region.base), _lines(region.ours)
        begin = self._taken.get(since, 0)
        end = len(base) if is_last else _matching(base, lines, ours[1])
        end = max(begin, end)
        begin = max(begin, _matched_until(base, lines, ours[0]))
        self._taken[since] = max(begin, end)
        return base[begin:end]


def _overlap(one: tuple[Place, Place], other: tuple[Place, Place]) -> bool:
    return any(one[0][i] < other[1][i] and other[0][i] < one[1][i] for i in (0, 1))


def _matching(base: Sequence[str], lines: Sequence[str], position: int) -> int:
    """Where in the base the line at a position of the text is, or the next that the base has."""
    for block in SequenceMatcher(None, base, lines, autojunk=False).get_matching_blocks():
        if position < block.b + block.size:
            return block.a + max(position - block.b, 0)
    return len(base)


def _matched_until(base: Sequence[str], lines: Sequence[str], position: int) -> int:
    """Where the base goes on after what matches the text before a position."""
    until = 0
    for block in SequenceMatcher(None, base, lines, autojunk=False).get_matching_blocks():
        if block.size and block.b < position:
            until = block.a + min(block.size, position - block.b)
    return until
