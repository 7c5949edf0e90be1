"""Look at a table in its warehouse: few statements, and no row of it leaves there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from airflow_dataops.domain import measure_words
from airflow_dataops.domain.data_tests import Measure, RowRule
from airflow_dataops.domain.profiles import ColumnKind, ColumnProfile, TableProfile, kind_of
from airflow_dataops.domain.row_tests import TYPES
from airflow_dataops.errors import OutsideSystemError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import datetime

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.ports import Warehouse

# Values are listed, and pairs of columns tried as a key, up to so many.
MOST_VALUES = 20
_MOST_PAIRS = 6
_FEWEST_ALIKE = 10
# Lengths that a text of a type can have; others need not be looked at.
_LENGTHS = {
    "integer": (1, 20), "number": (1, 30), "date": (10, 10), "timestamp": (19, 35),
    "uuid": (36, 36),
}  # fmt: skip


def profile(table: Table, warehouse: Warehouse, *, now: datetime) -> TableProfile:
    """What a table's slice looks like.

    Three rounds: its columns; one scan and a count of values per column; then what only some of
    the columns are worth asking.

    Args:
        table: without templates.
        warehouse: where it is.
        now: when.

    Raises:
        OutsideSystemError: there is no such table, it has no rows, or the warehouse refuses.
    """
    asking = _Asking(warehouse)
    asking.ask([columns := Measure(asset=table, aggregate="columns")])
    types = _types(asking.known(columns))
    rows = measure_words.row_count(table)
    asking.ask([rows, *(each for name, kind in types for each in _first(table, name, kind))])
    counted = _whole(asking.known(rows))
    if not counted:
        message = f"{table.name} has no rows to learn from; profile it once it is filled"
        raise OutsideSystemError(message)
    found = [_column(asking, table, name, kind) for name, kind in types]
    asking.ask([each for column in found for each in _second(table, column)])
    found = [_completed(asking, table, column) for column in found]
    pairs = _pairs(found, counted)
    asking.ask([measure_words.duplicate_count(table, pair) for pair in pairs])
    keys = [p for p in pairs if asking.number(measure_words.duplicate_count(table, p)) == 0]
    return TableProfile(table=table, at=now, rows=counted, columns=tuple(found), keys=tuple(keys))


class _Asking:
    """What a warehouse was asked, and what it answered."""

    def __init__(self, warehouse: Warehouse) -> None:
        self._warehouse = warehouse
        self._found: dict[Measure, float | Mapping[str, float] | None] = {}
        self._errors: dict[Measure, OutsideSystemError] = {}

    def ask(self, measures: Iterable[Measure]) -> None:
        """All at once; one that the warehouse refuses is not known afterwards."""
        asked = list(dict.fromkeys(measures))
        if not asked:
            return
        for measure, answer in zip(asked, self._warehouse.measures(asked), strict=True):
            if answer.error is not None:
                self._errors[measure] = answer.error
            else:
                self._found[measure] = answer.found

    def known(self, measure: Measure) -> float | Mapping[str, float] | None:
        """What nothing goes on without.

        Raises:
            OutsideSystemError: the warehouse refused it.
        """
        if measure in self._errors:
            raise self._errors[measure]
        return self._found.get(measure)

    def number(self, measure: Measure) -> float | None:
        found = self._found.get(measure)
        return None if found is None or isinstance(found, Mapping) else float(found)

    def counts(self, measure: Measure) -> Mapping[str, int] | None:
        found = self._found.get(measure)
        return {k: int(v) for k, v in found.items()} if isinstance(found, Mapping) else None


def _types(found: float | Mapping[str, float] | None) -> list[tuple[str, str]]:
    listed = found if isinstance(found, Mapping) else {}
    return [(name, kind) for name, _, kind in (key.partition("\t") for key in listed)]


def _first(table: Table, name: str, type_name: str) -> list[Measure]:
    """What is asked of each column."""
    kind = kind_of(type_name)
    asked = [_nulls(table, name), measure_words.distinct_count(table, name)]
    if kind in (ColumnKind.NUMBER, ColumnKind.MOMENT):
        asked += [_edge(table, name, kind, edge) for edge in ("min", "max")]
    if kind is ColumnKind.TEXT:
        asked += [_length(table, name, edge) for edge in ("min", "max")] + [_blanks(table, name)]
    return asked


def _second(table: Table, column: ColumnProfile) -> list[Measure]:
    """What only a column that looks like it is asked."""
    asked = [_unlike(table, column.name, word) for word in _likely_types(column)]
    has_words = column.kind is ColumnKind.TEXT or column.is_whole
    if has_words and 1 < (column.distinct or 0) <= MOST_VALUES:
        asked.append(_counts(table, column.name))
    if column.kind is ColumnKind.MOMENT and column.low is not None:
        asked.append(_missing_days(table, column.name))
    return asked


def _likely_types(column: ColumnProfile) -> list[str]:
    shortest, longest = column.shortest, column.longest
    if column.kind is not ColumnKind.TEXT or shortest is None or longest is None:
        return []
    return [
        word
        for word, (fewest, most) in _LENGTHS.items()
        if word in TYPES and fewest <= shortest and longest <= most
    ]


def _column(asking: _Asking, table: Table, name: str, type_name: str) -> ColumnProfile:
    kind = kind_of(type_name)
    distinct = asking.number(measure_words.distinct_count(table, name))
    return ColumnProfile(
        name=name,
        type=type_name,
        nulls=_whole(asking.number(_nulls(table, name))),
        distinct=None if distinct is None else int(distinct),
        low=asking.number(_edge(table, name, kind, "min")),
        high=asking.number(_edge(table, name, kind, "max")),
        shortest=_maybe(asking.number(_length(table, name, "min"))),
        longest=_maybe(asking.number(_length(table, name, "max"))),
        blanks=_maybe(asking.number(_blanks(table, name))),
    )


def _completed(asking: _Asking, table: Table, column: ColumnProfile) -> ColumnProfile:
    name = column.name
    unlike = {w: asking.number(_unlike(table, name, w)) for w in _likely_types(column)}
    return replace(
        column,
        counted=asking.counts(_counts(table, name)),
        unlike={word: int(found) for word, found in unlike.items() if found is not None},
        missing_days=_maybe(asking.number(_missing_days(table, name))),
    )


def _pairs(columns: Sequence[ColumnProfile], rows: int) -> list[tuple[str, str]]:
    """Columns that may be a key together, where none is one alone; the likeliest first."""
    if any(column.distinct == rows for column in columns):
        return []
    may_be = [
        column
        for column in columns
        if not column.nulls
        and (column.distinct or 0) > 1
        and (column.kind is not ColumnKind.NUMBER or column.is_whole)
    ]
    found = [
        (one.name, other.name, (one.distinct or 0) * (other.distinct or 0))
        for one, other in combinations(may_be, 2)
    ]
    # By chance alone so many pairs of rows would be alike; where it is few, no key is shown.
    found = [
        each for each in found if each[2] >= rows and rows * rows / (2 * each[2]) >= _FEWEST_ALIKE
    ]
    return [(a, b) for a, b, _ in sorted(found, key=lambda each: -each[2])[:_MOST_PAIRS]]


def _nulls(table: Table, name: str) -> Measure:
    return measure_words.null_count(table, name)


def _edge(table: Table, name: str, kind: ColumnKind, edge: str) -> Measure:
    sql = f"{edge}({_quoted(name)})"
    if kind is ColumnKind.MOMENT:
        sql = f"extract(epoch from {sql})"
    return measure_words.aggregate(table, sql)


def _length(table: Table, name: str, edge: str) -> Measure:
    return measure_words.aggregate(table, f"{edge}(char_length({_quoted(name)}))")


def _blanks(table: Table, name: str) -> Measure:
    return Measure(asset=table, aggregate="count", counted=RowRule("blank", name))


def _unlike(table: Table, name: str, word: str) -> Measure:
    return Measure(asset=table, aggregate="count", counted=RowRule("unlike", name, (TYPES[word],)))


def _counts(table: Table, name: str) -> Measure:
    return Measure(asset=table, aggregate="histogram", column=name)


def _missing_days(table: Table, name: str) -> Measure:
    return Measure(asset=table, aggregate="missing_periods", column=name, arguments=("day",))


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def _whole(found: float | Mapping[str, float] | None) -> int:
    return 0 if found is None or isinstance(found, Mapping) else int(found)


def _maybe(found: float | None) -> int | None:
    return None if found is None else int(found)
