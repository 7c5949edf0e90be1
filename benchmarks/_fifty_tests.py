"""Fifty tests of a table of sales: as ours, as SQL by hand, and as Great Expectations' own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest

# One in 1,000 to 100,000 rows breaks a rule of each kind.
CREATE = """
create table sales as select
    n::bigint as id,
    (n * 7919 % 80000)::int as household_id,
    (n % 400)::int as store_id,
    (n * 31 % 60000)::int as product_id,
    date '2026-01-01' + (n % 90)::int as day,
    timestamp '2026-01-01' + (n % 7776000) * interval '1 second' as sold_at,
    (case when n % 100000 = 7 then -1 else n % 9 + 1 end)::int as quantity,
    (n * 13 % 20000 / 100.0)::numeric(10, 2) as sales_value,
    (case when n % 50000 = 3 then 999999 else n % 500 / 100.0 end)::numeric(10, 2) as discount,
    case when n % 20000 = 11 then 'unknown'
        else (array['A', 'B', 'C', 'D', 'E'])[(n % 5 + 1)::int] end
        as segment,
    case when n % 30000 = 5 then 'broken' else 'P-' || lpad((n * 31 % 60000)::text, 6, '0') end
        as code,
    case when n % 1000 = 1 then null else 'h' || n || '@example.com' end as email
from generate_series(1::bigint, {rows}) as n
"""
PATTERN_CODE, PATTERN_EMAIL = "^P-[0-9]{6}$", "^[a-z0-9]+@[a-z]+[.]com$"
SEGMENTS = ["A", "B", "C", "D", "E"]


@dataclass(frozen=True, kw_only=True)
class Test:
    """One test.

    Attributes:
        test: ours.
        aggregate: what it measures, by hand, among others in one select; empty if not so.
        own: a statement for it alone, where it would keep the others from a parallel plan.
        naive: the same as an aggregate like any other.
        must_be_zero: it counts violations.
    """

    test: Callable[[Table], DataTest]
    aggregate: str = ""
    own: str = ""
    naive: str = ""
    must_be_zero: bool = False


def _nulls(column: str) -> Test:
    return Test(
        test=lambda t: t.not_null(column),
        aggregate=f"count(*) filter (where {column} is null)",
        must_be_zero=True,
    )


def _range(column: str, low: object, high: object) -> Test:
    return Test(
        test=lambda t: t.in_range(column, low, high),
        aggregate=f"count(*) filter (where {column} < '{low}' or {column} > '{high}')",
        must_be_zero=True,
    )


def _set(column: str, values: list[object]) -> Test:
    listed = ", ".join(f"'{value}'" for value in values)
    return Test(
        test=lambda t: t.in_set(column, values),
        aggregate=f"count(*) filter (where {column} not in ({listed}))",
        must_be_zero=True,
    )


def _pattern(column: str, pattern: str) -> Test:
    return Test(
        test=lambda t: t.matches(column, pattern),
        aggregate=f"count(*) filter (where {column} !~ '{pattern}')",
        must_be_zero=True,
    )


def _length(column: str, low: int, high: int) -> Test:
    return Test(
        test=lambda t: t.length_between(column, low, high),
        aggregate=f"count(*) filter (where length({column}) < {low} or length({column}) > {high})",
        must_be_zero=True,
    )


def _number(word: str, function: str, column: str) -> Test:
    return Test(
        test=lambda t: getattr(t, word)(column).between(-1e15, 1e15),
        aggregate=f"{function}({column})",
    )


def _distinct(column: str) -> Test:
    return Test(
        test=lambda t: t.distinct_count(column).at_least(1),
        own=f"select count({column}) from (select {column} from sales group by {column}) q",  # noqa: S608
        naive=f"count(distinct {column})",
    )


FIFTY = (
    Test(test=lambda t: t.row_count().at_least(1), aggregate="count(*)"),
    *map(_nulls, ("id", "household_id", "store_id", "product_id", "day", "sold_at")),
    *map(_nulls, ("quantity", "sales_value", "discount", "segment", "code", "email")),
    _range("household_id", 0, 79999),
    _range("store_id", 0, 399),
    _range("day", "2026-01-01", "2026-03-31"),
    _range("sold_at", "2026-01-01", "2026-04-01"),
    _range("quantity", 0, 100),
    _range("sales_value", 0, 200),
    _range("discount", 0, 100),
    _set("segment", [*SEGMENTS]),
    _set("quantity", [*range(1, 10)]),
    _pattern("code", PATTERN_CODE),
    _pattern("email", PATTERN_EMAIL),
    _length("code", 8, 8),
    *(_number("sum", "sum", c) for c in ("quantity", "sales_value", "discount", "id")),
    *(_number("mean", "avg", c) for c in ("quantity", "sales_value", "discount", "store_id")),
    *(_number("minimum", "min", c) for c in ("quantity", "sales_value", "discount", "id")),
    *(_number("maximum", "max", c) for c in ("quantity", "sales_value", "discount", "id")),
    *(
        _number("standard_deviation", "stddev_samp", f"{c}")
        for c in ("quantity", "sales_value", "discount")
    ),
    *map(_distinct, ("store_id", "segment", "household_id", "product_id", "day", "code")),
)


def expectations(kinds: Any) -> list[Any]:
    """The same of Great Expectations, which has no rows' pattern without ``mostly``."""
    nulls = "id household_id store_id product_id day sold_at quantity sales_value discount segment"
    made = [kinds.ExpectTableRowCountToBeBetween(min_value=1)]
    made += [
        kinds.ExpectColumnValuesToNotBeNull(column=c) for c in [*nulls.split(), "code", "email"]
    ]
    ranges = {"household_id": (0, 79999), "store_id": (0, 399), "quantity": (0, 100)}
    ranges |= {"sales_value": (0, 200), "discount": (0, 100)}
    made += [
        kinds.ExpectColumnValuesToBeBetween(column=c, min_value=low, max_value=high)
        for c, (low, high) in ranges.items()
    ]
    made += [
        kinds.ExpectColumnValuesToBeInSet(column="segment", value_set=SEGMENTS),
        kinds.ExpectColumnValuesToBeInSet(column="quantity", value_set=list(range(1, 10))),
        kinds.ExpectColumnValuesToMatchRegex(column="code", regex=PATTERN_CODE),
        kinds.ExpectColumnValuesToMatchRegex(column="email", regex=PATTERN_EMAIL),
        kinds.ExpectColumnValueLengthsToEqual(column="code", value=8),
    ]
    for word, columns in {
        "Sum": ("quantity", "sales_value", "discount", "id"),
        "Mean": ("quantity", "sales_value", "discount", "store_id"),
        "Min": ("quantity", "sales_value", "discount", "id"),
        "Max": ("quantity", "sales_value", "discount", "id"),
        "Stdev": ("quantity", "sales_value", "discount"),
    }.items():
        kind = getattr(kinds, f"ExpectColumn{word}ToBeBetween")
        made += [kind(column=c, min_value=-1e15, max_value=1e15) for c in columns]
    counted = ("store_id", "segment", "household_id", "product_id", "day", "code")
    return made + [
        kinds.ExpectColumnUniqueValueCountToBeBetween(column=c, min_value=1) for c in counted
    ]
