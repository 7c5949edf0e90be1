"""Data tests: what is measured, what must hold, and the verdict.

All are values: a test is a rule about the numbers of a few measures. Every kind of test in
``row_tests``, ``table_tests``, ``shift_tests`` and ``expectations`` is made of these, so that
the measures of all tests of a stage can be taken together.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, TypedDict, Unpack

from airflow_dataops.domain.data_test_rules import Between, Change, ControlLimits, Equals, External

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.data_assets import File, Table
    from airflow_dataops.domain.data_test_rules import Rule

ON_VIOLATION = ("log", "warn", "fail")
CHARTS = ("individuals", "ewma")
FALSE_ALARMS = "1 per 200 runs"
MOST_GROUPS = 1000
_NUMBERS = (int, float, Decimal)
SAMPLE_ROWS, MOST_SAMPLE_ROWS = 3, 10
# Measures whose numbers, or groups' names, are values of the column.
_SHOW_VALUES = frozenset({"minimum", "maximum", "quantile", "histogram"})


class Outcome(StrEnum):
    """What a data test says. ``LEARNING`` waits for history; ``ERROR`` could not be measured."""

    PASS = "pass"  # noqa: S105 - a verdict
    WARN = "warn"
    FAIL = "fail"
    LEARNING = "learning"
    ERROR = "error"


class TestOptions(TypedDict, total=False):
    """What every kind of test takes.

    Attributes:
        name: what holds, as a person would say it; the history goes by it.
        on_violation: ``log``, ``warn`` or ``fail``, which is the default.
    """

    name: str | None
    on_violation: str


class RowOptions(TestOptions, total=False):
    """What tests of rows take, besides.

    Attributes:
        mostly: least share of the rows looked at that keep the rule; 1 by default.
        row_condition: SQL; rows for which it is not true are not looked at.
    """

    mostly: float
    row_condition: str | None


class Named(TypedDict):
    """A test's name and what a violation of it means."""

    name: str
    on_violation: str


def named(default: str, options: TestOptions) -> Named:
    """The name that was given, else the default; and what a violation means."""
    on_violation = options.get("on_violation", "fail")
    return {"name": options.get("name") or default, "on_violation": on_violation}


