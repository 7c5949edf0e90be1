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
from airflow_dataops.domain.data_tests import Measure
from airflow_dataops.specs import wording

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow_dataops.domain.data_tests import DataTest

MEASURES = (
    "row_count", "size_bytes", "null_count", "distinct_count", "sum", "mean", "minimum", "maximum",
)  # fmt: skip
BOUNDS = ("between",)
WHOLE_TESTS = ("check",)
OF = "of"

_TYPES: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "str": (str,)}
_WORDS = {"float": "a number", "int": "a whole number", "str": "a text"}


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
        kind = self.annotation.partition(" | ")[0]
        expected = _TYPES.get(kind)
        if expected is None or (value is None and not self.is_required):
            return
        fits = isinstance(value, expected) and not isinstance(value, bool)
        if not fits:
            hint = ", 1.0e+9 with its dot and sign" if kind == "float" else ""
            message = f"{self.name} is {value!r}; write {_WORDS[kind]}{hint * _is_number(value)}"
            raise ValueError(message)


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


@cache
def _arguments(owner: Any, word: str) -> tuple[Argument, ...]:
    _, *parameters = inspect.signature(getattr(owner, word)).parameters.values()
    return tuple(
        Argument(p.name, str(p.annotation), p.default is inspect.Parameter.empty)
        for p in parameters
    )


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
    value = form[word]
    takes = arguments(owner_of(word), word)
    has_value = any(argument.is_required for argument in takes)
    subject = _subject(form, value if not has_value else None, asset=asset, published=published)
    if not hasattr(subject, word):
        known = ", ".join(w for w in (*MEASURES, *WHOLE_TESTS) if hasattr(subject, w))
        kind = type(subject).__name__.lower()
        message = f"a {kind} has no {word}; what a {kind} has: {known}"
        raise ValueError(message)
    said = {takes[0].name: value} if has_value else {}
    if word in WHOLE_TESTS:
        _refuse_unknown(form, (word, OF, *(argument.name for argument in takes[1:])))
        said |= {k: v for k, v in form.items() if k not in (word, OF)}
        return _test(subject, word, said)
    measure: Measure = _call(subject, word, said)
    bound = _only(form, BOUNDS, f"says what {word} must be")
    takes = arguments(Measure, bound)
    named = [argument.name for argument in takes if argument.name in ("name", "on_violation")]
    _refuse_unknown(form, (word, bound, OF, *named))
    said = {**_bound_arguments(bound, form[bound]), **{k: form[k] for k in named if k in form}}
    return _test(measure, bound, said)


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
    takes = [a.name for a in arguments(Measure, bound) if a.name not in ("name", "on_violation")]
    if isinstance(value, dict):
        _refuse_unknown(value, tuple(takes))
        return value
    values = value if isinstance(value, list) else [] if value is None else [value]
    if len(values) > len(takes):
        message = f"{bound} takes {', '.join(takes)}; there are {len(values)} values"
        raise ValueError(message)
    return dict(zip(takes, values, strict=False))


def _test(subject: Table | File | Measure, word: str, said: Mapping[str, object]) -> DataTest:
    made: DataTest = _call(subject, word, said)
    return made


def _call(subject: Table | File | Measure, word: str, said: Mapping[str, object]) -> Any:
    takes = arguments(subject.__class__, word)
    for argument in takes:
        if argument.name in said:
            argument.check(said[argument.name])
        elif argument.is_required:
            message = f"{word} lacks {argument.name!r}"
            raise ValueError(message)
    return getattr(subject, word)(**said)
