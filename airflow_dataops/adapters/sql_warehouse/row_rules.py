"""SQL for which rows a test counts; null where the rule says nothing about a row."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse.statements import raw

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_tests import Measure, RowRule

_BLANKS = " \t\r\n"


def condition(measure: Measure, dialect: Dialect) -> Composable | None:
    """Which rows a measure counts, besides its slice; None for all."""
    parts: list[Composable] = []
    if measure.only:
        parts.append(bracketed(measure.only))
    if measure.counted is not None:
        parts.append(rule(measure.counted, dialect))
    return SQL(" and ").join(parts) if parts else None


def rule(counted: RowRule, dialect: Dialect) -> Composed:
    """A rule as a condition on a row."""
    made = _RULES[counted.kind]
    return SQL("({})").format(made(Identifier(counted.column or ""), counted.arguments, dialect))


def bracketed(sql: str) -> Composed:
    """An author's condition; the line ends keep a comment in it from hiding the bracket."""
    return SQL("(\n{}\n)").format(raw(sql))


def listed(values: Sequence[Any]) -> Composed:
    """Values in a list; null equals nothing, and would make ``not in`` true of nothing."""
    return SQL(", ").join(Literal(value) for value in values if value is not None)


def _outside(value: Composable, arguments: Sequence[Any]) -> Composed:
    low, high, *strict = arguments
    is_low_strict, is_high_strict = strict or (False, False)
    parts = []
    if low is not None:
        below = SQL("{} <= {}" if is_low_strict else "{} < {}")
        parts.append(below.format(value, Literal(low)))
    if high is not None:
        above = SQL("{} >= {}" if is_high_strict else "{} > {}")
        parts.append(above.format(value, Literal(high)))
    return SQL(" or ").join(parts)


def _length(column: Identifier, arguments: Sequence[Any], _: Dialect) -> Composed:
    return _outside(SQL("char_length({}::text)").format(column), arguments)


def _blank(column: Identifier, _: Sequence[Any], __: Dialect) -> Composed:
    return SQL("{0} is null or btrim({0}::text, {1}) = ''").format(column, Literal(_BLANKS))


def _not_above(column: Identifier, arguments: Sequence[Any], _: Dialect) -> Composed:
    other, may_be_equal = arguments
    compared = SQL("{} < {}" if may_be_equal else "{} <= {}")
    return compared.format(column, Identifier(other))


def _differs(column: Identifier, arguments: Sequence[Any], _: Dialect) -> Composed:
    differs = SQL("{0} <> {1} or ({0} is null) <> ({1} is null)")
    return differs.format(column, Identifier(arguments[0]))


_RULES: Mapping[str, Callable[[Identifier, Sequence[Any], Dialect], Composed]] = {
    "null": lambda column, _, __: SQL("{} is null").format(column),
    "not_null": lambda column, _, __: SQL("{} is not null").format(column),
    "blank": _blank,
    "outside_set": lambda column, a, _: SQL("{} not in ({})").format(column, listed(a)),
    "inside_set": lambda column, a, _: SQL("{} in ({})").format(column, listed(a)),
    "outside_range": lambda column, a, _: _outside(column, a),
    "unlike": lambda column, a, d: d.unlike_pattern.format(column, Literal(a[0])),
    "like": lambda column, a, d: d.like_pattern.format(column, Literal(a[0])),
    "length_outside": _length,
    "in_future": lambda column, _, dialect: SQL("{} > {}").format(column, dialect.now),
    "sql": lambda _, a, __: bracketed(a[0]),
    "differs": _differs,
    "not_above": _not_above,
}
