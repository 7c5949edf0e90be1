"""What pydantic finds wrong, in the words of the person who wrote the file."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args, get_origin

from pydantic import BaseModel, ValidationError

from airflow_dataops.specs.wording import expected_other, lacks, path, unknown_key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pydantic_core import ErrorDetails

    from airflow_dataops.errors import SpecError
    from airflow_dataops.specs.marked_yaml import MarkedYaml, Place

_EXPECTED = {
    "bool_type": "true or false",
    "dict_type": "keys with values",
    "finite_number": "a number",
    "float_type": "a number",
    "int_type": "a whole number",
    "list_type": "a list, for example [one, two]",
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


def _place(found: ErrorDetails) -> Place:
    # pydantic adds "[key]" where a key of a mapping is wrong, not its value.
    return tuple(part for part in found["loc"] if part != "[key]")


def _problem(found: ErrorDetails, model: type[BaseModel], refused_keys: Mapping[str, str]) -> str:
    place = _place(found)
    match found["type"]:
        case "extra_forbidden":
            above = _model_at(model, place[:-1])
            return unknown_key(place, above.model_fields if above else {}, refused_keys)
        case "missing":
            above = _model_at(model, place[:-1])
            field = above.model_fields.get(str(place[-1])) if above else None
            return lacks(place, field and field.description)
        case "value_error":
            return f"{path(place)}: {found['ctx']['error']}"
    return expected_other(found["input"], place, _expected(found))


def _expected(found: ErrorDetails) -> str:
    limits = found.get("ctx", {})
    match found["type"]:
        case "greater_than":
            return f"a number greater than {limits['gt']:g}"
        case "greater_than_equal":
            return f"a number of at least {limits['ge']:g}"
        case "less_than_equal":
            return f"a number of at most {limits['le']:g}"
        case "literal_error":
            return f"one that exists: {limits['expected']}"
        case "string_too_short" | "too_short":
            return "at least one"
    return _EXPECTED.get(found["type"], found["msg"])


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
