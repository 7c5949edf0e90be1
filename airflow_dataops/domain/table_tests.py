"""Tests of a table as a whole: keys, references, order, completeness, columns.

Each function is a method of tables.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from airflow_dataops.domain import measure_words
from airflow_dataops.domain.data_test_rules import Between, Equals, Holds, NoRows, SameColumns
from airflow_dataops.domain.data_tests import (
    MOST_SAMPLE_ROWS,
    SAMPLE_ROWS,
    DataTest,
    Measure,
    RowRule,
    TestOptions,
    named,
)
from airflow_dataops.domain.row_tests import shown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from airflow_dataops.domain.data_assets import File, Table

UNITS = ("day", "week", "month")


def check(
    table: Table | File,
    sql: str,
    *,
    name: str,
    on_violation: str = "fail",
    sample: int = SAMPLE_ROWS,
) -> DataTest:
    """Test that a query finds nothing.

    Args:
        table: the slice that the query is about.
        sql: selects the rows that must not exist; ``{table}`` stands for this slice and can
            stand wherever a table's name can: ``from {table} as t``, ``{table}.sales``.
        name: what holds when the query finds nothing, as a person would say it.
        on_violation: ``log``, ``warn`` or ``fail``.
        sample: so many of the rows are shown in the log and the result, with the columns that
            the query selects; those that the table says are masked without their values.
    """
    if not 0 <= sample <= MOST_SAMPLE_ROWS:
        message = f"sample is {sample}; show 0 to {MOST_SAMPLE_ROWS} rows"
        raise ValueError(message)
    found = Measure(asset=table, aggregate="rows_found", arguments=(sql,), word="rows found")
    return DataTest(
        measures=(found,), rule=NoRows(), name=name, on_violation=on_violation, sample=sample
    )


def unique(
    table: Table | File,
    columns: str | Sequence[str],
    *,
    mostly: float = 1.0,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that no two rows have the same value of a column, or of several together."""
    duplicates = measure_words.duplicate_count(table, columns)
    listed = duplicates.arguments
    has_value = Measure(asset=table, aggregate="grouped_count", arguments=listed)
    said = f"unique({', '.join(map(str, listed))}) of {table.title}"
    return DataTest(
        measures=(has_value, duplicates),
        rule=Holds(mostly),
        **named(said, options),
    )


def no_duplicate_rows(table: Table | File, **options: Unpack[TestOptions]) -> DataTest:
    """Test that no two rows are the same in all columns."""
    return DataTest(
        measures=(
            measure_words.row_count(table),
            Measure(asset=table, aggregate="duplicate_rows"),
        ),
        rule=Holds(1.0),
        **named(f"no_duplicate_rows of {table.title}", options),
    )


