"""Tests of rows, each by itself: how many rows break a rule, of those that it speaks about.

A null breaks no rule but ``not_null``: rows without a value are not looked at. Each function is a
method of tables. ``mostly`` is the least share of rows that keep the rule; ``row_condition`` is
SQL that says which rows it is about.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from airflow_dataops.domain.data_test_rules import Holds
from airflow_dataops.domain.data_tests import DataTest, Measure, RowOptions, RowRule, named, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_assets import File, Table

_MOST_SHOWN = 4
TYPES = {
    "integer": r"^\s*[+-]?[0-9]+\s*$",
    "number": r"^\s*[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)([eE][+-]?[0-9]+)?\s*$",
    "boolean": r"^\s*([tT](rue|RUE)?|[fF](alse|ALSE)?|[yY](es)?|[nN]o?|[01])\s*$",
    "date": r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$",
    "timestamp": (
        r"^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[ T]([01][0-9]|2[0-3])"
        r":[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?(Z|[+-][0-9]{2}(:?[0-9]{2})?)?$"
    ),
    "uuid": r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
}


def rows_test(table: Table | File, broken: RowRule, said: str, options: RowOptions) -> DataTest:
    """The test that rows keep a rule, from which all below are made."""
    mostly, only = options.get("mostly", 1.0), options.get("row_condition")
    if not 0 < mostly <= 1:
        message = f"mostly is {mostly}; it is a share of rows above 0, 1 at most"
        raise ValueError(message)
    has_value = None if broken.kind in ("null", "sql") else RowRule("not_null", broken.column)
    counts = (
        Measure(asset=table, aggregate="count", counted=has_value, only=only),
        Measure(asset=table, aggregate="count", counted=broken, only=only),
    )
    where = f" where {only}" if only else ""
    name = f"{said} of {table.title}{where}" + (f", mostly {number(mostly)}" if mostly < 1 else "")
    return DataTest(measures=counts, rule=Holds(mostly), **named(name, options))


def not_null(
    table: Table | File,
    column: str,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column has a value in every row."""
    rule = RowRule("null", column)
    return rows_test(table, rule, f"not_null({column})", options)


def in_set(
    table: Table | File,
    column: str,
    values: Sequence[object],
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column has no values but these."""
    rule = RowRule("outside_set", column, _some(values, "in_set"))
    return rows_test(table, rule, f"in_set({column}: {shown(values)})", options)


def in_range(
    table: Table | File,
    column: str,
    low: object = None,
    high: object = None,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column's numbers, dates or times lie between two bounds, both included."""
    if low is None and high is None:
        message = f"in_range({column!r}): give low, high or both"
        raise ValueError(message)
    said = f"in_range({column}: {'' if low is None else low}..{'' if high is None else high})"
    return rows_test(table, RowRule("outside_range", column, (low, high)), said, options)


def matches(
    table: Table | File,
    column: str,
    pattern: str,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a regular expression is found in a column's values; ``^…$`` spans all of one."""
    rule = RowRule("unlike", column, (pattern,))
    return rows_test(table, rule, f"matches({column}: {pattern})", options)


def length_between(
    table: Table | File,
    column: str,
    low: int | None = None,
    high: int | None = None,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column's texts have no fewer and no more characters than this."""
    if low is None and high is None:
        message = f"length_between({column!r}): give low, high or both"
        raise ValueError(message)
    said = f"length_between({column}: {low or 0}..{'' if high is None else high})"
    return rows_test(table, RowRule("length_outside", column, (low, high)), said, options)


def of_type(
    table: Table | File,
    column: str,
    type: str,  # noqa: A002 - the word that authors write
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column's texts can be read as ``integer``, ``number``, ``date`` …."""
    if type not in TYPES:
        message = f"type is {type!r}; use one of {', '.join(TYPES)}"
        raise ValueError(message)
    return rows_test(
        table, RowRule("unlike", column, (TYPES[type],)), f"of_type({column}: {type})", options
    )


def not_in_future(
    table: Table | File,
    column: str,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a column's dates or times are not later than now."""
    return rows_test(table, RowRule("in_future", column), f"not_in_future({column})", options)


def holds(
    table: Table | File,
    condition: str,
    **options: Unpack[RowOptions],
) -> DataTest:
    """Test that a SQL condition is true of every row; one that is null is not broken."""
    rule = RowRule("sql", None, (f"not ({condition}\n)",))
    return rows_test(table, rule, f"holds({condition})", options)


def shown(values: Sequence[object]) -> str:
    """A few values in a test's name."""
    first = ", ".join(map(str, values[:_MOST_SHOWN]))
    return first if len(values) <= _MOST_SHOWN else f"{first} … {len(values)} values"


def _some(values: Sequence[object], word: str) -> tuple[object, ...]:
    if isinstance(values, str) or not values:
        message = f"{word} takes a list of values with at least one in it, not {values!r}"
        raise ValueError(message)
    return tuple(values)
