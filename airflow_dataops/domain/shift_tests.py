"""Tests that a distribution has not moved: against another slice, or against earlier runs.

Each function is a method of tables. ``against`` is the slice or table to compare with, in any
tool; left out, the baseline is what earlier runs of the same test measured.

Sources: J. Cohen, *Statistical Power Analysis for the Behavioral Sciences* (1988), for d and h
(0.2 small, 0.5 medium, 0.8 large); J. Lin, IEEE Trans. Information Theory 37 (1991), for the
Jensen-Shannon divergence, here in bits, so that it lies between 0 and 1.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from airflow_dataops.domain import measure_words
from airflow_dataops.domain.data_test_rules import Shift
from airflow_dataops.domain.data_tests import DataTest, Measure, TestOptions, named, number

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from airflow_dataops.domain.data_assets import File, Table

DIVERGENCES = ("js", "kl")


def mean_shift(
    table: Table | File,
    column: str,
    at_most: float = 0.5,
    *,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that the mean has moved by no more standard deviations than this (Cohen's d)."""

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return measure_words.mean(of, column), measure_words.standard_deviation(of, column)

    rule = Shift("mean", at_most, is_paired=against is not None)
    return _shift(table, numbers, rule, f"mean_shift({column})", against, options)


def median_shift(
    table: Table | File,
    column: str,
    at_most: float = 0.2,
    *,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that the median has moved by no more than this share of itself."""

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return (measure_words.median(of, column),)

    rule = Shift("quantile", at_most, is_paired=against is not None)
    return _shift(table, numbers, rule, f"median_shift({column})", against, options)


def quantile_shift(
    table: Table | File,
    column: str,
    share: float,
    at_most: float = 0.2,
    *,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that a quantile, such as 0.9, has moved by no more than this share of itself."""

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return (measure_words.quantile(of, column, share),)

    rule = Shift("quantile", at_most, is_paired=against is not None)
    said = f"quantile_shift({column}, {number(share)})"
    return _shift(table, numbers, rule, said, against, options)


def standard_deviation_shift(
    table: Table | File,
    column: str,
    at_most: float = 0.5,
    *,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that the standard deviation has moved by no more than this share of itself."""

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return (measure_words.standard_deviation(of, column),)

    rule = Shift("standard_deviation", at_most, is_paired=against is not None)
    said = f"standard_deviation_shift({column})"
    return _shift(table, numbers, rule, said, against, options)


def proportion_shift(
    table: Table | File,
    condition: str,
    at_most: float = 0.2,
    *,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that the share of rows for which a SQL condition is true has not moved (Cohen's h)."""

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return (measure_words.share_where(of, condition),)

    rule = Shift("proportion", at_most, is_paired=against is not None)
    said = f"proportion_shift({condition})"
    return _shift(table, numbers, rule, said, against, options)


def distribution_shift(
    table: Table | File,
    column: str,
    at_most: float = 0.1,
    *,
    divergence: str = "js",
    bins: Sequence[float] | None = None,
    against: Table | File | None = None,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that values are spread as before: Jensen-Shannon or Kullback-Leibler, in bits.

    Args:
        table: the slice that is tested.
        column: its values are counted, nulls as a value of their own.
        at_most: divergence that is allowed, in bits.
        divergence: ``js``, or ``kl`` from the baseline to the present.
        bins: edges between classes of numbers; needed where a column has many values.
        against: what it is compared with; by default earlier runs.
        options: its name, and what a violation means.
    """
    if divergence not in DIVERGENCES:
        message = f"divergence is {divergence!r}; use one of {', '.join(DIVERGENCES)}"
        raise ValueError(message)
    edges = tuple(float(edge) for edge in bins or ())

    def numbers(of: Table | File) -> tuple[Measure, ...]:
        return (Measure(asset=of, aggregate="histogram", column=column, arguments=edges),)

    rule = Shift(divergence, at_most, is_paired=against is not None)
    said = f"distribution_shift({column})"
    return _shift(table, numbers, rule, said, against, options)


def _shift(
    table: Table | File,
    numbers: Callable[[Table | File], tuple[Measure, ...]],
    rule: Shift,
    said: str,
    against: Table | File | None,
    options: TestOptions,
) -> DataTest:
    compared = () if against is None else numbers(against)
    name = f"{said} of {table.title} at most {number(rule.at_most)}"
    return DataTest(measures=numbers(table) + compared, rule=rule, **named(name, options))
