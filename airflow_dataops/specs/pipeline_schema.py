"""The JSON Schema of ``pipeline.yaml``, from the tables that the loader reads it with.

    python -m airflow_dataops.specs.pipeline_schema    writes the two files that are published

Editors complete keys with it and mark mistakes while somebody types. It cannot say everything
that the loader checks: whether names that refer to each other exist, for example.
"""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_dataops.domain.data_tests import ON_VIOLATION, Measure
from airflow_dataops.specs import pipeline_keys as keys
from airflow_dataops.specs.pipeline_operators import SHORT_NAMES
from airflow_dataops.specs.pipeline_tasks import NOT_PARAMETERS, TASK_NAME
from airflow_dataops.specs.pipeline_tests import (
    BOUNDS,
    COMMON,
    MEASURES,
    OF,
    WHOLE_TESTS,
    arguments,
    owner_of,
    takes_anything,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from airflow_dataops.specs.pipeline_tests import Argument

SHIPPED = Path(__file__).with_name("pipeline.schema.json")
PUBLISHED = Path(__file__).parents[2] / "docs" / "reference" / "pipeline.schema.json"
_TYPES: dict[str, dict[str, Any]] = {
    "float": {"type": "number"},
    "int": {"type": "integer"},
    "str": {"type": "string"},
    "bool": {"type": "boolean"},
    "Table": {"type": "string"},
    "Measure": {"$ref": "#/$defs/measure"},
    "Sequence[str]": {"type": "array"},
    "Sequence[float]": {"type": "array"},
    "Sequence[object]": {"type": "array"},
    "Mapping[str, str]": {"type": "object"},
}
_TEXT = {"type": "string", "minLength": 1}
_PATH = {"type": "string", "pattern": r"^(?!/)(?!(.*/)?\.\.(/|$)).+\.ya?ml$"}
_INCLUDE = {
    "type": "object",
    "properties": {"include": _PATH | {"description": "a file whose items take this place"}},
    "required": ["include"],
    "additionalProperties": False,
}


def pipeline_schema() -> dict[str, Any]:
    """The schema, as it is published."""
    pipeline = _mapping(keys.PIPELINE_KEYS, "A pipeline: stages, each followed by its data tests")
    more = {
        "include": {
            "description": "files whose keys are merged below the ones here",
            "anyOf": [_PATH, {"type": "array", "items": _PATH}],
        },
        "default_args": _described(keys.PIPELINE_KEYS["default_args"], _parameters()),
        "defaults": _described(
            keys.PIPELINE_KEYS["defaults"],
            {
                "type": "object",
                "propertyNames": {"anyOf": [{"enum": list(SHORT_NAMES)}, {"pattern": r"\."}]},
                "additionalProperties": _parameters(),
            },
        ),
        "tables": _described(keys.PIPELINE_KEYS["tables"], _assets("table")),
        "files": _described(keys.PIPELINE_KEYS["files"], _assets("file")),
        "stages": _list_of(keys.PIPELINE_KEYS["stages"], "stage") | {"minItems": 1},
    }
    pipeline["properties"] |= more
    # A fragment may bring in the stages.
    pipeline["anyOf"] = [{"required": pipeline.pop("required")}, {"required": ["include"]}]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "pipeline.yaml of airflow_dataops",
        **pipeline,
        "$defs": {
            "table": _mapping(keys.TABLE_KEYS, "A table of a tool, in the kitchen's schema"),
            "file": _mapping(keys.FILE_KEYS, "An object, or a file of an SFTP server")
            | {
                "oneOf": [{"required": ["key"]}, {"required": ["path"]}],
                "dependentRequired": {"bucket": ["key"]},
            },
            "stage": _stage(),
            "task": _task(),
            "test": _test(),
            "parameters": _all_parameters(),
            "measure": {
                "type": "object",
                "description": "A measure without a bound",
                "oneOf": [{"required": [word]} for word in MEASURES],
            },
            **{bound: _bound(bound) for bound in BOUNDS},
        },
    }


