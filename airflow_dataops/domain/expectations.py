"""Expectations by the names that Great Expectations gives them.

Those that SQL can say in one pass with the other tests become the same tests as the catalogue's
own words. The others are given to Great Expectations itself, inside the task.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from airflow_dataops.domain import measure_words, row_tests, table_tests
from airflow_dataops.domain.data_test_rules import Between, External
from airflow_dataops.domain.data_tests import DataTest, Measure, RowOptions, RowRule, named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_dataops.domain.data_assets import File, Table

    Arguments = Mapping[str, object]


class _Row(NamedTuple):
    """An expectation of rows: the rows that break it, made from its arguments."""

    broken: Callable[[Arguments], RowRule]
    required: tuple[str, ...] = ("column",)
    optional: tuple[str, ...] = ()


class _Number(NamedTuple):
    """An expectation of one number between ``min_value`` and ``max_value``."""

    measure: Callable[[Table | File, Arguments], Measure]
    required: tuple[str, ...] = ("column",)


def expect(table: Table | File, expectation: str, arguments: Arguments) -> DataTest:
    """The test that an expectation stands for; see ``Table.expect``."""
    word = expectation.removeprefix("expect_")
    said: dict[str, object] = {**arguments}
    options = _options(said)
    if word in _ROWS:
        row = _ROWS[word]
        _check(word, said, row.required, row.optional)
        return row_tests.rows_test(table, row.broken(said), _said(word, said), options)
    if word in _NUMBERS and not options.get("row_condition"):
        found = _NUMBERS[word]
        _check(word, said, found.required, ("min_value", "max_value"))
        return _between(table, word, found, said, options)
    if word in _WHOLE and not options.get("row_condition"):
        make, required, optional = _WHOLE[word]
        _check(word, said, required, optional)
        test = make(table, said)
        return DataTest(
            measures=test.measures,
            rule=test.rule,
            **named(f"{_said(word, said)} of {table.title}", options),
        )
    return _external(table, word, said, options)


def _between(
    table: Table | File, word: str, found: _Number, said: Arguments, options: RowOptions
) -> DataTest:
    return DataTest(
        measures=(found.measure(table, said),),
        rule=Between(_number(said, "min_value"), _number(said, "max_value")),
        **named(f"{_said(word, said)} of {table.title}", options),
    )


def _number(said: Arguments, name: str) -> float | None:
    value = said.get(name)
    if value is None:
        return None
    try:
        return float(str(value))
    except ValueError:
        message = f"{name} is {value!r}; write a number"
        raise ValueError(message) from None


def _external(
    table: Table | File, word: str, said: dict[str, object], options: RowOptions
) -> DataTest:
    if not hasattr(table, "where"):
        message = (
            f"{word} is no expectation that is measured in files; Great Expectations looks at"
            " tables, so say it of the table that the file is loaded into"
        )
        raise ValueError(message)
    more = {key: value for key, value in options.items() if key in ("mostly", "row_condition")}
    return DataTest(
        measures=(Measure(asset=table, aggregate="external", word=word),),
        rule=External(word, {**said, **more}),
        **named(f"{_said(word, said)} of {table.title}", options),
    )


def _options(said: dict[str, object]) -> RowOptions:
    """What every test takes, taken out of what was said."""
    known = ("mostly", "row_condition", "name", "on_violation")
    return {key: said.pop(key) for key in known if key in said}  # type: ignore[return-value]


def _check(
    word: str, said: Arguments, required: tuple[str, ...], optional: tuple[str, ...]
) -> None:
    known = (*required, *optional)
    for name in required:
        if name not in said:
            message = f"{word} lacks {name!r}; it takes {', '.join(known)}"
            raise ValueError(message)
    for name in said:
        if name not in known:
            message = f"{word} takes no {name!r}; it takes {', '.join(known)}"
            raise ValueError(message)


def _said(word: str, said: Arguments) -> str:
    shown = [
        row_tests.shown(value) if isinstance(value, (list, tuple)) else str(value)
        for value in said.values()
        if value is not None
    ]
    return f"{word}({', '.join(shown)})"


def _column(said: Arguments) -> str:
    return str(said["column"])


def _values(said: Arguments) -> tuple[object, ...]:
    values = said["value_set"]
    if not isinstance(values, (list, tuple)) or not values:
        message = f"value_set is a list of values with at least one in it, not {values!r}"
        raise ValueError(message)
    return tuple(values)


def _bounds(said: Arguments) -> tuple[object, ...]:
    bounds = said.get("min_value"), said.get("max_value")
    if bounds == (None, None):
        message = "give min_value, max_value or both"
        raise ValueError(message)
    return (*bounds, bool(said.get("strict_min")), bool(said.get("strict_max")))


def _pair(kind: str) -> Callable[[Arguments], RowRule]:
    def broken(said: Arguments) -> RowRule:
        may_be_equal = bool(said.get("or_equal"))
        return RowRule(kind, str(said["column_A"]), (str(said["column_B"]), may_be_equal))

    return broken


_BOUNDS = ("min_value", "max_value")
_ROWS: Mapping[str, _Row] = {
    "column_values_to_not_be_null": _Row(lambda said: RowRule("null", _column(said))),
    "column_values_to_be_null": _Row(lambda said: RowRule("not_null", _column(said))),
    "column_values_to_be_in_set": _Row(
        lambda said: RowRule("outside_set", _column(said), _values(said)), ("column", "value_set")
    ),
    "column_values_to_not_be_in_set": _Row(
        lambda said: RowRule("inside_set", _column(said), _values(said)), ("column", "value_set")
    ),
    "column_values_to_be_between": _Row(
        lambda said: RowRule("outside_range", _column(said), _bounds(said)),
        optional=(*_BOUNDS, "strict_min", "strict_max"),
    ),
    "column_values_to_match_regex": _Row(
        lambda said: RowRule("unlike", _column(said), (said["regex"],)), ("column", "regex")
    ),
    "column_values_to_not_match_regex": _Row(
        lambda said: RowRule("like", _column(said), (said["regex"],)), ("column", "regex")
    ),
    "column_value_lengths_to_be_between": _Row(
        lambda said: RowRule("length_outside", _column(said), _bounds(said)), optional=_BOUNDS
    ),
    "column_value_lengths_to_equal": _Row(
        lambda said: RowRule("length_outside", _column(said), (said["value"],) * 2),
        ("column", "value"),
    ),
    "column_pair_values_to_be_equal": _Row(_pair("differs"), ("column_A", "column_B")),
    "column_pair_values_a_to_be_greater_than_b": _Row(
        _pair("not_above"), ("column_A", "column_B"), ("or_equal",)
    ),
}
_NUMBERS: Mapping[str, _Number] = {
    "table_row_count_to_be_between": _Number(lambda t, _: measure_words.row_count(t), ()),
    "column_max_to_be_between": _Number(lambda t, said: measure_words.maximum(t, _column(said))),
    "column_min_to_be_between": _Number(lambda t, said: measure_words.minimum(t, _column(said))),
    "column_mean_to_be_between": _Number(lambda t, said: measure_words.mean(t, _column(said))),
    "column_sum_to_be_between": _Number(lambda t, said: measure_words.sum_(t, _column(said))),
    "column_median_to_be_between": _Number(lambda t, said: measure_words.median(t, _column(said))),
    "column_stdev_to_be_between": _Number(
        lambda t, said: measure_words.standard_deviation(t, _column(said))
    ),
    "column_unique_value_count_to_be_between": _Number(
        lambda t, said: measure_words.distinct_count(t, _column(said))
    ),
}
_WHOLE: Mapping[
    str, tuple[Callable[[Table | File, Arguments], DataTest], tuple[str, ...], tuple[str, ...]]
] = {
    "column_values_to_be_unique": (
        lambda t, said: table_tests.unique(t, _column(said)), ("column",), (),
    ),
    "compound_columns_to_be_unique": (
        lambda t, said: table_tests.unique(t, tuple(map(str, said["column_list"]))),  # type: ignore[call-overload]
        ("column_list",), (),
    ),
    "table_row_count_to_equal": (
        lambda t, said: measure_words.row_count(t).between(
            float(str(said["value"])), float(str(said["value"]))
        ),
        ("value",), (),
    ),
    "column_distinct_values_to_contain_set": (
        lambda t, said: table_tests.has_all(t, _column(said), _values(said)),
        ("column", "value_set"), (),
    ),
    "column_to_exist": (
        lambda t, said: table_tests.columns_exist(t, (_column(said),)), ("column",), (),
    ),
}  # fmt: skip
