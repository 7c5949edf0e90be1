"""A long list, some of it at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Query

PageNumber = Annotated[int, Query(ge=1, le=100_000)]
Words = Annotated[str, Query(max_length=200)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paging:
    """Which part of a list is shown.

    Attributes:
        number: of the page, from 1 on.
    """

    number: int
    size: int
    total: int

    @property
    def first(self) -> int:
        """How many come before."""
        return (self.number - 1) * self.size

    @property
    def last(self) -> int:
        """Number of the last one that is shown."""
        return min(self.first + self.size, self.total)

    @property
    def pages(self) -> int:
        """How many pages there are, at least one."""
        return max(1, -(-self.total // self.size))
