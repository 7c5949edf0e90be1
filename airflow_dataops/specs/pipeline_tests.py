"""Data tests as YAML says them: the words of ``domain.data_assets`` and ``domain.data_tests``.

A new kind of test needs its name in one of the three lists below; what it takes is read from its
method, for the file's checks and for the JSON Schema alike.

    {sum: sales_value, of: orders, between: [1, 100]}   orders.sum("sales_value").between(1, 100)
    {row_count: orders, between: [1, 100]}              orders.row_count().between(1, 100)
    {check: select …, of: orders, name: …}              orders.check("select …", name=…)
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.data_assets import File, Table
from airflow_dataops.domain.data_tests import Measure, RowOptions, TestOptions
from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.data_tests import DataTest

MEASURES = (
    "row_count", "size_bytes", "null_count", "null_share", "blank_share", "rows_where",
    "share_where", "distinct_count", "duplicate_count", "sum", "mean", "minimum", "maximum",
    "standard_deviation", "median", "quantile", "aggregate", "outlier_share", "age_hours",
    "longest_gap_hours",
)  # fmt: skip
BOUNDS = (
    "between", "at_least", "at_most", "within_control_limits", "no_drop", "changes_at_most",
    "equals",
)  # fmt: skip
WHOLE_TESTS = (
    "expect", "check", "not_null", "in_set", "in_range", "matches", "length_between", "of_type",
    "not_in_future", "holds", "unique", "no_duplicate_rows", "has_all", "references", "monotone",
    "no_missing", "fresh", "no_gap", "same_columns", "reconcile", "mean_shift", "median_shift",
    "quantile_shift", "standard_deviation_shift", "proportion_shift", "distribution_shift",
)  # fmt: skip
OF = "of"

_TYPES: dict[str, tuple[type, ...]] = {
    "float": (int, float), "int": (int,), "str": (str,), "bool": (bool,),
    "Sequence[str]": (list,), "Sequence[float]": (list,), "Sequence[object]": (list,),
    "Mapping[str, str]": (dict,), "Table": (str,), "Measure": (dict,),
}  # fmt: skip
_WORDS = {
    "float": "a number", "int": "a whole number", "str": "a text", "bool": "true or false",
    "Sequence[str]": "a list of texts", "Sequence[float]": "a list of numbers",
    "Sequence[object]": "a list of values", "Mapping[str, str]": "keys with their values",
    "Table": "a table's name", "Measure": "a measure, such as {row_count: orders}",
}  # fmt: skip
# What ``**options`` stands for.
_OPTIONS = {"Unpack[TestOptions]": TestOptions, "Unpack[RowOptions]": RowOptions}
COMMON = ("name", "on_violation")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument of a word, as its method declares it."""

    name: str
    annotation: str
    is_required: bool

    def check(self, value: object) -> None:
        """Refuse a value of another type than the method declares.

        Raises:
            ValueError: what is wrong, and what to write.
        """
        kinds = [kind for kind in self.kinds if kind in _TYPES]
        if not kinds or (value is None and not self.is_required):
            return
        if not any(_fits(value, kind) for kind in kinds):
            hint = ", 1.0e+9 with its dot and sign" if "float" in kinds else ""
            words = " or ".join(_WORDS[kind] for kind in kinds)
            message = f"{self.name} is {value!r}; write {words}{hint * _is_number(value)}"
            raise ValueError(message)

    @property
    def kinds(self) -> list[str]:
        """The types that it takes, as they are annotated, without None."""
        return [kind for kind in self.annotation.split(" | ") if kind != "None"]


def _fits(value: object, kind: str) -> bool:
    if isinstance(value, bool) and kind != "bool":
        return False
    return isinstance(value, _TYPES[kind])


def _is_number(value: object) -> bool:
    """Whether a text is a number to all but YAML, which wants 1.0e+9 for 1e9."""
    try:
        float(str(value))
    except ValueError:
        return False
    return isinstance(value, str)


