"""Data tests: what is measured, what must hold, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.domain.data_assets import File, Table

Aggregate = Literal[
    "row_count", "null_count", "distinct_count", "sum", "mean", "minimum", "maximum", "size_bytes"
]
ON_VIOLATION = ("log", "warn", "fail")


class Outcome(StrEnum):
    """What a data test says. ``LEARNING`` waits for history; ``ERROR`` could not be measured."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"
    LEARNING = "learning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number taken from a table's slice or a file."""

    asset: Table | File
    aggregate: Aggregate
    column: str | None = None

    def between(
        self, low: float, high: float, *, name: str | None = None, on_violation: str = "fail"
    ) -> Between:
        """Test that the number lies between two bounds, both included."""
        return Between(
            measure=self,
            low=low,
            high=high,
            name=name or f"{self} between {number(low)} and {number(high)}",
            on_violation=on_violation,
        )

    def rendered(self, render: Callable[[str], str]) -> Measure:
        """The same measure with the templates in its texts rendered."""
        column = self.column and render(self.column)
        return replace(self, asset=self.asset.rendered(render), column=column)

    def __str__(self) -> str:
        column = f"({self.column})" if self.column else ""
        return f"{self.aggregate}{column} of {self.asset.title}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Between:
    """A measure lies between two bounds, both included."""

    measure: Measure
    low: float
    high: float
    name: str
    on_violation: str = "fail"

    def __post_init__(self) -> None:
        _check_on_violation(self.on_violation)
        if self.low > self.high:
            message = f"between({self.low}, {self.high}): the lower bound is above the upper one"
            raise ValueError(message)

    def rendered(self, render: Callable[[str], str]) -> Between:
        """The same test with its templates rendered; not its name, which keys the history."""
        return replace(self, measure=self.measure.rendered(render))

    def judge(self, measured: float | None) -> Verdict:
        """The verdict on a measured number; None (nothing to measure) is an error, not a pass."""
        if measured is None:
            return Verdict(
                test=self.name, outcome=Outcome.ERROR, measured=None, detail="nothing to measure"
            )
        holds = self.low <= measured <= self.high
        return Verdict(
            test=self.name,
            outcome=Outcome.PASS if holds else _violated(self.on_violation),
            measured=measured,
            detail=f"allowed {number(self.low)} to {number(self.high)}",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A query that must find no row."""

    asset: Table
    sql: str
    name: str
    on_violation: str = "fail"

    def __post_init__(self) -> None:
        _check_on_violation(self.on_violation)

    def rendered(self, render: Callable[[str], str]) -> Check:
        """The same test with its templates rendered; not its name, which keys the history."""
        return replace(self, asset=self.asset.rendered(render), sql=render(self.sql))

    def judge(self, rows_found: int) -> Verdict:
        """The verdict on the number of rows that break the rule."""
        return Verdict(
            test=self.name,
            outcome=Outcome.PASS if rows_found == 0 else _violated(self.on_violation),
            measured=rows_found,
            detail="rows that break it: " + (str(rows_found) if rows_found else "none"),
        )


DataTest = Between | Check


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of one data test, with the number it was judged by."""

    test: str
    outcome: Outcome
    measured: float | None
    detail: str


def stops_the_line(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that keep the next stage from starting: failures and errors."""
    return [v for v in verdicts if v.outcome in {Outcome.FAIL, Outcome.ERROR}]


def may_differ_when_tried_again(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing but errors stops the line: data that failed fails again, an outage ends."""
    return all(v.outcome is Outcome.ERROR for v in stops_the_line(verdicts))


def number(value: float) -> str:
    """A measured number or a bound as a person writes it: ``9000000000``, not ``9e+09``."""
    return f"{value:.15g}"


def _violated(on_violation: str) -> Outcome:
    # "log" states the number and goes on: a pass whose detail shows the bound that was crossed.
    return {"fail": Outcome.FAIL, "warn": Outcome.WARN, "log": Outcome.PASS}[on_violation]


def _check_on_violation(on_violation: str) -> None:
    if on_violation not in ON_VIOLATION:
        message = f"on_violation is {on_violation!r}; use one of {', '.join(ON_VIOLATION)}"
        raise ValueError(message)