def schema_text() -> str:
    """The text of both published files."""
    return json.dumps(pipeline_schema(), indent=1, ensure_ascii=False) + "\n"


def _mapping(known: keys.Keys, description: str) -> dict[str, Any]:
    schema: dict[str, Any] = {
        "type": "object",
        "description": description,
        "properties": {name: _described(key, key.kind.schema) for name, key in known.items()},
        "additionalProperties": False,
    }
    return schema | ({"required": list(known.required)} if known.required else {})


def _described(key: keys.Key, schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"description": key.about, **schema}


def _list_of(key: keys.Key, item: str) -> dict[str, Any]:
    items = {"anyOf": [{"$ref": f"#/$defs/{item}"}, _INCLUDE]}
    return _described(key, {"type": "array", "items": items})


def _assets(kind: str) -> dict[str, Any]:
    return {
        "type": "object",
        "propertyNames": {"pattern": keys.SNAKE_CASE},
        "additionalProperties": {"$ref": f"#/$defs/{kind}"},
    }


def _stage() -> dict[str, Any]:
    stage = _mapping(keys.STAGE_KEYS, "A step of the pipeline: tasks, then the tests of their data")
    about = keys.STAGE_KEYS["stage"]
    stage["properties"] |= {
        "stage": _described(
            about, {"type": "string", "pattern": keys.SNAKE_CASE, "maxLength": 100}
        ),
        "tasks": _list_of(keys.STAGE_KEYS["tasks"], "task"),
        "tests": _list_of(keys.STAGE_KEYS["tests"], "test"),
    }
    has_some = ({"required": [k], "properties": {k: {"minItems": 1}}} for k in ("tasks", "tests"))
    return stage | {"anyOf": list(has_some)}


def _task() -> dict[str, Any]:
    beside = {name: _described(key, key.kind.schema) for name, key in keys.TASK_KEYS.items()}
    beside["task"] = _described(keys.TASK_KEYS["task"], {"type": "string", "pattern": TASK_NAME})
    operators = {
        name: {"description": known.path, **_operator(is_short=known.main is not None)}
        for name, known in SHORT_NAMES.items()
    }
    mapping = {
        "type": "object",
        "description": "A task: its operator with parameters; beside it its name and 'after'",
        "properties": {**beside, **operators},
        "patternProperties": {r"\.": {"description": "an operator's class"} | _operator()},
        "additionalProperties": False,
        # One operator, whatever else stands beside it; a class needs a name for its task.
        "oneOf": [_counted(some, among=beside) for some in _subsets(beside)],
        "anyOf": [{"required": ["task"]}, {"propertyNames": {"pattern": r"^[^.]*$"}}],
    }
    return {"anyOf": [{"enum": list(operators)}, mapping]}


def _counted(present: tuple[str, ...], *, among: Iterable[str]) -> dict[str, Any]:
    """Just these of some keys, and one key more."""
    absent = [{"required": [name]} for name in among if name not in present]
    number = len(present) + 1
    schema: dict[str, Any] = {"minProperties": number, "maxProperties": number}
    if present:
        schema["required"] = sorted(present)
    return schema | ({"not": {"anyOf": absent}} if absent else {})


def _subsets(names: Iterable[str]) -> list[tuple[str, ...]]:
    listed = tuple(names)
    return [some for n in range(len(listed) + 1) for some in combinations(listed, n)]


def _operator(*, is_short: bool = False) -> dict[str, Any]:
    """Its parameters, nothing at all, or the value of its main parameter alone."""
    if is_short:
        return {"if": {"type": "object"}, "then": _parameters()}
    return {"anyOf": [{"type": "null"}, _parameters()]}


def _parameters() -> dict[str, Any]:
    return {"$ref": "#/$defs/parameters"}


