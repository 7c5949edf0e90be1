"""Which statements answer which measures: few scans, each as parallel as the warehouse can.

All aggregates of the same slice go into one select. What would keep that select from a parallel
plan, above all ``count(distinct …)``, is asked in statements of its own, several measures of the
same columns' groups together. Where such groups are computed anyway, rules about that one column
are checked once per group instead of once per row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from psycopg.sql import SQL, Composed, Identifier, Literal

from airflow_dataops.adapters.sql_warehouse import own_statements
from airflow_dataops.adapters.sql_warehouse.aggregates import aggregate, is_together
from airflow_dataops.domain.data_assets import Table
from airflow_dataops.domain.data_tests import MOST_GROUPS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.adapters.sql_warehouse.dialects import Dialect
    from airflow_dataops.domain.data_tests import Measure

    Positions = tuple[int, ...]


class Statement(NamedTuple):
    """One statement and the measures that it answers.

    Attributes:
        positions: of the measures, in the order of the statement's columns.
        is_grouped: each row is a group's name and its numbers.
        is_scan: it has the aggregates of a slice; the others sort, group or join.
    """

    sql: Composed
    positions: Positions
    is_grouped: bool = False
    is_scan: bool = False


def plan(
    measures: Sequence[Measure],
    dialect: Dialect,
    *,
    positions: Sequence[int] | None = None,
    has_few_values: Callable[[Table, str], bool] = lambda _table, _column: False,
) -> list[Statement]:
    """The statements that answer some measures; scans of whole slices first.

    Args:
        measures: all of them.
        dialect: of the warehouse.
        positions: of those to answer; all by default.
        has_few_values: whether a rule about a column is better checked once per value.
    """
    wanted = range(len(measures)) if positions is None else positions
    scans: dict[tuple[Table, str | None], list[int]] = {}
    groups: dict[tuple[Table, tuple[str, ...]], list[int]] = {}
    own: list[int] = []
    for position in wanted:
        measure = measures[position]
        table = _table(measure)
        if measure.aggregate in own_statements.OF_GROUPS:
            groups.setdefault(_key(measure), []).append(position)
        elif (column := _ruled_column(measure)) and (has_few_values(table, column)):
            groups.setdefault((table, (column,)), []).append(position)
        elif is_together(measure):
            scans.setdefault((table, measure.by), []).append(position)
        else:
            own.append(position)
    made = [_scan(table, by, found, measures, dialect) for (table, by), found in scans.items()]
    for (table, columns), found in groups.items():
        asked = [measures[p] for p in found]
        sql = own_statements.of_groups(table, columns, asked, dialect)
        made.append(Statement(sql, tuple(found)))
    for position in own:
        measure = measures[position]
        sql = own_statements.own_statement(measure, dialect)
        made.append(Statement(sql, (position,), measure.aggregate in own_statements.GROUPED))
    return made


def ruled_columns(measures: Sequence[Measure]) -> Mapping[Table, set[str]]:
    """Columns of tables about which some rule could be checked once per value."""
    found: dict[Table, set[str]] = {}
    for measure in measures:
        if column := _ruled_column(measure):
            found.setdefault(_table(measure), set()).add(column)
    return found


def _scan(
    table: Table,
    by: str | None,
    positions: list[int],
    measures: Sequence[Measure],
    dialect: Dialect,
) -> Statement:
    asked = SQL(", ").join(aggregate(measures[position], dialect) for position in positions)
    source = own_statements.source(table)
    if by is None:
        return Statement(SQL("select {} {}").format(asked, source), tuple(positions), is_scan=True)
    sql = SQL("select coalesce({}::text, 'null'), {} {} group by {} limit {}").format(
        Identifier(by), asked, source, Identifier(by), Literal(MOST_GROUPS + 1)
    )
    return Statement(sql, tuple(positions), is_grouped=True, is_scan=True)


def _ruled_column(measure: Measure) -> str | None:
    """The one column whose texts a costly rule looks at."""
    if measure.aggregate != "count" or measure.only or measure.by or measure.counted is None:
        return None
    return measure.counted.column if measure.counted.kind in ("unlike", "like") else None


def _key(measure: Measure) -> tuple[Table, tuple[str, ...]]:
    return _table(measure), tuple(map(str, measure.arguments))


def _table(measure: Measure) -> Table:
    if not isinstance(measure.asset, Table):
        message = f"{measure} is no measure of a table"
        raise TypeError(message)
    return measure.asset