def arguments(owner: type, word: str) -> tuple[Argument, ...]:
    """What a word takes, besides the asset or measure that it is said of."""
    return _arguments(owner, word)


def takes_anything(owner: type, word: str) -> bool:
    """Whether a word takes arguments beyond those that it names."""
    parameters = inspect.signature(getattr(owner, word)).parameters.values()
    return any(p.kind is p.VAR_KEYWORD and str(p.annotation) not in _OPTIONS for p in parameters)


@cache
def _arguments(owner: Any, word: str) -> tuple[Argument, ...]:
    _, *parameters = inspect.signature(getattr(owner, word)).parameters.values()
    found: list[Argument] = []
    for p in parameters:
        if p.kind is p.VAR_KEYWORD:
            options = _OPTIONS.get(str(p.annotation), RowOptions)
            kinds = {name: _text(kind) for name, kind in options.__annotations__.items()}
            found += [Argument(name, kind, is_required=False) for name, kind in kinds.items()]
        else:
            found.append(Argument(p.name, str(p.annotation), p.default is p.empty))
    return tuple(found)


def _text(annotation: Any) -> str:
    """An annotation as it was written; typed dictionaries keep it in a reference."""
    return str(getattr(annotation, "__forward_arg__", annotation))


def owner_of(word: str) -> type:
    """The kind of asset that explains a word: tables know all but what only files have."""
    return Table if hasattr(Table, word) else File


def data_test(
    form: Mapping[str, object],
    *,
    asset: Callable[[object], Table | File],
    published: Table | None,
) -> DataTest:
    """The test that a form says.

    Args:
        form: its keys and values, as they stand in the file.
        asset: the table or file of a name.
        published: what is tested where the form names nothing.

    Raises:
        ValueError: what is wrong with it, and what to write.
    """
    word = _only(form, (*MEASURES, *WHOLE_TESTS), "says what is measured or checked")
    reading = _Reading(asset, published)
    if word in WHOLE_TESTS:
        subject, said = reading.subject_and_value(form, word)
        takes = arguments(type(subject), word)
        if not takes_anything(type(subject), word):
            _refuse_unknown(form, (word, OF, *(a.name for a in takes if a.name not in said)))
        said |= {k: v for k, v in form.items() if k not in (word, OF)}
        return reading.test(subject, word, said)
    bound = _only(form, BOUNDS, f"says what {word} must be")
    common = {key: form[key] for key in COMMON if key in form}
    measured = {k: v for k, v in form.items() if k != bound and k not in common}
    measure = reading.measure(measured, beside=(bound, *COMMON))
    return reading.test(measure, bound, {**_bound_arguments(bound, form[bound]), **common})


