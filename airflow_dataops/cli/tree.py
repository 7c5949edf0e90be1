"""Draw the kitchens of each project as a tree, in the characters that the terminal has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Strokes:
    """What branches are drawn with; all of the same width."""

    fork: str
    end: str
    past: str
    nothing: str


DRAWN = Strokes(fork="├─ ", end="└─ ", past="│  ", nothing="   ")
TYPED = Strokes(fork="+- ", end="`- ", past="|  ", nothing="   ")


def strokes_for(encoding: str | None) -> Strokes:
    """Box drawing where the output can show it, else ASCII."""
    try:
        (DRAWN.fork + DRAWN.end + DRAWN.past).encode(encoding or "ascii")
    except (UnicodeError, LookupError):
        return TYPED
    return DRAWN


def in_tree(parents: Mapping[str, str | None], strokes: Strokes) -> Iterator[tuple[str, str]]:
    """Names with what is drawn before them, each parent before its children, all by name.

    Args:
        parents: name of each one's parent; one that is not among them starts a tree of its own.
        strokes: what to draw with.
    """
    children: dict[str | None, list[str]] = {}
    for name in sorted(parents):
        parent = parents[name]
        children.setdefault(parent if parent in parents else None, []).append(name)
    drawn: set[str] = set()
    roots = children.get(None, [])
    yield from _branches(roots, children, strokes, before="", drawn=drawn)
    # None could be missed but those that are each other's ancestors, which no server says.
    lost = [name for name in sorted(parents) if name not in drawn]
    yield from _branches(lost, {}, strokes, before="", drawn=drawn)


def _branches(
    names: Sequence[str],
    children: Mapping[str | None, Sequence[str]],
    strokes: Strokes,
    *,
    before: str,
    drawn: set[str],
) -> Iterator[tuple[str, str]]:
    for name, is_last in _with_last(names):
        drawn.add(name)
        yield before + (strokes.end if is_last else strokes.fork), name
        deeper = before + (strokes.nothing if is_last else strokes.past)
        yield from _branches(children.get(name, ()), children, strokes, before=deeper, drawn=drawn)


def _with_last(names: Iterable[str]) -> Iterator[tuple[str, bool]]:
    listed = list(names)
    for position, name in enumerate(listed):
        yield name, position == len(listed) - 1