def has_all(
    table: Table | File,
    column: str,
    values: Sequence[object],
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that each of these values occurs in a column."""
    if isinstance(values, str) or not values:
        message = f"has_all takes a list of values with at least one in it, not {values!r}"
        raise ValueError(message)
    missing = Measure(
        asset=table, aggregate="missing_values", column=column, arguments=tuple(values)
    )
    return DataTest(
        measures=(missing,),
        rule=Between(0, 0),
        **named(f"has_all({column}: {shown(values)}) of {table.title}", options),
    )


def references(
    table: Table | File,
    column: str,
    other: Table | File,
    other_column: str | None = None,
    *,
    mostly: float = 1.0,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that each value of a column is found in another table of the same tool.

    Args:
        table: whose rows refer to the other's.
        column: nulls refer to nothing and are not looked at.
        other: where the values must be found.
        other_column: its column; by default one of the same name.
        mostly: least share of rows that refer to something.
        options: its name, and what a violation means.
    """
    if (type(other), other.tool) != (type(table), table.tool):
        message = (
            f"{table.title} lies in {table.tool} and {other.title} in {other.tool}; references"
            " joins them, so they must be two tables or two files of one tool; compare sums with"
            " equals or reconcile"
        )
        raise ValueError(message)
    unmatched = Measure(
        asset=table, aggregate="unmatched", column=column, arguments=(other, other_column or column)
    )
    counted = Measure(asset=table, aggregate="count", counted=RowRule("not_null", column))
    return DataTest(
        measures=(counted, unmatched),
        rule=Holds(mostly),
        **named(f"references({column} in {other.title}) of {table.title}", options),
    )


def monotone(
    table: Table | File,
    column: str,
    order_by: str,
    *,
    falls: bool = False,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that a column never falls (``falls``: never rises) in the order of another."""
    disorder = Measure(
        asset=table, aggregate="out_of_order", column=column, arguments=(order_by, falls)
    )
    counted = Measure(asset=table, aggregate="count", counted=RowRule("not_null", column))
    return DataTest(
        measures=(counted, disorder),
        rule=Holds(1.0),
        **named(f"monotone({column} by {order_by}) of {table.title}", options),
    )


def no_missing(
    table: Table | File,
    unit: str,
    column: str,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that no ``day``, ``week`` or ``month`` lacks rows between a column's first and last."""
    if unit not in UNITS:
        message = f"no_missing {unit!r}; use one of {', '.join(UNITS)}"
        raise ValueError(message)
    missing = Measure(asset=table, aggregate="missing_periods", column=column, arguments=(unit,))
    return DataTest(
        measures=(missing,),
        rule=Between(0, 0),
        **named(f"no_missing({unit} in {column}) of {table.title}", options),
    )


def fresh(
    table: Table | File,
    column: str,
    within_hours: float,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that the latest date or time in a column is not older than this."""
    said = f"fresh({column} within {within_hours:g} hours) of {table.title}"
    age = measure_words.age_hours(table, column)
    return age.at_most(within_hours, **named(said, options))


def no_gap(
    table: Table | File,
    column: str,
    hours: float,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that a date or time in a column follows the one before within this time."""
    said = f"no_gap({column} above {hours:g} hours) of {table.title}"
    gap = measure_words.longest_gap_hours(table, column)
    return gap.at_most(hours, **named(said, options))


def same_columns(
    table: Table | File,
    columns: Mapping[str, str] | None = None,
    *,
    more_allowed: bool = False,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that columns and their types are these; by default those of the run before.

    Args:
        table: whose columns they are.
        columns: name to type as the warehouse says it, ``{household_id: integer}``.
        more_allowed: columns beyond those do not matter.
        options: its name, and what a violation means.
    """
    declared = None if columns is None else tuple(columns.items())
    return DataTest(
        measures=(Measure(asset=table, aggregate="columns"),),
        rule=SameColumns(declared, more_allowed),
        **named(f"same_columns of {table.title}", options),
    )


def reconcile(
    table: Table | File,
    source: Table | File,
    sums: Sequence[str] = (),
    *,
    tolerance: float = 0.0,
    share: float = 0.0,
    **options: Unpack[TestOptions],
) -> DataTest:
    """Test that a table has what its source has, in the same tool or in another.

    Args:
        table: the target.
        source: where its rows come from.
        sums: columns of both whose sums must agree, besides the number of rows.
        tolerance: by how much each pair may differ.
        share: the same, as a share of the source's number.
        options: its name, and what a violation means.
    """
    pairs = [(measure_words.row_count(table), measure_words.row_count(source))]
    pairs += [(measure_words.sum_(table, c), measure_words.sum_(source, c)) for c in sums]
    return DataTest(
        measures=tuple(measure for pair in pairs for measure in pair),
        rule=Equals(tolerance, share),
        **named(f"reconcile {table.title} with {source.title}", options),
    )


def columns_exist(table: Table | File, columns: Sequence[str]) -> DataTest:
    """Test that a table has these columns, of whatever type."""
    return DataTest(
        measures=(Measure(asset=table, aggregate="columns"),),
        rule=SameColumns(tuple((column, None) for column in columns), more_allowed=True),
        name=f"columns_exist({', '.join(columns)}) of {table.title}",
    )
