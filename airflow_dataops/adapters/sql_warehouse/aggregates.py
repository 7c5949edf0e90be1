"""SQL of measures that one pass over a slice gives together, and that a parallel plan can have."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from psycopg.sql import SQL, Composable, Composed, Identifier

from airflow_dataops.adapters.sql_warehouse import row_rules
from airflow_dataops.domain.data_tests import RowRule

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import LiteralString

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_tests import Measure

_OF_COLUMN: Mapping[str, LiteralString] = {
    "sum": "sum({})",
    "mean": "avg({})",
    "minimum": "min({})",
    "maximum": "max({})",
    "standard_deviation": "stddev_samp(({})::float8)",
}
TOGETHER = frozenset({*_OF_COLUMN, "count", "share", "age_hours", "sql"})
# What keeps PostgreSQL from a parallel plan for the whole select.
_NOT_PARALLEL = re.compile(
    r"\b(distinct|within\s+group|order\s+by|array_agg|string_agg|json\w*agg|select)\b",
    re.IGNORECASE,
)


def is_together(measure: Measure) -> bool:
    """Whether a measure can stand beside others in one select."""
    if measure.aggregate == "sql":
        return not _NOT_PARALLEL.search(str(measure.arguments[0]))
    return measure.aggregate in TOGETHER


def aggregate(measure: Measure, dialect: Dialect) -> Composable:
    """A measure as an expression of a select list."""
    if measure.aggregate == "count":
        return _count(measure, dialect)
    if measure.aggregate == "share":
        return _share(measure, dialect)
    if measure.aggregate == "sql":
        return row_rules.bracketed(str(measure.arguments[0]))
    value = Identifier(measure.column or "")
    if measure.aggregate == "age_hours":
        return dialect.age_hours.format(value)
    counted = row_rules.condition(measure, dialect)
    shown: Composable = value if counted is None else _where(counted, value)
    return SQL(_OF_COLUMN[measure.aggregate]).format(shown)


def _count(measure: Measure, dialect: Dialect) -> Composable:
    counted = row_rules.condition(measure, dialect)
    if counted is None:
        return SQL("count(*)")
    if measure.only is None and measure.counted == RowRule("not_null", _column(measure)):
        return SQL("count({})").format(Identifier(_column(measure)))
    return SQL("count({})").format(_where(counted, SQL("1")))


def _share(measure: Measure, dialect: Dialect) -> Composed:
    counted = row_rules.condition(measure, dialect) or SQL("true")
    every = (
        SQL("count(*)")
        if measure.only is None
        else SQL("count({})").format(_where(row_rules.bracketed(measure.only), SQL("1")))
    )
    return SQL("count({}) * 1.0 / nullif({}, 0)").format(_where(counted, SQL("1")), every)


def _column(measure: Measure) -> str:
    return (measure.counted and measure.counted.column) or ""


def _where(condition: Composable, value: Composable) -> Composed:
    # Not "filter (where …)", which Redshift has not.
    return SQL("case when {} then {} end").format(condition, value)
