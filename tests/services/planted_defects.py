"""Data sets with a planted defect and without, for each ready-made kind of data test.

Each kind has three of either; ``columns`` and rows are SQL. ``other`` is a second table,
``t_other``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_dataops.domain.data_assets import table

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_dataops.domain.data_assets import Table
    from airflow_dataops.domain.data_tests import DataTest

OTHER = table("redshift", "t_other")
DAYS = "select d::date from generate_series('{}'::date, '{}'::date, '1 day') d"
NORMAL = "select {} + {} * ((n * 7919 % 1000) - 499.5) / 288.7 from generate_series(1, 1000) n"
ADDED = " union all select {} from generate_series(1, {})"
HOURS_AGO = "select now() - {} * interval '1 hour'"
EACH_HOUR_AGO = HOURS_AGO.format("n") + " from generate_series({}, 90) n"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of test and what it must find.

    Attributes:
        columns: names and SQL types.
        good, bad: SQL that gives rows: a select, or values.
        other: the same for the table beside it.
        history: the numbers of earlier runs.
    """

    make: Callable[[Table], DataTest]
    columns: str
    good: tuple[str, str, str]
    bad: tuple[str, str, str]
    other: tuple[str, str] | None = None
    history: tuple[tuple[object, ...], ...] = ()


def series(count):
    return f"select n from generate_series(1, {count}) n"  # noqa: S608 - a number


def normal(mean, sd):
    return NORMAL.format(mean, sd)


def values(*rows):
    return "values " + ", ".join(f"({row})" for row in rows)


def mixed(**counts):
    return " union all ".join(
        f"select '{word}' from generate_series(1, {count})"  # noqa: S608 - a test's own words
        for word, count in counts.items()
    )


