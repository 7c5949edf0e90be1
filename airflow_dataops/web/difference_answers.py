"""How a merge changes a file, as JSON."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.file_difference import LineKind

if TYPE_CHECKING:
    from airflow_dataops.domain.file_difference import FileDifference


@dataclass(frozen=True, kw_only=True)
class LineAnswer:
    """A line; ``before`` and ``after`` are its numbers in the file as it is and as it would be."""

    kind: LineKind
    text: str
    before: int | None
    after: int | None


@dataclass(frozen=True, kw_only=True)
class DifferenceAnswer:
    """Changed lines with those around them; ``is_cut`` where there are more than are told."""

    path: str
    is_text: bool
    is_cut: bool
    lines: list[LineAnswer]


def difference_answer(found: FileDifference) -> DifferenceAnswer:
    """How a merge changes a file."""
    return DifferenceAnswer(
        path=found.path,
        is_text=found.is_text,
        is_cut=found.is_cut,
        lines=[
            LineAnswer(kind=one.kind, text=one.text, before=one.before, after=one.after)
            for one in found.lines
        ],
    )
