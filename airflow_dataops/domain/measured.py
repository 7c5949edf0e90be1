"""What became of asking for a measure: a number, a number per group, nothing, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from airflow_dataops.errors import OutsideSystemError

Found = float | Mapping[str, float] | None


class Measured(NamedTuple):
    """An answer, and how long the statement took that also answered others.

    Attributes:
        found: None where there was nothing to measure.
        error: why it could not be measured.
    """

    found: Found = None
    error: OutsideSystemError | None = None
    seconds: float = 0.0
