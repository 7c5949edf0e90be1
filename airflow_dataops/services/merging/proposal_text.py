"""What a pull request says: a merge's preview, in Markdown.

Names and sentences come from people's branches: none of them can mention anybody, close a ticket
or end the place that it stands in.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from airflow_dataops.domain.merge_draft import path_as_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from airflow_dataops.services.merging.request import MergeReport, MergeRequest

_MOST_LINES = 200
# GitHub takes 65,536.
_LONGEST = 60_000
_LONGEST_LINE = 1_000
_TICKS = re.compile("`+")


def title_of(asked: MergeRequest) -> str:
    """The merge in a few words."""
    return f"Merge {asked.other.name} into {asked.kitchen.name}"


def text_of(asked: MergeRequest, report: MergeReport) -> str:
    """The preview, with what is missing first."""
    preview, gate = report.preview, report.gate
    kitchens = f"{_code(asked.other.name)} into {_code(asked.kitchen.name)}"
    summary = "open" if gate.is_open else "shut"
    sections = [
        [f"{_code(asked.by.name)} proposes to merge kitchen {kitchens} ({preview.theirs[:12]})."],
        [f"> {_code(line)}" for line in (asked.reason or "").splitlines() if line.strip()],
        _listed(
            f"The gate is {summary}",
            (f"- [{'x' if one.is_met else ' '}] {one.asked}: {_code(one)}" for one in gate.items),
        ),
        _listed("What it means", (f"- {_code(one)}" for one in report.meaning)),
        _listed(
            f"{len(report.files)} files",
            (
                f"- {one.change} {_code(path_as_text(one.path))}"
                + (f", was {_code(path_as_text(one.before))}" if one.before is not None else "")
                for one in report.files
            ),
        ),
        ["Do not merge while `dataops/gate` is not green: it asks what the kitchens ask."],
    ]
    text = "\n\n".join("\n".join(lines) for lines in sections if lines)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}\n\n… and more."


def _listed(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    if not found:
        return []
    more = len(found) - _MOST_LINES
    kept = found[:_MOST_LINES]
    return [f"### {title}", "", *kept, *([f"- … and {more} more"] if more > 0 else [])]


def _code(text: object) -> str:
    """A text as it is, between more ticks than stand in it."""
    line = " ".join(str(text).split()) or " "
    line = line if len(line) <= _LONGEST_LINE else f"{line[:_LONGEST_LINE]}…"
    longest = max((len(found) for found in _TICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    space = " " if longest else ""
    return f"{fence}{space}{line}{space}{fence}"
