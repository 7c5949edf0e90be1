"""Suggested tests as a file to put on a branch: a pipeline that tests one table.

It builds and passes as it is; whoever takes it over keeps what must hold and moves it to the stage
that writes the table.
"""

from __future__ import annotations

import json
import keyword
from typing import TYPE_CHECKING

import yaml

from airflow_dataops.domain import names
from airflow_dataops.specs.pipeline_tests import BOUNDS, arguments, owner_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from airflow_dataops.domain.profiles import TableProfile
    from airflow_dataops.domain.suggestions import Suggestion

FORMATS = ("yaml", "python")
_LONGEST_LINE = 100
_IMPORTED = ("pipeline", "stage", "table")


def suggested_file(
    profile: TableProfile, suggestions: Sequence[Suggestion], *, pipeline: str, written: str
) -> str:
    """The text of the file.

    Args:
        profile: what the suggestions were made from.
        suggestions: in the order in which they are to stand.
        pipeline: its name, which is that of its folder.
        written: ``yaml`` or ``python``.

    Raises:
        InvalidName: no pipeline can have this name.
    """
    names.check_pipeline_name(pipeline)
    word = _variable(profile.table.name)
    seen = f"its profile of {profile.at:%Y-%m-%d %H:%M} UTC: {profile.rows:,} rows"
    about = [
        f"Tests suggested for {profile.table.name} by {seen}.",
        "",
        "Keep what must hold, strike the rest, and move it to the stage that writes the table.",
    ]
    if written == "python":
        lines = _python(profile, suggestions, pipeline=pipeline, word=word, about=about)
    else:
        lines = _yaml(profile, suggestions, word=word, about=about)
    return "\n".join(lines) + "\n"


def _variable(table: str) -> str:
    word = table.rpartition(".")[2]
    is_free = word.isidentifier() and not keyword.iskeyword(word) and word not in _IMPORTED
    return word if is_free else "data"


def _yaml(
    profile: TableProfile, suggestions: Sequence[Suggestion], *, word: str, about: Sequence[str]
) -> Iterator[str]:
    yield from (f"# {line}".rstrip() for line in about)
    yield "tables:"
    yield f"  {_flow({word: _table(profile, word)})[1:-1]}"
    yield from ("stages:", "  - stage: check", "    tests:")
    for form, reason in suggestions:
        said = dict(form)
        first = next(iter(said))
        if said[first] is None:
            said[first] = word
        else:
            said["of"] = word
        yield f"      # {_one_line(reason)}"
        yield f"      - {_flow(said)}"


def _table(profile: TableProfile, word: str) -> dict[str, object]:
    table = profile.table
    said: dict[str, object] = {"tool": table.tool}
    if word != table.name:
        said["name"] = table.name
    if table.where is not None:
        said["where"] = table.where
    return said


def _flow(said: object) -> str:
    dumped = yaml.safe_dump(
        said, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**9
    )
    return dumped.strip()


def _python(
    profile: TableProfile,
    suggestions: Sequence[Suggestion],
    *,
    pipeline: str,
    word: str,
    about: Sequence[str],
) -> Iterator[str]:
    table = profile.table
    where = "" if table.where is None else f", where={_literal(table.where)}"
    yield '"""' + "\n".join(about).replace("\\", "\\\\").replace('"', "'")
    yield from ('"""', "", "from airflow_dataops import pipeline, stage, table", "")
    yield f"{word} = table({_literal(table.tool)}, {_literal(table.name)}{where})"
    yield from ("", "", "@pipeline", f"def {pipeline}():", '    with stage("check") as check:')
    yield "        check.test("
    for form, reason in suggestions:
        yield f"            # {_one_line(reason)}"
        yield from _call(form, word)
    yield "        )"


def _call(form: Mapping[str, object], word: str) -> Iterator[str]:
    said = dict(form)
    bound = next((each for each in BOUNDS if each in said), None)
    limit = said.pop(bound) if bound else None
    method = next(iter(said))
    value = said.pop(method)
    takes = [each.name for each in arguments(owner_of(method), method)]
    given = {takes[0]: value} if value is not None else {}
    given |= said
    # What stands in the method's own order needs no name.
    in_order = list(given) == takes[: len(given)]
    shown = [_literal(v) if in_order else f"{k}={_literal(v)}" for k, v in given.items()]
    if shown and not in_order:
        shown[0] = _literal(value)
    end = "" if bound is None else f".{bound}({'' if limit is None else _literal(limit)})"
    line = f"            {word}.{method}({', '.join(shown)}){end},"
    yield from [line] if len(line) <= _LONGEST_LINE else _long(f"{word}.{method}", given, end)


def _long(method: str, given: Mapping[str, object], end: str) -> Iterator[str]:
    """A call with one argument, or one value of it, on each line."""
    inner = " " * 16
    yield f"            {method}("
    for name, value in given.items():
        if isinstance(value, dict):
            yield f"{inner}{name}={{"
            yield from (f"{inner}    {_literal(k)}: {_literal(v)}," for k, v in value.items())
            yield f"{inner}}},"
        elif isinstance(value, list):
            yield f"{inner}{name}=["
            yield from (f"{inner}    {_literal(each)}," for each in value)
            yield f"{inner}],"
        else:
            yield f"{inner}{name}={_literal(value)},"
    yield f"            ){end},"


def _literal(value: object) -> str:
    """A text, a number, or a list of them as Python writes it, with double quotes."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_literal(k)}: {_literal(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_literal, value)) + "]"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _one_line(text: str) -> str:
    return " ".join(text.split())
