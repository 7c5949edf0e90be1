"""What the REST API answers about merges, as the command line reads it."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003 - pydantic reads annotations at run time

from pydantic import BaseModel, ConfigDict


class _Answer(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ConflictAnswer(_Answer):
    """A path in conflict."""

    path: str
    kind: str
    regions: int = 0


class FileAnswer(_Answer):
    """What a merge makes of a file."""

    path: str
    change: str
    before: str | None = None


class MeaningAnswer(_Answer):
    """What a merge does to a pipeline."""

    text: str
    takes_away: bool = False


class GateItemAnswer(_Answer):
    """One thing that a merge up takes."""

    asked: str
    about: str = ""
    there: str
    is_met: bool
    to_do: str = ""
    can_be_overridden: bool = False


class GateAnswer(_Answer):
    """What a merge up takes, and what of it is there."""

    is_open: bool = True
    summary: str = ""
    items: tuple[GateItemAnswer, ...] = ()


class PreviewAnswer(_Answer):
    """What a merge would come to."""

    kitchen: str
    merged: str
    direction: str
    ours: str
    theirs: str
    tree: str | None = None
    is_nothing_new: bool = False
    conflicts: tuple[ConflictAnswer, ...] = ()
    files: tuple[FileAnswer, ...] = ()
    meaning: tuple[MeaningAnswer, ...] = ()
    missing: tuple[str, ...] = ()
    gate: GateAnswer = GateAnswer()
    is_under_way: bool = False


class MergeAnswer(_Answer):
    """What became of a merge."""

    kitchen: str
    merged: str
    direction: str
    state: str
    ours: str
    theirs: str
    commit: str | None = None
    conflicts: tuple[ConflictAnswer, ...] = ()
    pull_request: str | None = None
    gate: str | None = None


class DecisionAnswer(_Answer):
    """What somebody decided."""

    choice: str
    text: str | None = None
    by: str
    at: datetime


class RegionAnswer(_Answer):
    """A region of a text in conflict."""

    number: int
    line: int
    base: str = ""
    ours: str = ""
    theirs: str = ""
    decided: DecisionAnswer | None = None


class OpenConflictAnswer(_Answer):
    """A path in conflict, with what is decided about it."""

    path: str
    kind: str
    said: tuple[str, ...] = ()
    decided: DecisionAnswer | None = None
    regions: tuple[RegionAnswer, ...] = ()


class OpenPlaceAnswer(_Answer):
    """Something that nobody has decided about."""

    path: str
    region: int | None = None


class DraftAnswer(_Answer):
    """A merge under way."""

    kitchen: str
    merged: str
    direction: str
    ours: str
    theirs: str
    moved: str | None = None
    opened_by: str
    opened_at: datetime
    pull_request: str | None = None
    conflicts: tuple[OpenConflictAnswer, ...] = ()
    open: tuple[OpenPlaceAnswer, ...] = ()
    taken_away: tuple[str, ...] = ()


class QueuedAnswer(_Answer):
    """A kitchen that waits to be merged, or waited."""

    kitchen: str
    commit: str
    joined_by: str
    state: str
    detail: str = ""


class CandidateAnswer(_Answer):
    """Kitchens merged with each other, and what they lack together."""

    commit: str
    kitchens: tuple[str, ...] = ()
    gate: GateAnswer = GateAnswer()
    untested: tuple[str, ...] = ()
    tested_in: str | None = None


class QueuePassAnswer(_Answer):
    """What a pass over a queue came to."""

    commit: str
    landed: tuple[QueuedAnswer, ...] = ()
    sent_back: tuple[QueuedAnswer, ...] = ()
    waiting: tuple[QueuedAnswer, ...] = ()
    candidate: CandidateAnswer | None = None
