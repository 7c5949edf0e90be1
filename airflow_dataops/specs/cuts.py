"""Cuts in a text: what stands where is replaced, all the rest stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


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


def cut(text: str, cuts: Iterable[Cut]) -> str:
    """A text with pieces replaced that do not overlap; those of one place in their order."""
    parts, at = [], 0
    for one in sorted(cuts, key=lambda one: one.start):
        parts += [text[at : one.start], one.text]
        at = one.end
    return "".join([*parts, text[at:]])
