"""Which tests a table's profile speaks for, each with the reason.

A profile is one look: it shows what is so, not what must be. What it would take for granted on
little evidence (bounds at today's largest value, a key among twenty rows, a list of which a value
occurs once) is left out; what is suggested is for a person to keep or to strike.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from airflow_dataops.domain.profiles import ColumnKind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from airflow_dataops.domain.profiles import ColumnProfile, TableProfile

# With fewer rows, "none of them" says little of the next one: it may be true of 3 in so many.
FEWEST_ROWS = 100
_RAREST = 5
_FEWEST_VALUES = 2
_ROWS_PER_VALUE = 30
_FEWEST_DAYS = 14
_MOST_NULLS = 0.5
_FRESH_DAYS = 2
_DAY = 86_400
# What a pipeline's file would take for a template.
_TEMPLATES = ("{{", "{%", "{#", "${")
Form = dict[str, object]


class Suggestion(NamedTuple):
    """A test as YAML says it, and why.

    Attributes:
        form: its words and values; of the table that was looked at.
        reason: what was seen.
    """

    form: Mapping[str, object]
    reason: str


def suggest(profile: TableProfile) -> list[Suggestion]:
    """The tests that a profile speaks for, those of the whole table first."""
    return [
        *_of_table(profile),
        *(each for column in profile.columns for each in _of_column(column, profile)),
    ]


def _of_table(profile: TableProfile) -> Iterator[Suggestion]:
    counted = f"{profile.rows:,} rows"
    yield Suggestion(
        {"row_count": None, "within_control_limits": None},
        f"{counted} now; a chart learns how many are usual",
    )
    yield Suggestion(
        {"same_columns": {column.name: column.type for column in profile.columns}},
        f"its {len(profile.columns)} columns and their types as they are",
    )
    if profile.rows < FEWEST_ROWS:
        return
    for pair in profile.keys[:1]:
        alike = _alike(profile, pair)
        yield Suggestion(
            {"unique": list(pair)},
            f"no two of {counted} have the same {' and '.join(pair)}, where chance alone would"
            f" give some {alike:,.0f}",
        )


def _alike(profile: TableProfile, pair: tuple[str, str]) -> float:
    product = math.prod(c.distinct or 1 for c in profile.columns if c.name in pair)
    return float(f"{profile.rows**2 / (2 * product):.1g}")


def _of_column(column: ColumnProfile, profile: TableProfile) -> Iterator[Suggestion]:
    values = profile.rows - column.nulls
    if values < FEWEST_ROWS:
        return
    yield from _nulls(column, profile.rows)
    if _is_key(column, values):
        yield Suggestion(
            {"unique": column.name}, f"{values:,} values, and no two of them are the same"
        )
    kinds = {
        ColumnKind.NUMBER: _of_number,
        ColumnKind.TEXT: _of_text,
        ColumnKind.MOMENT: _of_moment,
    }
    if column.kind in kinds:
        yield from kinds[column.kind](column, profile)


def _nulls(column: ColumnProfile, rows: int) -> Iterator[Suggestion]:
    share = column.nulls / rows
    if not column.nulls:
        yield Suggestion({"not_null": column.name}, f"none of {rows:,} rows lacks it")
    elif share <= _MOST_NULLS:
        # Three standard errors above what was seen, to two digits, upwards.
        most = share + 3 * math.sqrt(share * (1 - share) / rows)
        digits = 1 - math.floor(math.log10(most))
        bound = math.ceil(most * 10**digits) / 10**digits
        yield Suggestion(
            {"null_share": column.name, "at_most": min(1.0, bound)},
            f"{share:.2%} of {rows:,} rows lack it; the bound leaves room for chance",
        )


def _is_key(column: ColumnProfile, values: int) -> bool:
    # Amounts and moments can all be different for a while without being a key.
    is_amount = column.kind is ColumnKind.NUMBER and not column.is_whole
    return column.distinct == values and not is_amount and column.kind is not ColumnKind.MOMENT


def _of_number(column: ColumnProfile, profile: TableProfile) -> Iterator[Suggestion]:
    values = profile.rows - column.nulls
    if column.low is None or column.high is None or _is_name(column, values):
        return
    if column.low >= 0 and column.high <= 1 and not column.is_whole:
        yield Suggestion(
            {"in_range": column.name, "low": 0, "high": 1},
            f"{values:,} values from {column.low:.4g} to {column.high:.4g}, as a share has",
        )
    elif column.low >= 0:
        yield Suggestion(
            {"in_range": column.name, "low": 0}, f"none of {values:,} values is below zero"
        )
    if column.counted is not None:
        yield from _set(column, values)
    elif (column.distinct or 0) > 1 and not _is_counted_through(column):
        yield Suggestion(
            {"sum": column.name, "within_control_limits": None},
            f"{column.distinct:,} amounts from {column.low:.4g} to {column.high:.4g}; a chart"
            " sees cents for dollars, and rows that are missing",
        )


def _is_counted_through(column: ColumnProfile) -> bool:
    """Whether it has each number between its first and last, as weeks and lines have."""
    spans = (column.high or 0) - (column.low or 0) + 1
    return column.is_whole and column.distinct == spans


def _is_name(column: ColumnProfile, values: int) -> bool:
    """Whether its numbers name things, so that their size says nothing."""
    word = column.name.lower()
    return _is_key(column, values) or word == "id" or word.endswith(("_id", "_key", "_no"))


def _of_text(column: ColumnProfile, profile: TableProfile) -> Iterator[Suggestion]:
    values = profile.rows - column.nulls
    if column.counted is not None:
        yield from _set(column, values)
        return
    if not column.nulls and column.blanks == 0:
        yield Suggestion(
            {"blank_share": column.name, "at_most": 0}, f"none of {values:,} texts is blank"
        )
    for word in ("uuid", "date", "timestamp", "integer", "number"):
        if column.unlike.get(word) == 0:
            yield Suggestion(
                {"of_type": column.name, "type": word},
                f"each of {values:,} texts can be read as {word}",
            )
            return
    if column.shortest is not None and column.shortest == column.longest:
        yield Suggestion(
            {"length_between": column.name, "low": column.shortest, "high": column.longest},
            f"each of {values:,} texts has {column.shortest} characters",
        )


def _set(column: ColumnProfile, values: int) -> Iterator[Suggestion]:
    counted = {**(column.counted or {})}
    if column.nulls and counted.get("null") == column.nulls:
        del counted["null"]
    if len(counted) < _FEWEST_VALUES or values < _ROWS_PER_VALUE * len(counted):
        return
    rarest = min(counted.values())
    if rarest < _RAREST or any(sign in value for value in counted for sign in _TEMPLATES):
        return
    listed = [int(value) if column.is_whole else value for value in counted]
    yield Suggestion(
        {"in_set": column.name, "values": sorted(listed)},
        f"{len(counted)} values in {values:,} rows, the rarest in {rarest:,}",
    )


def _of_moment(column: ColumnProfile, profile: TableProfile) -> Iterator[Suggestion]:
    values, now = profile.rows - column.nulls, profile.at.timestamp()
    if column.low is None or column.high is None or column.high > now:
        return
    yield Suggestion({"not_in_future": column.name}, f"none of {values:,} is later than now")
    days = math.floor(column.high / _DAY) - math.floor(column.low / _DAY) + 1
    if column.missing_days != 0 or days < _FEWEST_DAYS:
        return
    yield Suggestion(
        {"no_missing": "day", "column": column.name}, f"each of {days:,} days has rows"
    )
    if now - column.high <= _FRESH_DAYS * _DAY:
        yield Suggestion(
            {"fresh": column.name, "within_hours": 24 * _FRESH_DAYS},
            f"each of {days:,} days has rows, the last of them not {_FRESH_DAYS} days old",
        )
