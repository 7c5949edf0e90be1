"""The gate of a merge up: what is asked, what is there, what is missing, what to do.

One value for everybody who shows it: previews, refusals, and the status of a commit. The gate
guards against what slips by; against somebody who writes tests that find nothing, it does not.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

_LONGEST_SUMMARY = 140


class Asked(StrEnum):
    """What a gate asks for."""

    MERGED_DOWN = "merged down"
    BUILDS = "builds"
    GREEN = "green on exactly this"
    ACKNOWLEDGED = "acknowledged"
    APPROVED = "approved"


# What landed untested can be put right by testing it; what does not build or is not what will
# run cannot be.
_CAN_BE_OVERRIDDEN = {Asked.GREEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class GateItem:
    """One thing that a gate asks for.

    Attributes:
        about: a pipeline's name, or what is taken away; empty for the merge as a whole.
        there: what is true.
        is_met: whether that is enough.
        is_red: it was tested and is not green; otherwise it was not tested yet.
        to_do: what would make it enough; empty where it is.
    """

    asked: Asked
    there: str
    is_met: bool
    about: str = ""
    to_do: str = ""
    is_red: bool = False

    @property
    def can_be_overridden(self) -> bool:
        """Whether somebody with the right to may do without, for a reason."""
        return not self.is_met and self.asked in _CAN_BE_OVERRIDDEN

    def __str__(self) -> str:
        said = f"{self.about}: {self.there}" if self.about else self.there
        return f"{said}; {self.to_do}" if self.to_do else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """All that a gate asks for of one merge.

    Attributes:
        items: in the order in which they are to be done.
        overridden_by: who does without evidence; None where nobody does.
    """

    items: tuple[GateItem, ...] = ()
    overridden_by: str | None = None

    @property
    def overridden(self) -> tuple[GateItem, ...]:
        """What is not there and is done without."""
        if self.overridden_by is None:
            return ()
        return tuple(item for item in self.items if item.can_be_overridden)

    @property
    def missing(self) -> tuple[GateItem, ...]:
        """What keeps it shut."""
        done_without = self.overridden
        return tuple(item for item in self.items if not item.is_met and item not in done_without)

    @property
    def is_open(self) -> bool:
        """Whether the merge may land."""
        return not self.missing

    @property
    def untested(self) -> tuple[str, ...]:
        """Pipelines that are not green on exactly what would run."""
        return tuple(
            item.about for item in self.items if item.asked is Asked.GREEN and not item.is_met
        )

    @property
    def summary(self) -> str:
        """The gate in one line of at most 140 characters, as for the status of a commit."""
        if self.missing:
            first, *more = self.missing
            tail = f" (and {len(more)} more)" if more else ""
            return _cut(str(first), _LONGEST_SUMMARY - len(tail)) + tail
        green = [item for item in self.items if item.asked is Asked.GREEN]
        if self.overridden:
            return _cut(
                f"overridden by {self.overridden_by}: {len(self.overridden)} not green",
                _LONGEST_SUMMARY,
            )
        if not green:
            return "no pipeline is changed"
        return f"{len(green)} changed pipeline{'s' * (len(green) > 1)} green on exactly this"


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1]}…"
