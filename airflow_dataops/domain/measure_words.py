"""What of a table or file can be measured: the words that make measures.

Each function is a method of the assets that have it; ``by`` gives one number for each value of a
column, so that a bound holds of every store, or a chart is kept of each.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_dataops.domain.data_tests import Measure, RowRule, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow_dataops.domain.data_assets import File, Table

SECONDS_PER_HOUR = 3600


def row_count(asset: Table | File, *, by: str | None = None) -> Measure:
    """Number of rows in the slice, or of records in the file, its header not counted."""
    return Measure(asset=asset, aggregate="count", by=by, word="row_count")


def null_count(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Number of rows in the slice whose column is null."""
    return _counted(table, "null_count", RowRule("null", column), by=by)


def null_share(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Share of the slice's rows whose column is null, from 0 to 1."""
    return _counted(table, "null_share", RowRule("null", column), aggregate="share", by=by)


def blank_share(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Share of the slice's rows whose column is null, empty or nothing but spaces."""
    return _counted(table, "blank_share", RowRule("blank", column), aggregate="share", by=by)


def rows_where(table: Table | File, condition: str, *, by: str | None = None) -> Measure:
    """Number of rows in the slice for which a SQL condition is true."""
    rule = RowRule("sql", None, (condition,))
    return Measure(asset=table, aggregate="count", counted=rule, by=by, word=f"rows {condition}")


def share_where(table: Table | File, condition: str, *, by: str | None = None) -> Measure:
    """Share of the slice's rows for which a SQL condition is true, from 0 to 1."""
    rule = RowRule("sql", None, (condition,))
    return Measure(asset=table, aggregate="share", counted=rule, by=by, word=f"share {condition}")


def distinct_count(table: Table | File, column: str) -> Measure:
    """Number of different values of a column, nulls left out."""
    return _of_column(table, "distinct_count", column, arguments=(column,))


def duplicate_count(table: Table | File, columns: str | Sequence[str]) -> Measure:
    """Number of rows whose value, or values together, another row has too; nulls left out."""
    listed = (columns,) if isinstance(columns, str) else tuple(columns)
    word = f"duplicate_count({', '.join(listed)})"
    return Measure(asset=table, aggregate="duplicate_count", arguments=listed, word=word)


def sum_(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Sum of a column, nulls left out; a slice without rows has no sum."""
    return _of_column(table, "sum", column, by=by)


def mean(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Arithmetic mean of a column, nulls left out."""
    return _of_column(table, "mean", column, by=by)


def minimum(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Smallest value of a column."""
    return _of_column(table, "minimum", column, by=by)


def maximum(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Largest value of a column."""
    return _of_column(table, "maximum", column, by=by)


def standard_deviation(table: Table | File, column: str, *, by: str | None = None) -> Measure:
    """Standard deviation of a column's values, as of a sample; nulls left out."""
    return _of_column(table, "standard_deviation", column, by=by)


def median(table: Table | File, column: str) -> Measure:
    """The value that half of a column's values are not above."""
    return _of_column(table, "quantile", column, arguments=(0.5,), word=f"median({column})")


def quantile(table: Table | File, column: str, share: float) -> Measure:
    """The value that this share of a column's values is not above, such as 0.9."""
    if not 0 <= share <= 1:
        message = f"quantile({column!r}, {share}): the share lies between 0 and 1"
        raise ValueError(message)
    word = f"quantile({column}, {number(share)})"
    return _of_column(table, "quantile", column, arguments=(float(share),), word=word)


def aggregate(table: Table | File, sql: str, *, by: str | None = None) -> Measure:
    """Whatever SQL aggregate: ``aggregate("sum(sales) / count(distinct store)")``."""
    return Measure(asset=table, aggregate="sql", arguments=(sql,), by=by, word=sql)


def outlier_share(table: Table | File, column: str, deviations: float = 3.0) -> Measure:
    """Share of a column's values that lie more standard deviations than this from their mean."""
    word = f"outlier_share({column})"
    return _of_column(table, "outlier_share", column, arguments=(float(deviations),), word=word)


def age_hours(table: Table | File, column: str) -> Measure:
    """Hours since the latest date or time in a column."""
    return _of_column(table, "age_hours", column)


def longest_gap_hours(table: Table | File, column: str) -> Measure:
    """The longest time between a date or time in a column and the next one, in hours."""
    return _of_column(table, "longest_gap_hours", column)


def size_bytes(file: File) -> Measure:
    """Size of the file in bytes."""
    return Measure(asset=file, aggregate="size_bytes", word="size_bytes")


def _of_column(
    table: Table | File,
    aggregate: str,
    column: str,
    *,
    arguments: tuple[object, ...] = (),
    by: str | None = None,
    word: str = "",
) -> Measure:
    return Measure(
        asset=table,
        aggregate=aggregate,
        column=column,
        arguments=arguments,
        by=by,
        word=word or f"{aggregate}({column})",
    )


def _counted(
    table: Table | File,
    word: str,
    rule: RowRule,
    *,
    aggregate: str = "count",
    by: str | None = None,
) -> Measure:
    said = f"{word}({rule.column})"
    return Measure(asset=table, aggregate=aggregate, counted=rule, by=by, word=said)
