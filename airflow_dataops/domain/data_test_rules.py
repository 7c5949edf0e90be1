"""What must hold of the numbers that a data test measures; how it is judged stands in ``judging``.

Named tuples, since each parse makes these classes anew.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping


class Between(NamedTuple):
    """One number, or each group's, lies between two bounds, both included; None is no bound."""

    low: float | None
    high: float | None


class ControlLimits(NamedTuple):
    """One number, or each group's, is what its history lets expect.

    Attributes:
        chart: ``individuals`` or ``ewma``.
        false_alarms: the budget, such as ``1 per 200 runs``.
        holidays: dates as ``2026-12-25``; days of a kind of their own, whatever weekday.
    """

    chart: str
    false_alarms: str
    holidays: tuple[str, ...] = ()


class Change(NamedTuple):
    """One number, or each group's, compared with the run before: ``-0.1`` is a tenth less."""

    low: float | None
    high: float | None


class Equals(NamedTuple):
    """Numbers in pairs: the first of each differs from the second by no more than this.

    Attributes:
        tolerance: in the unit of the numbers.
        share: of the second number; the larger of the two allowances counts.
    """

    tolerance: float
    share: float


class Holds(NamedTuple):
    """Of two numbers, rows looked at and rows that break the rule: enough rows keep it.

    Attributes:
        mostly: least share of rows that keep it.
    """

    mostly: float


class NoRows(NamedTuple):
    """One number: rows that a query finds, of which there must be none."""


class Shift(NamedTuple):
    """Numbers that describe a distribution have not moved far.

    Attributes:
        statistic: how far is computed: ``mean``, ``quantile``, ``standard_deviation``,
            ``proportion``, ``js``, ``kl``.
        at_most: in the unit of that statistic.
        is_paired: the second half of the numbers is what the first is compared with; else it is
            compared with earlier runs.
    """

    statistic: str
    at_most: float
    is_paired: bool


class SameColumns(NamedTuple):
    """A table's columns and their types are those that were declared, or those of the last run.

    Attributes:
        columns: name to type; None compares with the last run.
        more_allowed: columns beyond those do not matter.
    """

    columns: tuple[tuple[str, str | None], ...] | None
    more_allowed: bool


class External(NamedTuple):
    """An expectation that SQL cannot say: Great Expectations judges it.

    Attributes:
        expectation: its name.
        arguments: what else it is given.
    """

    expectation: str
    arguments: Mapping[str, object]

    def __hash__(self) -> int:
        return hash((self.expectation, repr(self.arguments)))


Rule = Between | ControlLimits | Change | Equals | Holds | NoRows | Shift | SameColumns | External
