"""A change that is made to a file on a kitchen's branch in a person's name."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Authorship:
    """Who changes a file, and what the commit says.

    Attributes:
        message: the first line says what, in the imperative.
    """

    author: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceChange:
    """What became of a change.

    Attributes:
        path: the file, on its branch.
        commit: the branch's tip from then on.
        is_new: whether a commit was made; the file may have said so before.
    """

    path: str
    commit: str
    is_new: bool
