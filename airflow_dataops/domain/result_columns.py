"""What a query's result is made of, whatever file it is written to."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class Kind(StrEnum):
    """What the values of a column are; each may be None as well.

    ``FLOAT`` also stands for decimals whose digits nobody limited. ``MOMENT`` has a time zone,
    ``TIMESTAMP`` has none. What is none of these is ``TEXT``.
    """

    BOOLEAN = "boolean"
    INTEGER = "integer"
    FLOAT = "float"
    DECIMAL = "decimal"
    DATE = "date"
    TIME = "time"
    TIMESTAMP = "timestamp"
    MOMENT = "moment"
    BYTES = "bytes"
    TEXT = "text"


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultColumn:
    """One column of a result.

    Attributes:
        precision, scale: of a decimal: digits in all, and behind the point.
    """

    name: str
    kind: Kind
    precision: int = 0
    scale: int = 0


class Rows(Protocol):
    """A query's result while it is read."""

    columns: Sequence[ResultColumn]

    def batches(self) -> Iterator[Sequence[tuple[object, ...]]]:
        """The rows in order, some thousands at a time; can be read once."""