def _all_parameters() -> dict[str, Any]:
    return {
        "type": "object",
        "properties": dict.fromkeys(sorted(keys.DURATIONS), keys.LENGTH_OF_TIME.schema),
        "propertyNames": {"not": {"enum": list(NOT_PARAMETERS)}},
    }


def _test() -> dict[str, Any]:
    return {
        "description": "What must hold of a table or a file",
        "oneOf": [*map(_measured, MEASURES), *map(_whole_test, WHOLE_TESTS)],
    }


def _measured(word: str) -> dict[str, Any]:
    takes = arguments(owner_of(word), word)
    after = [a for a in arguments(Measure, BOUNDS[0]) if a.name in COMMON]
    value, others = _value_of(takes)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            word: value,
            OF: _TEXT | {"description": "a table or file; by default the table published"},
            **{bound: {"$ref": f"#/$defs/{bound}"} for bound in BOUNDS},
            **{argument.name: _typed(argument) for argument in (*others, *after)},
        },
        "required": [word, *(argument.name for argument in others if argument.is_required)],
        "oneOf": [{"required": [bound]} for bound in BOUNDS],
        "additionalProperties": False,
    }
    return schema | _not_named_twice(word, takes)


def _whole_test(word: str) -> dict[str, Any]:
    takes = arguments(owner_of(word), word)
    value, others = _value_of(takes)
    schema: dict[str, Any] = {
        "type": "object",
        "properties": {
            word: value,
            OF: _TEXT,
            **{argument.name: _typed(argument) for argument in others},
        },
        "required": [word, *(argument.name for argument in others if argument.is_required)],
        "additionalProperties": takes_anything(owner_of(word), word),
    }
    return schema | _not_named_twice(word, takes)


def _value_of(takes: Sequence[Argument]) -> tuple[dict[str, Any], list[Argument]]:
    """What stands behind a word, and what may stand beside it."""
    if takes and takes[0].is_required:
        return _typed(takes[0]), list(takes[1:])
    said = [_TYPES[kind]["type"] for kind in (takes[0].kinds if takes else ()) if "[" in kind]
    return {"type": ["string", "null", *said]}, list(takes)


def _not_named_twice(word: str, takes: Sequence[Argument]) -> dict[str, Any]:
    """A word whose value names the data cannot have it named beside it, too."""
    if takes and takes[0].is_required:
        return {}
    return {"not": {"properties": {word: {"type": "string"}}, "required": [OF]}}


def _bound(bound: str) -> dict[str, Any]:
    takes = [a for a in arguments(Measure, bound) if a.name not in COMMON]
    required = [argument.name for argument in takes if argument.is_required]
    as_list = {
        "type": "array",
        "prefixItems": [_typed(argument) for argument in takes],
        "minItems": len(required),
        "maxItems": len(takes),
    }
    by_name = {
        "type": "object",
        "properties": {argument.name: _typed(argument) for argument in takes},
        "required": required,
        "additionalProperties": False,
    }
    forms = [as_list, by_name]
    if len(required) <= 1:
        forms.append(_typed(takes[0]) if required else {"type": ["null", *_alone(takes[0])]})
    return {"anyOf": forms}


def _alone(argument: Argument) -> list[str]:
    return [_TYPES[kind]["type"] for kind in argument.kinds if "type" in _TYPES.get(kind, {})]


def _typed(argument: Argument) -> dict[str, Any]:
    if argument.name == "on_violation":
        return {"enum": list(ON_VIOLATION)}
    known = [_TYPES[kind] for kind in argument.kinds if kind in _TYPES]
    if not known:
        return {}
    more = [] if argument.is_required else [{"type": "null"}]
    return known[0] if len(known) + len(more) == 1 else {"anyOf": [*known, *more]}


if __name__ == "__main__":
    for place in (SHIPPED, PUBLISHED):
        place.write_text(schema_text(), encoding="utf-8")
