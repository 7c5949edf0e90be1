"""SQL of measures that need a statement of their own.

They sort, group or join, which would keep all that stands beside them from a parallel plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from psycopg.sql import SQL, Composable, Composed, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse import row_rules
from airflow_dataops.adapters.sql_warehouse.statements import counting, rows
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.domain.data_tests import MOST_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_tests import Measure

# Measures of the groups of one or more columns: one statement answers all of them.
OF_GROUPS = frozenset({"distinct_count", "duplicate_count", "grouped_count"})
# Measures that give a number per group.
GROUPED = frozenset({"histogram", "columns"})
_N = Identifier("rows of the group")
_PERIODS = {
    "day": SQL("max(p) - min(p) + 1"),
    "week": SQL("(max(p) - min(p)) / 7 + 1"),
    "month": SQL(
        "(extract(year from max(p)) - extract(year from min(p))) * 12"
        " + extract(month from max(p)) - extract(month from min(p)) + 1"
    ),
}


def of_groups(
    table: Table, columns: Sequence[str], measures: Sequence[Measure], dialect: Dialect
) -> Composed:
    """One row with what several measures say of the values of some columns."""
    names = SQL(", ").join(map(Identifier, columns))
    present = SQL(" and ").join(SQL("{} is not null").format(Identifier(c)) for c in columns)
    asked = SQL(", ").join(_of_groups(measure, present, dialect) for measure in measures)
    return SQL("select {} from (select {}, count(*) as {} {} group by {}) as q").format(
        asked, names, _N, source(table), names
    )


def _of_groups(measure: Measure, present: Composable, dialect: Dialect) -> Composed:
    if measure.aggregate == "distinct_count":
        return SQL("count(case when {} then 1 end)").format(present)
    counted: Composable | None = present
    if measure.aggregate == "duplicate_count":
        counted = SQL("{} and {} > 1").format(present, _N)
    elif measure.aggregate == "count":  # a rule about the column, checked once per value
        counted = row_rules.condition(measure, dialect)
    return SQL("coalesce(sum(case when {} then {} end), 0)").format(counted or SQL("true"), _N)


def own_statement(measure: Measure, dialect: Dialect) -> Composed:
    """The statement that answers one measure."""
    table = measure.asset
    if not isinstance(table, Table):
        message = f"{measure} is no measure of a table"
        raise TypeError(message)
    return _STATEMENTS[measure.aggregate](measure, table, dialect)


def source(table: Table) -> Composed:
    """``from`` a table's slice."""
    return rows(table.name, table.where)


def _sql(measure: Measure, table: Table, _: Dialect) -> Composed:
    aggregate = row_rules.bracketed(str(measure.arguments[0]))
    return SQL("select {} {}").format(aggregate, source(table))


def _quantile(measure: Measure, table: Table, _: Dialect) -> Composed:
    column, (share,) = Identifier(measure.column or ""), measure.arguments
    return SQL("select percentile_cont({}) within group (order by {}) {}").format(
        Literal(share), column, source(table)
    )


def _outliers(measure: Measure, table: Table, _: Dialect) -> Composed:
    value = SQL("({})::float8").format(Identifier(measure.column or ""))
    # Where NaN or infinity is among the values, nothing lies far from their mean: the answer is
    # then NaN, too.
    return SQL(
        "select count(case when abs(x - m) > {k} * s then 1 end) * 1.0 / nullif(count(*), 0)"
        " + coalesce(0 * max(s), 0)"
        " from (select {x} as x {source}) as q,"
        " (select avg({x}) as m, stddev_samp({x}) as s {source}) as r where x is not null"
    ).format(k=Literal(measure.arguments[0]), x=value, source=source(table))


def _missing_values(measure: Measure, table: Table, _: Dialect) -> Composed:
    wanted = list(dict.fromkeys(v for v in measure.arguments if v is not None))
    return SQL(
        "select {} - count(*) from (select {c} {s} group by {c}) as q where {c} in ({})"
    ).format(
        Literal(len(wanted)),
        row_rules.listed(wanted),
        c=Identifier(measure.column or ""),
        s=source(table),
    )


def _unmatched(measure: Measure, table: Table, _: Dialect) -> Composed:
    other, column = measure.arguments
    if not isinstance(other, Table):
        message = f"{measure} refers to no table"
        raise TypeError(message)
    return SQL(
        "select count(*) from (select {} as v {}) as q where v is not null and not exists"
        " (select 1 from (select {} as w {}) as r where w = v)"
    ).format(
        Identifier(measure.column or ""), source(table), Identifier(str(column)), source(other)
    )


def _out_of_order(measure: Measure, table: Table, _: Dialect) -> Composed:
    order_by, falls = measure.arguments
    return SQL(
        "select count(*) from (select v, lag(v) over (order by o) as b from"
        " (select {} as v, {} as o {}) as p where v is not null) as q where {}"
    ).format(
        Identifier(measure.column or ""),
        Identifier(str(order_by)),
        source(table),
        SQL("v > b" if falls else "v < b"),
    )


def _missing_periods(measure: Measure, table: Table, _: Dialect) -> Composed:
    unit = str(measure.arguments[0])
    return SQL(
        "select {} - count(*) from (select date_trunc({}, {})::date as p {} group by 1) as q"
        " where p is not null"
    ).format(_PERIODS[unit], Literal(unit), Identifier(measure.column or ""), source(table))


def _longest_gap(measure: Measure, table: Table, _: Dialect) -> Composed:
    return SQL(
        "select case when count(*) > 0 then coalesce(extract(epoch from max(v - b)) / 3600, 0) end"
        " from (select v, lag(v) over (order by v) as b from"
        " (select ({})::timestamp as v {}) as p where v is not null) as q"
    ).format(Identifier(measure.column or ""), source(table))


def _duplicate_rows(_: Measure, table: Table, dialect: Dialect) -> Composed:
    return dialect.duplicate_rows.format(source(table))


def _columns(_: Measure, table: Table, dialect: Dialect) -> Composed:
    return dialect.columns.format(Literal(Identifier(*table.name.split(".")).as_string(None)))


def _histogram(measure: Measure, table: Table, _: Dialect) -> Composed:
    column = Identifier(measure.column or "")
    edges = [float(str(edge)) for edge in measure.arguments]
    label: Composable = SQL("{}::text").format(column)
    if edges:
        below = [
            SQL("when {} < {} then {}").format(column, Literal(edge), Literal(f"below {edge:g}"))
            for edge in edges
        ]
        label = SQL("case {} when {} is not null then {} end").format(
            SQL(" ").join(below), column, Literal(f"from {edges[-1]:g}")
        )
    return SQL("select coalesce({}, 'null'), count(*) {} group by 1 limit {}").format(
        label, source(table), Literal(MOST_GROUPS + 1)
    )


def _rows_found(measure: Measure, table: Table, _: Dialect) -> Composed:
    return counting(str(measure.arguments[0]), table)


_STATEMENTS: Mapping[str, Callable[[Measure, Table, Any], Composed]] = {
    "sql": _sql,
    "quantile": _quantile,
    "outlier_share": _outliers,
    "missing_values": _missing_values,
    "unmatched": _unmatched,
    "out_of_order": _out_of_order,
    "missing_periods": _missing_periods,
    "longest_gap_hours": _longest_gap,
    "duplicate_rows": _duplicate_rows,
    "columns": _columns,
    "histogram": _histogram,
    "rows_found": _rows_found,
}
