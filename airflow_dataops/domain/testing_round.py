"""Testing a kitchen pipeline by pipeline: how each stands, and which may begin now."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

from airflow_dataops.domain.evidence import Standing

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


class Turn(StrEnum):
    """How a pipeline stands in a round of tests."""

    GREEN = "green"
    RED = "red"
    NO_EVIDENCE = "no evidence"
    RUNNING = "running"
    BEING_JUDGED = "being judged"
    READY = "ready"
    BEING_READ = "being read"
    WAITS = "waits"
    HELD_UP = "held up"

    @property
    def is_over(self) -> bool:
        """Whether nothing more comes of it by itself."""
        return self in {Turn.GREEN, Turn.RED, Turn.NO_EVIDENCE, Turn.HELD_UP}


_OF_STANDING = {
    Standing.GREEN: Turn.GREEN,
    Standing.RED: Turn.RED,
    Standing.VOID: Turn.NO_EVIDENCE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of a pipeline's runs of the commit that is tested.

    Attributes:
        standing: what its last run amounts to; None where none is over.
        is_running: whether a run is under way or waits.
        is_over: whether a run is over, judged or not.
        is_read: whether a run that begins now would run that commit.
    """

    standing: Standing | None = None
    is_running: bool = False
    is_over: bool = False
    is_read: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PipelineTurn:
    """A pipeline in a round; ``held_up_by`` are those before it that are not green."""

    pipeline: str
    turn: Turn
    held_up_by: tuple[str, ...] = field(default=())


def turns(
    waves: Iterable[Mapping[str, tuple[str, ...]]], known: Mapping[str, Known]
) -> list[PipelineTurn]:
    """How each pipeline stands, in the order in which they are to run.

    Args:
        waves: pipelines in groups, each with those that come first, as a ``TestPlan`` has them.
        known: by pipeline; one that is not in it was never run.
    """
    found: dict[str, PipelineTurn] = {}
    for wave in waves:
        for pipeline, after in wave.items():
            found[pipeline] = _turn(pipeline, after, known.get(pipeline, Known()), found)
    return list(found.values())


def _turn(
    pipeline: str, after: Iterable[str], known: Known, before: Mapping[str, PipelineTurn]
) -> PipelineTurn:
    if known.is_running:
        return PipelineTurn(pipeline=pipeline, turn=Turn.RUNNING)
    if known.standing is not None:
        return PipelineTurn(pipeline=pipeline, turn=_OF_STANDING[known.standing])
    if known.is_over:
        return PipelineTurn(pipeline=pipeline, turn=Turn.BEING_JUDGED)
    missing = [one for one in after if before[one].turn is not Turn.GREEN]
    bad = tuple(sorted(one for one in missing if before[one].turn.is_over))
    if bad:
        return PipelineTurn(pipeline=pipeline, turn=Turn.HELD_UP, held_up_by=bad)
    if missing:
        waiting = tuple(sorted(missing))
        return PipelineTurn(pipeline=pipeline, turn=Turn.WAITS, held_up_by=waiting)
    turn = Turn.READY if known.is_read else Turn.BEING_READ
    return PipelineTurn(pipeline=pipeline, turn=turn)
