"""What pydantic finds wrong, in the words of the person who wrote the file.

A complaint says what was asked, what is true and what to do. It never shows the value of a
key that sounds like a secret.
"""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, get_args, get_origin

from pydantic import BaseModel, ValidationError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from airflow_dataops.errors import SpecError
    from airflow_dataops.specs.marked_yaml import MarkedYaml, Place

_SOUNDS_SECRET = re.compile(r"secret|passw|token|credential|role_id|private|_key\b", re.IGNORECASE)
_LONGEST_SHOWN = 60
_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "finite_number": "a number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list, for example [eric]",
    "model_type": "keys with values",
    "string_type": "a text; quotes make a text of a number or a yes/no",
}


def complaints_about(
    marked: MarkedYaml,
    model: type[BaseModel],
    *,
    refused_keys: Mapping[str, str],
) -> list[SpecError]:
    """Check a file against a model.

    Args:
        marked: the file.
        model: what its content has to look like; a field's description completes
            "… lacks 'key': " for whoever left the key out.
        refused_keys: for unknown keys that need more than "unknown": why they are refused.
    """
    try:
        model.model_validate(marked.content, strict=True)
    except ValidationError as error:
        return [
            marked.complaint(_problem(found, model, refused_keys), _place(found))
            for found in error.errors(include_url=False)
        ]
    return []


def shown(value: object, place: Sequence[str | int]) -> str:
    """A value for a message, unless its key or form suggests that it holds a secret."""
    if value is None:
        return "empty"
    if isinstance(value, dict):
        return "a mapping" if value else "an empty mapping"
    if isinstance(value, list):
        return "a list"
    text = repr(value)
    if any(_SOUNDS_SECRET.search(str(part)) for part in place) or "://" in text:
        return f"a {type(value).__name__} that is not shown"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}…"


def _place(found: ErrorDetails) -> Place:
    # pydantic adds "[key]" where a key of a mapping is wrong, not its value.
    return tuple(part for part in found["loc"] if part != "[key]")


def _problem(found: ErrorDetails, model: type[BaseModel], refused_keys: Mapping[str, str]) -> str:
    place = _place(found)
    path = ".".join(str(part) for part in place) or "this file"
    match found["type"]:
        case "extra_forbidden":
            return _unknown_key(place, _model_at(model, place[:-1]), refused_keys)
        case "missing":
            return _lacks(place, _model_at(model, place[:-1]))
        case "value_error":
            return f"{path}: {found['ctx']['error']}"
    return f"{path} is {shown(found['input'], place)}; write {_expected(found)}"


def _expected(found: ErrorDetails) -> str:
    limits = found.get("ctx", {})
    match found["type"]:
        case "greater_than":
            return f"a number greater than {limits['gt']:g}"
        case "less_than_equal":
            return f"a number of at most {limits['le']:g}"
        case "literal_error":
            return f"one that exists: {limits['expected']}"
        case "string_too_short" | "too_short":
            return "at least one"
    return _EXPECTED.get(found["type"], found["msg"])


def _unknown_key(
    place: Place, model: type[BaseModel] | None, refused_keys: Mapping[str, str]
) -> str:
    *above, key = place
    where = f" in {'.'.join(str(part) for part in above)}" if above else ""
    if why := refused_keys.get(str(key)):
        return f"key {key!r}{where} is refused: {why}"
    known = sorted(model.model_fields) if model else []
    nearest = get_close_matches(str(key), known, n=1)
    suggestion = f"; did you mean {nearest[0]!r}?" if nearest else ";"
    return f"unknown key {key!r}{where}{suggestion} known keys: {', '.join(known)}"


def _lacks(place: Place, model: type[BaseModel] | None) -> str:
    *above, key = place
    where = ".".join(str(part) for part in above) or "this file"
    field = model.model_fields.get(str(key)) if model else None
    hint = f": {field.description}" if field and field.description else ""
    return f"{where} lacks {key!r}{hint}"


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel] | None:
    """The model that a place of the file is read with."""
    current: object = model
    for part in place:
        if _is_model(current):
            field = current.model_fields.get(str(part))  # type: ignore[attr-defined]
            current = field.annotation if field else None
        else:
            current = get_args(current)[-1] if get_origin(current) in {dict, list} else None
    return next(_models_in(current), None)


def _models_in(annotation: object) -> Iterator[type[BaseModel]]:
    for candidate in (annotation, *get_args(annotation)):
        if isinstance(candidate, type) and issubclass(candidate, BaseModel):
            yield candidate


def _is_model(annotation: object) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)
