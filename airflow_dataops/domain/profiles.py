"""What a table looks like at one moment: the facts that tests can be suggested from."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from airflow_dataops.domain.data_assets import Table

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_WHOLE = ("smallint", "integer", "bigint")
_TEXTS = ("text", "character", "character varying")
_MOMENTS = ("date", "timestamp without time zone", "timestamp with time zone")


class ColumnKind(StrEnum):
    """What can be asked of a column's values."""

    NUMBER = "number"
    TEXT = "text"
    MOMENT = "moment"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What is known of a column; None is not known.

    Attributes:
        type: as the warehouse says it.
        nulls: rows without a value.
        distinct: number of different values.
        low, high: smallest and largest number; of dates and times the seconds since 1970.
        shortest, longest: characters of the shortest and the longest text.
        blanks: texts that are empty or nothing but spaces, and nulls.
        counted: how often each value occurs, where there are few.
        unlike: texts that cannot be read as a type, by the type's name.
        missing_days: days without a row between the first and the last.
    """

    name: str
    type: str
    nulls: int
    distinct: int | None = None
    low: float | None = None
    high: float | None = None
    shortest: int | None = None
    longest: int | None = None
    blanks: int | None = None
    counted: Mapping[str, int] | None = None
    unlike: Mapping[str, int] = field(default_factory=dict)
    missing_days: int | None = None

    @property
    def kind(self) -> ColumnKind:
        """What can be asked of its values."""
        return kind_of(self.type)

    @property
    def is_whole(self) -> bool:
        """Whether it holds whole numbers."""
        return self.type in _WHOLE


@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """What a table's slice looks like.

    Attributes:
        at: when it was looked at.
        columns: in the table's order.
        keys: pairs of columns whose values together are different in each row.
    """

    table: Table
    at: datetime
    rows: int
    columns: tuple[ColumnProfile, ...]
    keys: tuple[tuple[str, str], ...] = ()


def kind_of(type_name: str) -> ColumnKind:
    """What can be asked of values of a warehouse's type, such as ``numeric(10,2)``."""
    bare = type_name.partition("(")[0].strip()
    if type_name.endswith(" time zone"):
        bare = f"timestamp {type_name.rpartition(')')[2].strip()}" if "(" in type_name else bare
    if bare in _NUMBERS:
        return ColumnKind.NUMBER
    if bare in _TEXTS:
        return ColumnKind.TEXT
    return ColumnKind.MOMENT if bare in _MOMENTS else ColumnKind.OTHER