PAIRS = (
    values("1, 1", "2, 2"),
    values("1, 1", "1, 2", "2, 1"),
    values("1, null", "1, null", "2, 2"),
)
KINDS = {
    "row count, least": Kind(
        make=lambda t: t.row_count().at_least(5), columns="a int",
        good=(series(5), series(6), series(500)), bad=(series(4), series(1), series(0)),
    ),
    "row count, range": Kind(
        make=lambda t: t.row_count().between(5, 10), columns="a int",
        good=(series(5), series(7), series(10)), bad=(series(4), series(11), series(0)),
    ),
    "row count, trend": Kind(
        make=lambda t: t.row_count().changes_at_most(0.2), columns="a int",
        good=(series(100), series(80), series(120)), bad=(series(79), series(121), series(0)),
        history=((10.0,), (100.0,)),
    ),
    "row count, no drop": Kind(
        make=lambda t: t.row_count().no_drop(0.1), columns="a int",
        good=(series(100), series(90), series(900)), bad=(series(89), series(10), series(0)),
        history=((100.0,),),
    ),
    "row count, within control limits": Kind(
        make=lambda t: t.row_count().within_control_limits(), columns="a int",
        good=(series(100), series(104), series(96)), bad=(series(160), series(40), series(0)),
        history=tuple((100.0 + n * 37 % 11 - 5,) for n in range(30)),
    ),
    "sum, within control limits by ewma": Kind(
        make=lambda t: t.sum("a").within_control_limits(chart="ewma"), columns="a numeric",
        good=(values("100"), values("103"), values("97")),
        bad=(values("140"), values("60"), values("10000")),
        history=tuple((100.0 + n * 37 % 11 - 5,) for n in range(40)),
    ),
    "sum by group": Kind(
        make=lambda t: t.sum("a", by="shop").between(10, 20), columns="a int, shop text",
        good=(values("10, 'x'", "20, 'y'"), values("5, 'x'", "5, 'x'"), values("15, null")),
        bad=(values("10, 'x'", "21, 'y'"), values("5, 'x'"), values("15, 'x'", "1, null")),
    ),
    "mean": Kind(
        make=lambda t: t.mean("a").between(2, 3), columns="a int",
        good=(values("2", "3"), values("2"), values("1", "5", "null")),
        bad=(values("1"), values("2", "5"), values("1", "2")),
    ),
    "freshness, deadline": Kind(
        make=lambda t: t.fresh("a", 24), columns="a timestamptz",
        good=(HOURS_AGO.format(1), HOURS_AGO.format(23), EACH_HOUR_AGO.format(5)),
        bad=(HOURS_AGO.format(25), HOURS_AGO.format(100), EACH_HOUR_AGO.format(30)),
    ),
    "freshness, gap": Kind(
        make=lambda t: t.no_gap("a", 2), columns="a timestamp",
        good=(values("'2026-01-01 10:00'", "'2026-01-01 12:00'"), values("'2026-01-01'"),
              values("'2026-01-01 10:00'", "null", "'2026-01-01 11:00'")),
        bad=(values("'2026-01-01 10:00'", "'2026-01-01 12:01'"),
             values("'2026-01-01'", "'2026-01-01'", "'2026-01-03'"),
             values("'2026-01-03'", "'2026-01-01'")),
    ),
    "schema drift, declared": Kind(
        make=lambda t: t.same_columns({"a": "integer", "c": "text"}, more_allowed=True),
        columns="a int, b text, c text",
        good=(values("1, 'x', 'y'"),) * 3,
        bad=("alter: drop column c", "alter: rename column a to z",
             "alter: alter column a type bigint"),
    ),
    "schema drift, since the last run": Kind(
        make=lambda t: t.same_columns(), columns="a int, b text",
        good=(values("1, 'x'"), values("2, 'x'"), values("1, 'x'")),
        bad=("alter: drop column b", "alter: add column c int",
             "alter: alter column b type varchar(9)"),
        history=(({"a\tinteger": 1.0, "b\ttext": 2.0},),),
    ),
    "null %": Kind(
        make=lambda t: t.null_share("a").at_most(0.1), columns="a int",
        good=(series(10), "select nullif(n, 1) from generate_series(1, 10) n", values("0")),
        bad=("select nullif(n % 9, 0) from generate_series(1, 20) n where n < 19",
             values("null", "1"), values("null")),
    ),
    "not null": Kind(
        make=lambda t: t.not_null("a"), columns="a int",
        good=(series(3), values("0"), values("1", "1")),
        bad=(values("null"), values("1", "null"), values("null", "null", "3")),
    ),
    "blank %": Kind(
        make=lambda t: t.blank_share("a").at_most(0.25), columns="a text",
        good=(values("'x'"), values("'x'", "'y'", "'z'", "''"), values("' x '")),
        bad=(values("''"), values("'x'", "'  '"), values("'x'", "null", "E'\\t'")),
    ),
    "distinct count": Kind(
        make=lambda t: t.distinct_count("a").between(2, 3), columns="a text",
        good=(values("'x'", "'y'"), values("'x'", "'y'", "'z'", "'z'"),
              values("'x'", "'y'", "null")),
        bad=(values("'x'", "'x'"), values("'x'", "null"), values("'x'", "'y'", "'z'", "'u'")),
    ),
    "uniqueness": Kind(
        make=lambda t: t.unique("a"), columns="a int",
        good=(series(5), values("1", "null", "null"), values("0")),
        bad=(values("1", "1"), values("1", "2", "3", "1"), values("null", "7", "7")),
    ),
    "uniqueness of columns together": Kind(
        make=lambda t: t.unique(["a", "b"]), columns="a int, b int",
        good=PAIRS,
        bad=(values("1, 1", "1, 1"), values("1, 2", "2, 1", "1, 2"),
             values("0, 0", "0, 0", "1, 1")),
    ),
    "duplicate rows": Kind(
        make=lambda t: t.no_duplicate_rows(), columns="a int, b int",
        good=(values("1, 1", "1, 2"), values("1, null", "2, null"), values("0, 0")),
        bad=(values("1, 1", "1, 1"), values("1, null", "1, null"), values("1, 2", "3, 4", "1, 2")),
    ),
    "type": Kind(
        make=lambda t: t.of_type("a", "date"), columns="a text",
        good=(values("'2026-01-31'"), values("'1999-12-01'", "null"),
              values("'2024-02-29'", "'2024-03-01'")),
        bad=(values("'31.01.2026'"), values("'2026-13-01'"), values("'2026-01-01'", "'today'")),
    ),
    "type, numbers": Kind(
        make=lambda t: t.of_type("a", "number"), columns="a text",
        good=(values("'1'"), values("'-1.5e3'", "'.5'"), values("' 7 '", "null")),
        bad=(values("'1,5'"), values("'1'", "''"), values("'NaN'")),
    ),
    "length": Kind(
        make=lambda t: t.length_between("a", 2, 3), columns="a text",
        good=(values("'ab'"), values("'abc'", "'ab'"), values("'äö'", "null")),
        bad=(values("'a'"), values("'abcd'"), values("'ab'", "''")),
    ),
    "pattern": Kind(
        make=lambda t: t.matches("a", r"^[A-Z]{2}\d+$"), columns="a text",
        good=(values("'AB1'"), values("'XX99'", "null"), values("'AB1'", "'CD22'")),
        bad=(values("'ab1'"), values("'AB1'", "'AB'"), values("'xAB1'")),
    ),
    "in list": Kind(
        make=lambda t: t.in_set("a", ["x", "y"]), columns="a text",
        good=(values("'x'"), values("'x'", "'y'"), values("'y'", "null")),
        bad=(values("'z'"), values("'x'", "'X'"), values("'y'", "''")),
    ),
    "in list, complete": Kind(
        make=lambda t: t.has_all("a", ["x", "y"]), columns="a text",
        good=(values("'x'", "'y'"), values("'x'", "'y'", "'z'"), values("'y'", "null", "'x'")),
        bad=(values("'x'"), values("'z'"), values("'x'", "null")),
    ),
    "range": Kind(
        make=lambda t: t.in_range("a", 0, 100), columns="a numeric",
        good=(values("0", "100"), values("50.5"), values("null", "1")),
        bad=(values("-0.01"), values("101"), values("5", "1e9")),
    ),
    "range, mostly, where": Kind(
        make=lambda t: t.in_range("a", 0, mostly=0.5, row_condition="b = 'x'"),
        columns="a int, b text",
        good=(values("1, 'x'", "-1, 'x'"), values("1, 'x'", "-1, 'y'"), values("0, 'x'")),
        bad=(values("-1, 'x'"), values("-1, 'x'", "-1, 'x'", "1, 'x'"),
             values("-1, 'x'", "1, 'y'")),
    ),
    "date range": Kind(
        make=lambda t: t.in_range("a", "2026-01-01", "2026-12-31"), columns="a date",
        good=(values("'2026-01-01'"), values("'2026-12-31'", "null"), values("'2026-06-01'")),
        bad=(values("'2025-12-31'"), values("'2027-01-01'"),
             values("'2026-01-01'", "'1926-01-01'")),
    ),
    "no future dates": Kind(
        make=lambda t: t.not_in_future("a"), columns="a timestamptz",
        good=(HOURS_AGO.format(0), HOURS_AGO.format(1), values("'1999-01-01'", "null")),
        bad=(HOURS_AGO.format(-1), HOURS_AGO.format(-99), values("'1999-01-01'", "'2999-01-01'")),
    ),
    "monotone": Kind(
        make=lambda t: t.monotone("a", "n"), columns="n int, a int",
        good=(values("1, 1", "2, 1", "3, 5"), values("2, 2", "1, 1"),
              values("1, 5", "2, null", "3, 6")),
        bad=(values("1, 2", "2, 1"), values("3, 1", "1, 5"), values("1, 5", "2, null", "3, 4")),
    ),
    "mean shift": Kind(
        make=lambda t: t.mean_shift("a", against=OTHER), columns="a numeric",
        good=(normal(100, 10), normal(104, 10), normal(97, 10)),
        bad=(normal(107, 10), normal(90, 10), normal(1, 0.1)), other=("a numeric", normal(100, 10)),
    ),
    "mean shift, earlier runs": Kind(
        make=lambda t: t.mean_shift("a"), columns="a numeric",
        good=(normal(100, 10), normal(104, 10), normal(97, 10)),
        bad=(normal(107, 10), normal(90, 10), normal(1, 0.1)),
        history=((99.0, 10.0), (101.0, 9.0), (100.0, 11.0)),
    ),
    "median shift": Kind(
        make=lambda t: t.median_shift("a", against=OTHER), columns="a numeric",
        good=(normal(100, 10), normal(115, 10), normal(85, 10)),
        bad=(normal(125, 10), normal(75, 10), normal(1, 0.1)), other=("a numeric", normal(100, 10)),
    ),
    "quantile shift": Kind(
        make=lambda t: t.quantile_shift("a", 0.9, against=OTHER), columns="a numeric",
        good=(normal(100, 10), normal(104, 12), normal(97, 5)),
        bad=(normal(100, 40), normal(140, 10), normal(50, 10)),
        other=("a numeric", normal(100, 10)),
    ),
    "standard deviation shift": Kind(
        make=lambda t: t.standard_deviation_shift("a", against=OTHER), columns="a numeric",
        good=(normal(100, 10), normal(500, 14), normal(100, 6)),
        bad=(normal(100, 16), normal(100, 4), normal(100, 0)), other=("a numeric", normal(100, 10)),
    ),
    "Jensen-Shannon shift": Kind(
        make=lambda t: t.distribution_shift("a", against=OTHER), columns="a text",
        good=(mixed(x=50, y=50), mixed(x=60, y=40), mixed(x=48, y=50, z=2)),
        bad=(mixed(x=95, y=5), mixed(z=100), mixed(x=30, z=70)),
        other=("a text", mixed(x=50, y=50)),
    ),
    "Kullback-Leibler shift of numbers": Kind(
        make=lambda t: t.distribution_shift("a", divergence="kl", bins=[90, 100, 110],
            against=OTHER),
        columns="a numeric", good=(normal(100, 10), normal(101, 10), normal(100, 11)),
        bad=(normal(110, 10), normal(100, 2), normal(90, 10)), other=("a numeric", normal(100, 10)),
    ),
    "outlier %": Kind(
        make=lambda t: t.outlier_share("a").at_most(0.005), columns="a numeric",
        good=(normal(100, 10), normal(0, 1), f"{normal(5, 1)} union all values (900)"),
        bad=(normal(5, 1) + ADDED.format(900, 9),
             normal(5, 1) + ADDED.format(90, 20),
             "select case when n < 990 then 1 else 50 end from generate_series(1, 1000) n"),
    ),
    "proportion shift": Kind(
        make=lambda t: t.proportion_shift("a = 'x'", against=OTHER), columns="a text",
        good=(mixed(x=50, y=50), mixed(x=55, y=45), mixed(x=42, y=58)),
        bad=(mixed(x=65, y=35), mixed(x=20, y=80), mixed(y=100)),
        other=("a text", mixed(x=50, y=50)),
    ),
    "referential match": Kind(
        make=lambda t: t.references("a", OTHER, "id"), columns="a int",
        good=(values("1"), values("1", "2", "2"), values("2", "null")),
        bad=(values("3"), values("1", "4"), values("null", "9")),
        other=("id int", values("1", "2")),
    ),
    "aggregate balance, exact": Kind(
        make=lambda t: t.sum("a").equals(OTHER.sum("b")), columns="a numeric",
        good=(values("10", "5"), values("15"), values("7.5", "7.5", "null")),
        bad=(values("14"), values("15", "0.01"), values("1500")),
        other=("b numeric", values("7", "8")),
    ),
    "aggregate balance, %": Kind(
        make=lambda t: t.sum("a").equals(OTHER.sum("b"), share=0.1), columns="a numeric",
        good=(values("100"), values("110"), values("90")),
        bad=(values("111"), values("89"), values("10000")),
        other=("b numeric", values("60", "40")),
    ),
    "aggregate balance, range": Kind(
        make=lambda t: t.sum("a").equals(OTHER.sum("b"), tolerance=5), columns="a numeric",
        good=(values("100"), values("105"), values("95")),
        bad=(values("106"), values("94"), values("-100")),
        other=("b numeric", values("60", "40")),
    ),
    "row count equal to another table": Kind(
        make=lambda t: t.row_count().equals(OTHER.row_count()), columns="a int",
        good=(series(3),) * 3, bad=(series(2), series(4), series(0)), other=("a int", series(3)),
    ),
    "reconcile": Kind(
        make=lambda t: t.reconcile(OTHER, ["a"]), columns="a int",
        good=(values("1", "2"), values("2", "1"), values("0", "3")),
        bad=(values("3"), values("1", "3"), values("1", "1", "1")),
        other=("a int", values("1", "2")),
    ),
    "day gaps": Kind(
        make=lambda t: t.no_missing("day", "a"), columns="a date",
        good=(DAYS.format("2026-02-25", "2026-03-05"), values("'2026-01-01'"),
              values("'2026-01-02'", "'2026-01-01'", "'2026-01-01'")),
        bad=(values("'2026-01-01'", "'2026-01-03'"),
             DAYS.format("2026-01-01", "2026-01-09") + " where d <> '2026-01-05'",
             values("'2026-02-28'", "'2026-03-02'")),
    ),
    "week gaps": Kind(
        make=lambda t: t.no_missing("week", "a"), columns="a timestamp",
        good=(values("'2026-01-05'", "'2026-01-18'"), values("'2025-12-28'", "'2026-01-04'"),
              DAYS.format("2026-01-01", "2026-03-01")),
        bad=(values("'2026-01-05'", "'2026-01-19'"), values("'2025-12-20'", "'2026-01-04'"),
             values("'2026-01-01'", "'2026-03-01'")),
    ),
    "month gaps": Kind(
        make=lambda t: t.no_missing("month", "a"), columns="a date",
        good=(values("'2025-12-31'", "'2026-01-01'"), values("'2026-01-01'", "'2026-02-28'"),
              DAYS.format("2025-01-01", "2026-03-01")),
        bad=(values("'2025-12-31'", "'2026-02-01'"), values("'2025-01-01'", "'2026-01-01'"),
             values("'2026-01-31'", "'2026-03-01'")),
    ),
    "custom SQL rows": Kind(
        make=lambda t: t.check("select * from {table} where b > a",
            name="no more profit than sales"),
        columns="a int, b int", good=(values("2, 1"), values("1, 1"), values("1, null")),
        bad=(values("1, 2"), values("2, 1", "0, 1"), values("-1, 0")),
    ),
    "custom condition": Kind(
        make=lambda t: t.holds("a >= b -- profit"), columns="a int, b int",
        good=(values("2, 1"), values("1, 1"), values("1, null")),
        bad=(values("1, 2"), values("2, 1", "0, 1"), values("-1, 0")),
    ),
    "custom aggregate": Kind(
        make=lambda t: t.aggregate("sum(a) / count(distinct b)").at_most(10),
        columns="a int, b int",
        good=(values("10, 1"), values("10, 1", "10, 2"), values("5, 1", "5, 1")),
        bad=(values("11, 1"), values("10, 1", "1, 1"), values("50, 1", "50, 2")),
    ),
}  # fmt: skip