class RowRule(NamedTuple):
    """Which rows are counted, said without SQL.

    Attributes:
        kind: ``null``, ``outside_set``, ``unlike`` …; the adapters know what each means.
        column: what it looks at; None where the arguments say all.
        arguments: what it compares with.
    """

    kind: str
    column: str | None = None
    arguments: tuple[object, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One number taken from a table's slice or a file, or one per group.

    Attributes:
        aggregate: ``count``, ``sum``, ``quantile`` …; the adapters know what each means.
        arguments: of the aggregate.
        counted: the rows that count; None for all.
        only: SQL condition on rows, besides the slice's.
        by: column; one number for each of its values, ``MOST_GROUPS`` at most.
        word: how the author said it, for names.
    """

    asset: Table | File
    aggregate: str
    column: str | None = None
    arguments: tuple[object, ...] = ()
    counted: RowRule | None = None
    only: str | None = None
    by: str | None = None
    word: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        masked = getattr(self.asset, "masked", ())
        if masked and self.by in masked:
            message = (
                f"{self}: {self.by} is masked, and each group's name would be one of its values;"
                " group by another column"
            )
            raise ValueError(message)
        if masked and self.column in masked and self.aggregate in _SHOW_VALUES:
            message = (
                f"{self}: {self.column} is masked, and this measure shows values of it; say what"
                " must hold of its rows, for example in_range"
            )
            raise ValueError(message)

    def between(self, low: float, high: float, **options: Unpack[TestOptions]) -> DataTest:
        """Test that the number lies between two bounds, both included."""
        _check_numbers("between", low, high)
        if low > high:
            message = f"between({low}, {high}): the lower bound is above the upper one"
            raise ValueError(message)
        said = f"between {number(low)} and {number(high)}"
        return self._test(Between(low, high), said, options)

    def at_least(self, low: float, **options: Unpack[TestOptions]) -> DataTest:
        """Test that the number is this or more."""
        _check_numbers("at_least", low)
        return self._test(Between(low, None), f"at least {number(low)}", options)

    def at_most(self, high: float, **options: Unpack[TestOptions]) -> DataTest:
        """Test that the number is this or less."""
        _check_numbers("at_most", high)
        return self._test(Between(None, high), f"at most {number(high)}", options)

    def within_control_limits(
        self,
        chart: str = "individuals",
        false_alarms: str = FALSE_ALARMS,
        holidays: Sequence[str] = (),
        **options: Unpack[TestOptions],
    ) -> DataTest:
        """Test that the number is what its history lets expect; ``learning`` while that is short.

        Args:
            chart: ``individuals``, or ``ewma`` for small shifts that last.
            false_alarms: how often the chart may cry wolf.
            holidays: dates such as ``2026-12-25``: days of a kind of their own, as Mondays are.
            options: its name, and what a violation means.
        """
        if chart not in CHARTS:
            message = f"chart is {chart!r}; use one of {', '.join(CHARTS)}"
            raise ValueError(message)
        said = "within control limits" + (f" ({chart})" if chart != CHARTS[0] else "")
        return self._test(ControlLimits(chart, false_alarms, _dates(holidays)), said, options)

    def no_drop(self, tolerance: float = 0.0, **options: Unpack[TestOptions]) -> DataTest:
        """Test that the number has not fallen since the run before.

        Args:
            tolerance: share of the earlier number by which it may fall: 0.1 is a tenth.
            options: its name, and what a violation means.
        """
        _check_numbers("no_drop", tolerance, least=0)
        return self._test(Change(-tolerance, None), "does not drop", options)

    def changes_at_most(self, share: float, **options: Unpack[TestOptions]) -> DataTest:
        """Test that the number has changed little since the run before: 0.2 is a fifth."""
        _check_numbers("changes_at_most", share, least=0)
        said = f"changes by at most {number(share)}"
        return self._test(Change(-share, share), said, options)

    def equals(
        self,
        other: Measure,
        tolerance: float = 0.0,
        share: float = 0.0,
        **options: Unpack[TestOptions],
    ) -> DataTest:
        """Test that two numbers agree, of one table or of two, of one tool or of two.

        Args:
            other: what it must equal.
            tolerance: by how much the two may differ.
            share: the same, as a share of the other number.
            options: its name, and what a violation means.
        """
        _check_numbers("equals", tolerance, share, least=0)
        return DataTest(
            measures=(self, other),
            rule=Equals(tolerance, share),
            **named(f"{self} equals {other}", options),
        )

    def rendered(self, render: Callable[[str], str]) -> Measure:
        """The same measure with the templates in its texts rendered."""
        return replace(
            self,
            asset=self.asset.rendered(render),
            column=self.column and render(self.column),
            arguments=tuple(_rendered(each, render) for each in self.arguments),
            counted=self.counted and _rendered_rule(self.counted, render),
            only=self.only and render(self.only),
        )

    def _test(self, rule: Rule, said: str, options: TestOptions) -> DataTest:
        return DataTest(measures=(self,), rule=rule, **named(f"{self} {said}", options))

    def __str__(self) -> str:
        column = f"({self.column})" if self.column else ""
        by = f" by {self.by}" if self.by else ""
        return f"{self.word or self.aggregate + column} of {self.asset.title}{by}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DataTest:
    """A rule about what some measures find.

    Attributes:
        name: what holds, as a person would say it; the history goes by it.
        measures: in the order in which the rule takes them; the first is of the asset tested.
        rule: what must hold.
        on_violation: ``log``, ``warn`` or ``fail``.
        sample: so many of the rows that break it are shown, where its rule finds rows.
    """

    name: str
    measures: tuple[Measure, ...]
    rule: Rule
    on_violation: str = "fail"
    sample: int = 0

    def __post_init__(self) -> None:
        if self.on_violation not in ON_VIOLATION:
            message = f"on_violation is {self.on_violation!r}; use one of {', '.join(ON_VIOLATION)}"
            raise ValueError(message)

    @property
    def asset(self) -> Table | File:
        """The table or file that is tested."""
        return self.measures[0].asset

    def rendered(self, render: Callable[[str], str]) -> DataTest:
        """The same test with its templates rendered; not its name, which keys the history."""
        rule = self.rule
        if isinstance(rule, External):
            said = {key: _rendered(value, render) for key, value in rule.arguments.items()}
            rule = External(rule.expectation, said)
        measures = tuple(measure.rendered(render) for measure in self.measures)
        return replace(self, measures=measures, rule=rule)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Outcome of one data test, with the number it was judged by.

    Attributes:
        holds: whether the rule held, whatever a violation means; None where it could not say.
        low, high: what was allowed; None where there is no such bound.
        rule: which rule judged, in words.
        model: what a chart took for granted; empty without one.
        baseline: what the number was compared with, in words.
        numbers: all that was measured, in the measures' order; a later run compares with them.
        seconds: how long the statements took that measured it, shared with other tests.
        sample: rows that break it, without the values of masked columns; for logs and results,
            never for messages.
        sampled: the share of the data that was there to be measured.
    """

    test: str
    outcome: Outcome
    measured: float | None
    detail: str
    holds: bool | None = None
    low: float | None = None
    high: float | None = None
    rule: str = ""
    model: str = ""
    baseline: str = ""
    numbers: tuple[float | Mapping[str, float] | None, ...] = ()
    seconds: float | None = None
    sample: tuple[str, ...] = ()
    sampled: float = 1.0

    @property
    def with_sample(self) -> str:
        """The detail, and the sample after it."""
        shown = " | ".join(self.sample)
        return f"{self.detail}; for example: {shown}" if shown else self.detail


def stops_the_line(verdicts: Sequence[Verdict]) -> list[Verdict]:
    """The verdicts that keep the next stage from starting: failures and errors."""
    return [v for v in verdicts if v.outcome in {Outcome.FAIL, Outcome.ERROR}]


def may_differ_when_tried_again(verdicts: Sequence[Verdict]) -> bool:
    """Whether nothing but errors stops the line: data that failed fails again, an outage ends."""
    return all(v.outcome is Outcome.ERROR for v in stops_the_line(verdicts))


def number(value: float) -> str:
    """A measured number or a bound as a person writes it: ``9000000000``, not ``9e+09``."""
    return f"{value:.15g}"


def _check_numbers(said: str, *values: object, least: float = -math.inf) -> None:
    """Raise ValueError for a bound that no number could be held against."""
    for value in values:
        if (
            not isinstance(value, (int, float, Decimal))
            or isinstance(value, bool)
            or math.isnan(value)
        ):
            message = f"{said}: {value!r} is no number"
            raise ValueError(message)
        if value < least:
            message = f"{said}: {value!r} is less than {least:g}, so that nothing could hold"
            raise ValueError(message)


def _dates(listed: Sequence[object]) -> tuple[str, ...]:
    """Dates as texts; YAML gives some of them as dates."""
    try:
        return tuple(date.fromisoformat(str(each)).isoformat() for each in listed)
    except ValueError:
        message = f"holidays are {listed!r}; write a list of dates such as 2026-12-25"
        raise ValueError(message) from None


def _rendered(value: object, render: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return render(value)
    if isinstance(value, (tuple, list)):
        return tuple(_rendered(each, render) for each in value)
    inner = getattr(value, "rendered", None)
    return inner(render) if inner is not None else value


def _rendered_rule(rule: RowRule, render: Callable[[str], str]) -> RowRule:
    arguments = tuple(_rendered(each, render) for each in rule.arguments)
    return rule._replace(column=rule.column and render(rule.column), arguments=arguments)
