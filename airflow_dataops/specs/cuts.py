"""Cuts in a text: what stands where is replaced, all the rest stays as it is."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


@dataclass(frozen=True, slots=True, kw_only=True)
class Cut:
    """A piece of a text, and what comes in its place; an empty piece is a place to insert."""

    start: int
    end: int
    text: str


class Unreadable(ValueError):
    """A text does not say a thing in a way that a program can change.

    Attributes:
        line: counted from 1; None where the whole text is meant.
    """

    def __init__(self, message: str, *, line: int | None = None) -> None:
        super().__init__(message)
        self.line = line


@contextmanager
def only_this_changed() -> Iterator[None]:
    """While a result is held against what was there before: whatever is wrong with it is ours."""
    try:
        yield
    except Unreadable as error:
        message = "no way was found to change it that leaves all else as it is"
        raise Unreadable(message) from error


def cut(text: str, cuts: Iterable[Cut]) -> str:
    """A text with pieces replaced that do not overlap.

    What is inserted at one place stays in its order, before what is replaced from there on.
    """
    parts, at = [], 0
    for one in sorted(cuts, key=lambda one: (one.start, one.end)):
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])
