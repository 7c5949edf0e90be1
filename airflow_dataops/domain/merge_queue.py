"""Kitchens that wait to be merged into the same parent, together.

Alone, each would have to be merged down and tested again after every other. In a queue they are
merged into one candidate; what they tested counts as far as the candidate is built from the same
files, and the rest is tested once.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow_dataops.domain.merge_gate import Gate

Waiting = TypeVar("Waiting")


class QueueState(StrEnum):
    """What became of a kitchen in the queue."""

    WAITING = "waiting"
    LANDED = "landed"
    SENT_BACK = "sent back"
    LEFT = "left"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueEntry:
    """A kitchen's place in its parent's queue.

    Attributes:
        kitchen: name of the kitchen.
        commit: that it joined with; another one has to join anew.
        detail: why it was sent back, or what it landed as.
    """

    id: str
    kitchen_id: str
    kitchen: str
    parent_id: str
    commit: str
    joined_by: str
    joined_at: datetime
    state: QueueState = QueueState.WAITING
    detail: str = ""
    ended_by: str | None = None
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """What would land, and what it lacks.

    Attributes:
        commit: of the kitchens merged one after the other; on no branch yet.
        kitchens: names of those that are in it.
    """

    base: str
    commit: str
    kitchens: tuple[str, ...]
    gate: Gate


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePass:
    """What one pass over a queue came to.

    Attributes:
        landed: in the order in which they were merged.
        sent_back: with their reasons.
        waiting: stay in the queue.
        candidate: lacks something that somebody can see to; None where nothing is left to do.
        commit: the parent's tip from now on.
    """

    commit: str
    landed: tuple[QueueEntry, ...] = ()
    sent_back: tuple[QueueEntry, ...] = ()
    waiting: tuple[QueueEntry, ...] = ()
    candidate: Candidate | None = None


def halves(batch: Sequence[Waiting]) -> tuple[tuple[Waiting, ...], tuple[Waiting, ...]]:
    """A batch split in two, the first half those who waited longer; at least two are needed."""
    middle = (len(batch) + 1) // 2
    return tuple(batch[:middle]), tuple(batch[middle:])