class _Reading:
    """Forms of one stage, with what their names stand for."""

    def __init__(self, asset: Callable[[object], Table | File], published: Table | None) -> None:
        self._asset = asset
        self._published = published

    def subject_and_value(
        self, form: Mapping[str, object], word: str
    ) -> tuple[Table | File, dict[str, object]]:
        """What a form is about, and its word's own value as an argument by name."""
        takes = arguments(owner_of(word), word)
        value = form[word]
        first = next((a for a in takes if a.name not in COMMON), None)
        has_value = first is not None and (first.is_required or _is_said(value, first))
        subject = _subject(
            form, None if has_value else value, asset=self._asset, published=self._published
        )
        if not hasattr(subject, word):
            known = ", ".join(w for w in (*MEASURES, *WHOLE_TESTS) if hasattr(subject, w))
            kind = type(subject).__name__.lower()
            message = f"a {kind} has no {word}; what a {kind} has: {known}"
            raise ValueError(message)
        return subject, {first.name: value} if has_value and first is not None else {}

    def measure(self, form: Mapping[str, object], *, beside: tuple[str, ...] = ()) -> Measure:
        """The measure that a form says.

        Args:
            form: without its bound.
            beside: keys that a complaint names besides its own.
        """
        word = _only(form, MEASURES, "says what is measured")
        subject, said = self.subject_and_value(form, word)
        more = [a.name for a in arguments(type(subject), word) if a.name not in said]
        _refuse_unknown(form, (word, *beside, OF, *more))
        said |= {k: v for k, v in form.items() if k not in (word, OF)}
        measure: Measure = self._call(subject, word, said)
        return measure

    def test(
        self, subject: Table | File | Measure, word: str, said: Mapping[str, object]
    ) -> DataTest:
        """The test that a word makes of what it is said of."""
        made: DataTest = self._call(subject, word, said)
        return made

    def _call(self, subject: Table | File | Measure, word: str, said: Mapping[str, object]) -> Any:
        given = dict(said)
        for argument in arguments(type(subject), word):
            if argument.name in said:
                argument.check(said[argument.name])
                given[argument.name] = self._meant(argument, said[argument.name])
            elif argument.is_required:
                message = f"{word} lacks {argument.name!r}"
                raise ValueError(message)
        first = next(iter(arguments(type(subject), word)), None)
        positional = []
        if first is not None and first.name in given and takes_anything(type(subject), word):
            positional = [given.pop(first.name)]
        return getattr(subject, word)(*positional, **given)

    def _meant(self, argument: Argument, value: object) -> object:
        """The table that a name, or the measure that a form stands for."""
        if "Table" in argument.kinds and isinstance(value, str):
            table = self._asset(value)
            if not isinstance(table, Table) and "File" not in argument.kinds:
                message = f"{argument.name} is {value!r}, a file; name a table"
                raise ValueError(message)
            return table
        if "Measure" in argument.kinds and isinstance(value, dict):
            return self.measure(value)
        return value


def _is_said(value: object, first: Argument) -> bool:
    """Whether a word that needs no value has one that is no table's name."""
    wanted = {"Sequence": list, "Mapping": dict}
    return any(isinstance(value, wanted.get(kind.partition("[")[0], ())) for kind in first.kinds)


def _subject(
    form: Mapping[str, object],
    value: object,
    *,
    asset: Callable[[object], Table | File],
    published: Table | None,
) -> Table | File:
    if value is not None and OF in form:
        message = f"the data is named twice, as {value!r} and as {form[OF]!r}; keep one of them"
        raise ValueError(message)
    name = form.get(OF) if value is None else value
    if name is not None:
        return asset(name)
    if published is None:
        message = (
            "this test names no table or file; write 'of: …', or let the stage publish one table"
        )
        raise ValueError(message)
    return published


def _only(form: Mapping[str, object], words: Sequence[str], what: str) -> str:
    found = [word for word in words if word in form]
    if len(found) == 1:
        return found[0]
    if found:
        message = f"one key {what}, here are {', '.join(found)}; write a test for each"
    else:
        hints = (wording.did_you_mean(key, words) for key in form)
        hint = next(filter(None, hints), ";")
        message = f"no key {what}{hint} there are: {', '.join(words)}"
    raise ValueError(message)


def _refuse_unknown(form: Mapping[str, object], known: tuple[str, ...]) -> None:
    for key in form:
        if key not in known:
            hint = wording.did_you_mean(key, known) or ";"
            message = f"unknown key {key!r}{hint} known keys: {', '.join(known)}"
            raise ValueError(message)


def _bound_arguments(bound: str, value: object) -> dict[str, object]:
    """``[low, high]``, ``{low: …, high: …}`` or a value alone, as arguments by name."""
    takes = [a.name for a in arguments(Measure, bound) if a.name not in COMMON]
    if isinstance(value, dict) and not any(word in value for word in MEASURES):
        _refuse_unknown(value, tuple(takes))
        return value
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > len(takes):
        message = f"{bound} takes {', '.join(takes)}; there are {len(values)} values"
        raise ValueError(message)
    return dict(zip(takes, values, strict=False))
